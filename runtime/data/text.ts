/** Text: windows of units over a vocabulary in order of first appearance; the target at each place is the next unit. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { NormalTextData } from "../../schema/normal.js";
import { type Checked, refuse } from "../problem.js";
import { unreadable } from "./file.js";
import { type DataSource, expectedBatch, type NumericArray, type SourceKind } from "./source.js";
import { type Splits, splitWindows } from "./splits.js";

/** A unit is a Unicode code point, a word, or a byte (as a number). */
type Unit = string | number;

export const text: SourceKind<NormalTextData> = {
  async open(data, { folder, seed }) {
    const read = readUnits(data, folder);
    if (!read.ok) return read;
    const count = read.units.length;
    if (count < data.window + 1) return refuse(tooShort(data, count));
    const examples = Math.floor((count - data.window - 1) / data.stride) + 1;
    const split = splitWindows(data.split, seed, { examples, stride: data.stride, span: data.window });
    return split.ok ? { ok: true, source: windows(data, read.units, examples, split.splits) } : split;
  },
  mapFiles(data, rename) {
    return data.file === null ? data : { ...data, file: rename(data.file) };
  },
};

function readUnits(data: NormalTextData, folder: string): Checked<{ readonly units: readonly Unit[] | Uint8Array }> {
  let bytes = Buffer.from(data.text ?? "", "utf8");
  if (data.file !== null) {
    try {
      bytes = readFileSync(resolve(folder, data.file));
    } catch (error) {
      return refuse(unreadable("/data/file", data.file, error));
    }
  }
  if (data.unit === "byte") return { ok: true, units: bytes };
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse({
      code: "text-encoding",
      path: data.file === null ? "/data/text" : "/data/file",
      ...(data.file !== null && { file: data.file }),
      message: `"${data.file ?? "text"}" is not UTF-8.`,
      hint: 'Save it as UTF-8, or read it as it is with "unit": "byte".',
    });
  }
  return { ok: true, units: data.unit === "char" ? [...content] : content.split(/\s+/u).filter((word) => word !== "") };
}

function windows(
  data: NormalTextData,
  units: readonly Unit[] | Uint8Array,
  examples: number,
  splits: Splits,
): DataSource {
  const { window, stride } = data;
  const { vocabulary, ids } = enumerate(units);

  const gather = (indices: ArrayLike<number>, shift: 0 | 1): NumericArray => {
    const rows = new Int32Array(indices.length * window);
    for (let row = 0; row < indices.length; row++) {
      const start = (indices[row] ?? 0) * stride + shift;
      rows.set(ids.subarray(start, start + window), row * window);
    }
    return { dtype: "int32", shape: [indices.length, window], data: rows };
  };

  return {
    examples,
    splits,
    digest: createHash("sha256").update(JSON.stringify(vocabulary)).update(ids).digest("hex"),
    metadata: { type: "text", unit: data.unit, vocabulary },
    signature: (train) => ({
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch", "time"] },
      sizes: { vocabulary: vocabulary.length, classes: vocabulary.length },
      expected: { batch: expectedBatch(train, splits), time: window },
    }),
    batch: (indices) =>
      new Map([
        ["inputs", gather(indices, 0)],
        ["targets", gather(indices, 1)],
      ]),
    beyond: () => undefined,
    decode: (predictions) => decodeRows(vocabulary, data.unit, predictions),
  };
}

function enumerate(units: readonly Unit[] | Uint8Array): { vocabulary: readonly Unit[]; ids: Int32Array } {
  const numbers = new Map<Unit, number>();
  const ids = new Int32Array(units.length);
  for (const [place, unit] of units.entries()) {
    const known = numbers.get(unit);
    if (known === undefined) numbers.set(unit, numbers.size);
    ids[place] = known ?? numbers.size - 1;
  }
  return { vocabulary: [...numbers.keys()], ids };
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

/** The first of the largest entries, counted from `start`. */
function argmax(scores: ArrayLike<number | bigint>, start: number, size: number): number {
  let best = 0;
  for (let index = 1; index < size; index++) {
    if ((scores[start + index] ?? 0) > (scores[start + best] ?? 0)) best = index;
  }
  return best;
}

function tooShort(data: NormalTextData, count: number) {
  const name = { char: "character", word: "word", byte: "byte" }[data.unit];
  const plural = (n: number) => `${n} ${name}${n === 1 ? "" : "s"}`;
  return {
    code: "text-too-short",
    path: "/data/window",
    message: `The text has ${plural(count)}, and a window of ${data.window} with its next ${name} needs ${data.window + 1}.`,
    hint: count >= 2 ? `Use a window of at most ${count - 1}, or a longer text.` : "Use a longer text.",
  };
}
