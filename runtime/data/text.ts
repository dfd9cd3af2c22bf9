/** Text: windows of units over a vocabulary in order of first appearance; the target at each place is the next unit. */
import { createHash } from "node:crypto";
import type { NormalTextData } from "../../schema/normal.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { bytes, characters, readingProblem } from "./characters.js";
import { type IdList, idAt } from "./ids.js";
import { lookUpUnits } from "./known.js";
import { argmax } from "./labels.js";
import type { TextMetadata } from "./metadata.js";
import { locate, type Position } from "./positions.js";
import { type DataSource, expectedBatch, type NumericArray, type SourceKind } from "./source.js";
import { type Splits, splitWindows } from "./splits.js";
import { type NumberedText, numberings, numberText, type Unit } from "./units.js";
import { keptUnits } from "./vocabulary.js";

export const text: SourceKind<NormalTextData> = {
  async open(data, { folder, seed, known }) {
    const read = await readUnits(data, folder);
    if (!read.ok) return read;
    const count = read.ids.length;
    if (count < data.window + 1) return refuse(tooShort(data, count));
    const examples = Math.floor((count - data.window - 1) / data.stride) + 1;
    const split = splitWindows(data.split, seed, { examples, stride: data.stride, span: data.window });
    if (!split.ok) return split;
    const numbered =
      known?.type === "text" ? await lookUp(data, folder, read, known) : enumerate(data, read, split.splits);
    return numbered.ok ? { ok: true, source: windowsOf(data, numbered, examples, split.splits) } : numbered;
  },
  mapFiles(data, rename) {
    return data.file === null ? data : { ...data, file: rename(data.file) };
  },
};

async function readUnits(data: NormalTextData, folder: string): Promise<Checked<NumberedText>> {
  if (data.file === null) return { ok: true, ...numberText(data.text ?? "", data.unit) };
  const named = { file: data.file, folder, path: "/data/file" };
  const numbering = numberings[data.unit]();
  try {
    const pieces = data.unit === "byte" ? bytes(named) : characters(named);
    for await (const piece of pieces) numbering.push(piece);
  } catch (error) {
    return refuse(readingProblem(named, error, 'Save it as UTF-8, or read it as it is with "unit": "byte".'));
  }
  return { ok: true, ...numbering.finish() };
}

interface Enumerated {
  readonly vocabulary: readonly Unit[];
  /** The id of all units that have none of their own; null where all have. */
  readonly unknown: number | null;
  readonly ids: IdList;
}

/** What decoded text has in the place of an unknown unit. */
const unknownUnit: { readonly [K in NormalTextData["unit"]]: Unit } = { char: "\uFFFD", word: "<unknown>", byte: -1 };

/** Units that training meets keep their order; all others, where there are any, share one last id. */
function enumerate(
  data: NormalTextData,
  { units, ids }: NumberedText,
  splits: Splits,
): { readonly ok: true } & Enumerated {
  const counts = new Uint32Array(units.length);
  for (const [from, to] of trainedRanges(data, ids.length, splits)) {
    for (const piece of ids.pieces(from, to)) for (const unit of piece) counts[unit] = (counts[unit] ?? 0) + 1;
  }
  if (keptUnits(counts, data.vocabulary, 0).length === units.length) {
    return { ok: true, vocabulary: units, unknown: null, ids };
  }
  const kept = keptUnits(counts, data.vocabulary, 1);
  const unknown = kept.length;
  const idOf = new Int32Array(units.length).fill(unknown);
  for (const [id, unit] of kept.entries()) idOf[unit] = id;
  const vocabulary = [...kept.map((unit) => units[unit] ?? ""), unknownUnit[data.unit]];
  return { ok: true, vocabulary, unknown, ids: ids.mapped(idOf) };
}

/** The same text in the vocabulary that a run learnt. */
async function lookUp(
  data: NormalTextData,
  folder: string,
  read: NumberedText,
  { vocabulary, unknown }: TextMetadata,
): Promise<Checked<Enumerated>> {
  const found = lookUpUnits(read, { vocabulary, ...(unknown !== undefined && { unknown }) });
  if (found.ok) return { ok: true, vocabulary, unknown: unknown ?? null, ids: found.ids };
  const places = found.strangers.slice(0, 20);
  const positions = await positionsOf(data, folder, places);
  return refuse(...places.map((place, index) => stranger(data, unitAt(read, place), place, positions[index])));
}

