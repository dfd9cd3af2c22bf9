/** Samples of a run's data for its page, from held-out splits if there are any. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { rowsOfExample } from "../../schema/kinds/columns.js";
import type { NormalSpec, NormalTableData, NormalTextData } from "../../schema/normal/index.js";
import { openData } from "../data/index.js";
import type { Metadata } from "../data/metadata.js";
import { type DataSource, targetUsesOf, type Uses, usesOf } from "../data/source.js";
import { readPairs } from "../data/sources/pairs-file.js";
import { readSequences } from "../data/sources/sequence-examples.js";
import { hasLabels } from "../data/sources/table/columns.js";
import { readRows } from "../data/sources/table/rows.js";
import { preferredSplit } from "../data/splits.js";
import { ok, type Result } from "../result.js";
import type { Run } from "../run/open.js";
import { nestedRows } from "../tensors/rows.js";
import type { SampleData } from "./page-manifest.js";
import { isSeriesTable, seriesRows } from "./series-table.js";
import { formRows, hasForm } from "./table-form.js";

/** Limit of a text sample in characters. */
const MAX_CHARACTERS = 800;
/** Rows of a table sample in addition to a window. */
const EXTRA_ROWS = 90;
const MAX_EXAMPLES = 24;
const IMAGES_PER_CLASS = 3;
const SOUNDS_PER_CLASS = 2;

/** Reads the samples of a run from its data files. */
export async function readSamples({ spec, folder, metadata }: Run): Promise<Result<SampleData>> {
  const opened = await openData(spec, folder, metadata);
  if (!opened.ok) return opened;
  return selectSamples(spec, folder, metadata, opened.value);
}

async function selectSamples(
  spec: NormalSpec,
  folder: string,
  metadata: Metadata,
  source: DataSource,
): Promise<Result<SampleData>> {
  const { data } = spec;
  const uses = usesOf(spec);
  const split = preferredSplit(source.splits, "afterTraining");
  const candidates = Array.from(source.splits[split]);
  switch (data.type) {
    case "text":
      return ok({ type: "text", text: excerpt(data, folder) });
    case "table":
      if (hasForm(data)) return formRows(data, folder);
      if (isSeriesTable(spec)) return seriesRows({ ...spec, data }, metadata, folder);
      return lastRows({ ...data, ...columnsOf(metadata) }, folder, targetUsesOf(spec));
    case "sequences": {
      const result = await readSequences(data, folder, targetUsesOf(spec));
      if (!result.ok) return result;
      const { examples: all, tokens, features, targets: parts } = result.value;
      const [{ isTagged, width } = { isTagged: false, width: 0 }] = parts;
      const sequences = candidates.slice(0, MAX_EXAMPLES).map((index) => {
        const { ids = [], vectors = [], targets: own = [] } = all[index] ?? {};
        const [{ labels, values } = { labels: [], values: [] }] = own;
        const steps =
          features > 0
            ? chunks(vectors, features)
            : ids.map((id) => tokens[id] ?? "").join(data.unit === "word" ? " " : "");
        const targets = labels.length > 0 ? labels : width > 1 ? chunks(values, width) : values;
        return { steps, target: isTagged ? targets : targets[0] };
      });
      return ok({ type: "sequences", split, examples: sequences });
    }
    case "pairs": {
      const result = await readPairs(data, folder, uses);
      if (!result.ok) return result;
      const all = result.value.pairs.map(({ source: input, target }) => [input, target] as const);
      const pairs = candidates.slice(0, MAX_EXAMPLES).flatMap((index) => all.slice(index, index + 1));
      return ok({ type: "pairs", split, pairs });
    }
    case "images":
      return ok({ type: "images", images: imagesByClass(source, candidates) });
    case "audio":
      return ok({ type: "audio", split, sounds: soundsByClass(source, candidates) });
    case "arrays": {
      const indices = candidates.slice(0, MAX_EXAMPLES);
      const arrays = [...source.batch(indices)].map(([name, array]) => [name, nestedRows(array)] as const);
      const rows = indices.map((_, row) => Object.fromEntries(arrays.map(([name, nested]) => [name, nested[row]])));
      return ok({ type: "arrays", split, examples: rows });
    }
  }
}

