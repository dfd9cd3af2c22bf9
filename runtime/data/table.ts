/** Tables: windows over the rows of a CSV file; the target is the row after a window, or after each of its steps. */
import { createHash } from "node:crypto";
import type { NormalTableData } from "../../schema/normal.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { collectFloats } from "./floats.js";
import { lookUpLabels } from "./known.js";
import { type Classes, classify, decodeClasses } from "./labels.js";
import type { TableMetadata } from "./metadata.js";
import { nestedRows } from "./rows.js";
import { openFit, type Scaling, scaled, unscaled } from "./scaler.js";
import { type DataSource, expectedBatch, type SourceKind, type Uses } from "./source.js";
import { type Splits, splitWindows } from "./splits.js";
import { readRows, type TableRows, rowsOf as tableRows } from "./table-rows.js";
import { type FloatSeries, gatherWindows, type Series } from "./windows.js";

export const table: SourceKind<NormalTableData> = {
  async open(given, { folder, seed, uses, known }) {
    const learnt = known?.type === "table" ? known : null;
    const data = learnt === null ? given : { ...given, columns: learnt.columns, target: learnt.target };
    const read = await readRows(data, folder, uses.targets === "classes");
    if (!read.ok) return read;
    const { rows } = read.table;
    const { window, horizon, stride } = data;
    if (rows < window + horizon) return refuse(tooShort(data, rows));
    const examples = Math.floor((rows - window - horizon) / stride) + 1;
    const split = splitWindows(data.split, seed, { examples, stride, span: uses.everyStep ? window : 1 });
    if (!split.ok) return split;
    const prepared = prepare(data, read.table, uses, split.splits, learnt);
    if (!prepared.ok) return prepared;
    return { ok: true, source: windowsOf(data, prepared.series, uses.everyStep, examples, split.splits) };
  },
  mapFiles(data, rename) {
    return { ...data, file: rename(data.file) };
  },
};

/** What the rows are to a model. */
interface Prepared {
  readonly inputs: FloatSeries;
  readonly targets: Series;
  /** Null where targets are numbers. */
  readonly classes: Classes | null;
  readonly inputNames: readonly string[];
  readonly targetNames: readonly string[];
  /** Of each column that is scaled. */
  readonly scalings: ReadonlyMap<string, Scaling>;
}

/** Scales the columns, by what the training part holds of them, and numbers the classes. */
function prepare(
  data: NormalTableData,
  { rows, columns, values, inputs, targets, labels }: TableRows,
  uses: Uses,
  splits: Splits,
  learnt: TableMetadata | null,
): Checked<{ readonly series: Prepared }> {
  // Probabilities are not quantities: 0 and 1 stay what they are.
  const scaledPlaces = new Set(uses.targets === "numbers" ? [...inputs, ...targets] : inputs);
  const scalings = new Map(
    learnt === null
      ? fitted(data, { columns, values }, scaledPlaces, markedRows(splits.train, data, rows))
      : Object.entries(learnt.scaler),
  );
  /** Columns that do not fit float32. */
  const large = new Set<string>();
  const pick = (places: readonly number[], raw: boolean): FloatSeries => {
    const picked = collectFloats.float32();
    const chosen = places.map((place) => ({ place, scaling: raw ? undefined : scalings.get(columns[place] ?? "") }));
    for (const row of tableRows(values, columns.length))
      for (const { place, scaling } of chosen) {
        const value = row[place] ?? 0;
        const number = scaling === undefined ? value : scaled(value, scaling);
        if (!Number.isFinite(Math.fround(number))) large.add(columns[place] ?? "");
        picked.push(number);
      }
    return { dtype: "float32", width: places.length, data: picked.finish() };
  };

  const features = pick(inputs, false);
  const looked =
    learnt?.classes === undefined
      ? { ok: true as const, classes: classify(labels) }
      : lookUpLabels(labels, learnt.classes);
  if (!looked.ok) return refuse(unknownLabels(data, looked.strangers, labels));
  const classes = uses.targets === "classes" ? looked.classes : null;
  const answers: Series =
    classes === null
      ? pick(targets, uses.targets === "probabilities")
      : { dtype: "int32", width: 1, data: classes.ids };
  if (large.size > 0) return refuse(...[...large].map((column) => tooLarge(data, column)));
  const names = (places: readonly number[]) => places.map((place) => columns[place] ?? "");
  const inputNames = names(inputs);
  const targetNames = names(targets);
  return { ok: true, series: { inputs: features, targets: answers, classes, inputNames, targetNames, scalings } };
}