function unitAt({ units, ids }: NumberedText, place: number): Unit {
  return units[idAt(ids, place)] ?? "";
}

/** Where units stand, found by reading the text once more; bytes have no lines. */
async function positionsOf(
  { file, text, unit }: NormalTextData,
  folder: string,
  places: readonly number[],
): Promise<readonly Position[]> {
  if (unit === "byte") return [];
  const locator = locate(unit, places);
  if (file === null) locator.push(text ?? "");
  else for await (const piece of characters({ file, folder, path: "/data/file" })) if (!locator.push(piece)) break;
  return locator.positions;
}

function stranger({ file }: NormalTextData, met: Unit, place: number, position: Position | undefined): RunProblem {
  const where = position === undefined ? `Byte ${place + 1}` : `Line ${position.line}`;
  return {
    code: "unknown-unit",
    path: file === null ? "/data/text" : "/data/file",
    ...(file !== null && { file, ...position }),
    message: `${where} of ${file === null ? "the text" : `"${file}"`} has ${JSON.stringify(met)}, which the run has not met.`,
    hint: "The model has nothing to say of what its vocabulary does not hold.",
  };
}

/** The places that training reads, as ranges that do not overlap; all of them where nothing is held out. */
function* trainedRanges(
  { split, window, stride }: NormalTextData,
  length: number,
  splits: Splits,
): Generator<readonly [number, number]> {
  if (split.train === 1) {
    yield [0, length];
    return;
  }
  let end = 0;
  for (const example of splits.train) {
    const start = Math.max(end, example * stride);
    end = example * stride + window + 1;
    yield [start, end];
  }
}

function windowsOf(
  { window, stride, unit }: NormalTextData,
  { vocabulary, unknown, ids }: Enumerated,
  examples: number,
  splits: Splits,
): DataSource {
  const gather = (indices: ArrayLike<number>, shift: 0 | 1): NumericArray => {
    const data = new Int32Array(indices.length * window);
    for (let row = 0; row < indices.length; row++) {
      const start = (indices[row] ?? 0) * stride + shift;
      ids.copy(data, row * window, start, start + window);
    }
    return { dtype: "int32", shape: [indices.length, window], data };
  };
  const digest = createHash("sha256").update(JSON.stringify(vocabulary));
  for (const piece of ids.pieces(0, ids.length)) digest.update(piece);
  return {
    examples,
    splits,
    digest: digest.digest("hex"),
    metadata: { type: "text", unit, vocabulary, ...(unknown !== null && { unknown }) },
    signature: (train) => ({
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch", "time"] },
      sizes: { vocabulary: vocabulary.length, classes: vocabulary.length },
      steps: window,
      expected: { batch: expectedBatch(train, splits), time: window },
    }),
    batch: (indices) =>
      new Map([
        ["inputs", gather(indices, 0)],
        ["targets", gather(indices, 1)],
      ]),
    beyond: () => undefined,
    decode: (predictions) => decodeRows(vocabulary, unit, predictions),
  };
}

/** The likeliest units of each row of scores [batch, …, vocabulary], joined. */
function decodeRows(
  vocabulary: readonly Unit[],
  unit: NormalTextData["unit"],
  scores: NumericArray,
): readonly string[] {
  const size = scores.shape.at(-1) ?? 0;
  const rows = scores.shape[0] ?? 0;
  const perRow = rows === 0 || size === 0 ? 0 : scores.data.length / rows / size;
  return Array.from({ length: rows }, (_, row) => {
    const units = Array.from({ length: perRow }, (_, place) => {
      const start = (row * perRow + place) * size;
      return vocabulary[argmax(scores.data, start, size)] ?? "";
    });
    if (unit === "byte") return new TextDecoder().decode(Uint8Array.from(units, Number));
    return units.join(unit === "word" ? " " : "");
  });
}

function tooShort(data: NormalTextData, count: number): RunProblem {
  const name = { char: "character", word: "word", byte: "byte" }[data.unit];
  const plural = (n: number) => `${n} ${name}${n === 1 ? "" : "s"}`;
  return {
    code: "text-too-short",
    path: "/data/window",
    message: `The text has ${plural(count)}, and a window of ${data.window} with its next ${name} needs ${data.window + 1}.`,
    hint: count >= 2 ? `Use a window of at most ${count - 1}, or a longer text.` : "Use a longer text.",
  };
}