function excerpt({ text, file, unit }: NormalTextData, folder: string): string {
  const fullText = text ?? readFileSync(resolve(folder, file ?? ""), "utf8");
  const cut = fullText.slice(0, MAX_CHARACTERS);
  // End at a whole line, or at a whole word of a single line.
  const end = cut.length === fullText.length ? cut.length : cut.lastIndexOf(cut.includes("\n") ? "\n" : " ");
  return unit === "byte" || end <= 0 ? cut : cut.slice(0, end);
}

function columnsOf(metadata: Metadata): Pick<NormalTableData, "columns" | "target"> {
  if (metadata.type !== "table") throw new Error("The run's data is no table.");
  const { columns, target, targets } = metadata;
  if (targets === undefined) return { columns, target };
  const named = Object.entries(targets).map(([name, own]) => [name, own.target] as const);
  return { columns, target: Object.fromEntries(named) };
}

async function lastRows(
  data: NormalTableData,
  folder: string,
  uses: ReadonlyMap<string, Uses>,
): Promise<Result<SampleData>> {
  const result = await readRows(data, folder, uses);
  if (!result.ok) return result;
  const { rows, columns, values, targets } = result.value;
  const labels = new Map(targets.flatMap((part) => (hasLabels(part) ? [[part.columns[0], part.labels] as const] : [])));
  const from = Math.max(0, rows - rowsOfExample(data) - EXTRA_ROWS);
  const numbers = new Float64Array((rows - from) * columns.length);
  values.copy(numbers, 0, from * columns.length, rows * columns.length);
  const rowValues = Array.from({ length: rows - from }, (_, index) =>
    columns.map((_, column) =>
      labels.has(column) ? (labels.get(column)?.[from + index] ?? "") : (numbers[index * columns.length + column] ?? 0),
    ),
  );
  return ok({ type: "table", columns, rows: rowValues });
}

/** The first examples of each class. */
function examplesByClass(source: DataSource, candidates: readonly number[], perClass: number) {
  const countByLabel = new Map<number, number>();
  return candidates.flatMap((index) => {
    const batch = source.batch([index]);
    const label = Number(batch.get("targets")?.data[0]);
    const count = countByLabel.get(label) ?? 0;
    if (count === perClass) return [];
    countByLabel.set(label, count + 1);
    return [{ batch, label }];
  });
}

function soundsByClass(source: DataSource, candidates: readonly number[]) {
  return examplesByClass(source, candidates, SOUNDS_PER_CLASS)
    .slice(0, MAX_EXAMPLES)
    .map(({ batch, label }) => {
      const length = Number(batch.get("lengths")?.data[0] ?? 0);
      const samples = Array.from<number | bigint>(batch.get("inputs")?.data ?? []).slice(0, length);
      const bytes = Buffer.alloc(2 * samples.length);
      for (const [at, sample] of samples.entries())
        bytes.writeInt16LE(Math.max(-(2 ** 15), Math.min(2 ** 15 - 1, Math.round(Number(sample) * 2 ** 15))), 2 * at);
      return { samples: bytes.toString("base64"), label };
    });
}

function imagesByClass(source: DataSource, candidates: readonly number[]) {
  return examplesByClass(source, candidates, IMAGES_PER_CLASS).map(({ batch, label }) => {
    const pixels = Uint8Array.from(Array.from<number | bigint>(batch.get("inputs")?.data ?? []), (value) =>
      Math.round(Number(value) * 255),
    );
    return { pixels: Buffer.from(pixels).toString("base64"), label };
  });
}

function chunks(numbers: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: numbers.length / size }, (_, index) => numbers.slice(index * size, (index + 1) * size));
}