function windowsOf(
  { window, horizon, stride }: NormalTableData,
  { inputs, targets, classes, inputNames, targetNames, scalings }: Prepared,
  everyStep: boolean,
  examples: number,
  splits: Splits,
): DataSource {
  const inputWindows = { stride, shift: 0, length: window };
  const targetWindows = everyStep
    ? { stride, shift: horizon, length: window }
    : { stride, shift: window - 1 + horizon, length: 1 };
  /** The shape of targets beyond the example. */
  const answer = classes === null ? [targets.width] : [];
  const digest = createHash("sha256").update(JSON.stringify([inputNames, targetNames, classes?.names ?? null]));
  for (const piece of inputs.data.pieces()) digest.update(piece);
  for (const piece of "pieces" in targets.data ? targets.data.pieces() : [targets.data]) digest.update(piece);
  return {
    examples,
    splits,
    digest: digest.digest("hex"),
    metadata: {
      type: "table",
      columns: inputNames,
      target: targetNames,
      scaler: Object.fromEntries(scalings),
      ...(classes !== null && { classes: classes.names }),
    },
    signature: (train) => ({
      inputs: { dtype: "float32", shape: ["batch", "time", inputs.width] },
      targets: { dtype: targets.dtype, shape: [...(everyStep ? ["batch", "time"] : ["batch"]), ...answer] },
      sizes: { features: inputs.width, classes: classes?.count ?? targets.width },
      steps: window,
      expected: { batch: expectedBatch(train, splits), time: window },
    }),
    batch: (indices) => {
      const steps = everyStep ? [indices.length, window] : [indices.length];
      return new Map([
        ["inputs", gatherWindows(inputs, inputWindows, indices, [indices.length, window, inputs.width])],
        ["targets", gatherWindows(targets, targetWindows, indices, [...steps, ...answer])],
      ]);
    },
    beyond(role, limit, reason) {
      const label = role === "targets" ? classes?.ids.find((id) => id >= limit) : undefined;
      if (label === undefined) return undefined;
      const message = `Column "${targetNames[0]}" holds class ${classes?.names?.[label] ?? label}, number ${label} from 0.`;
      return { code: "table-class", path: "/data/target", message, hint: reason };
    },
    decode(predictions) {
      if (classes !== null) return decodeClasses(predictions, classes);
      const width = targetNames.length;
      if (predictions.dtype !== "float32" || predictions.shape.at(-1) !== width) return nestedRows(predictions);
      const data = predictions.data.map((value, place) => {
        const scaling = scalings.get(targetNames[place % width] ?? "");
        return scaling === undefined ? value : unscaled(value, scaling);
      });
      return nestedRows({ ...predictions, data });
    },
  };
}

/** How the columns at some places are scaled, by what the marked rows hold of them. */
function fitted(
  { scale }: NormalTableData,
  { columns, values }: Pick<TableRows, "columns" | "values">,
  places: ReadonlySet<number>,
  marks: Uint8Array,
): readonly (readonly [string, Scaling])[] {
  if (scale === "none") return [];
  const fits = columns.flatMap((name, place) => (places.has(place) ? [{ name, place, fit: openFit(scale) }] : []));
  let index = 0;
  for (const row of tableRows(values, columns.length))
    if (marks[index++] === 1) for (const { place, fit } of fits) fit.take(row[place] ?? 0);
  return fits.map(({ name, fit }) => [name, fit.scaling()]);
}

/** Marks the rows that some examples cover, targets included. */
function markedRows(examples: Uint32Array, { window, horizon, stride }: NormalTableData, rows: number): Uint8Array {
  const marks = new Uint8Array(rows);
  for (const example of examples) marks.fill(1, example * stride, example * stride + window + horizon);
  return marks;
}

function tooShort({ file, window, horizon }: NormalTableData, rows: number): RunProblem {
  return {
    code: "table-too-short",
    path: "/data/window",
    message: `"${file}" has ${rows} row${rows === 1 ? "" : "s"}, and a window of ${window} with its target, ${horizon} after it, needs ${window + horizon}.`,
    hint: rows > horizon ? `Use a window of at most ${rows - horizon}, or a longer table.` : "Use a longer table.",
  };
}

/** Rows have lost their lines: the label itself says where to look. */
function unknownLabels(
  { file, target }: NormalTableData,
  places: readonly number[],
  labels: readonly string[],
): RunProblem {
  const names = [...new Set(places.map((place) => labels[place] ?? ""))];
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  return {
    code: "unknown-class",
    path: "/data/file",
    file,
    message: `Column "${target?.[0]}" of "${file}" holds ${shown.join(", ")}${more}, which the run has not met.`,
    hint: "The model knows the classes that it was trained on.",
  };
}

function tooLarge({ file }: NormalTableData, column: string): RunProblem {
  return {
    code: "table-value",
    path: "/data/file",
    file,
    message: `Column "${column}" of "${file}" holds numbers that are too large for float32.`,
    hint: 'Set data.scale to "min_max" or "standard".',
  };
}
