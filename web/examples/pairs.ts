/** Pairs as they are written on a page: a source, text or a vector, and behind an arrow what it becomes. */
import type { PairsMetadata } from "../../runtime/data/metadata.js";
import type { Batch } from "../../runtime/data/source.js";
import { END, padRows, START, tokenize } from "../../runtime/data/vocabulary/tokens.js";
import { ok, type Result } from "../../runtime/result.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { invalid, nonBlankLines, pluralize, splitPair } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

/** Ids of tokens, or the numbers of a vector. */
export type Source = readonly number[];

export function readSource(
  text: string,
  { vocabulary, unit }: PairsMetadata,
  { manifest }: PageManifest,
): Result<Source> {
  if (vocabulary === null) {
    const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape.at(-1));
    const numbers = text
      .split(/[\s,;[\]]+/u)
      .filter((part) => part !== "")
      .map(Number);
    const fits = numbers.length === width && numbers.every(Number.isFinite);
    return fits ? ok(numbers) : invalid(`A source is ${pluralize(width, "number")}.`);
  }
  const tokenIds = new Map(vocabulary.map((word, id) => [word, id]));
  const ids = tokenize(text, unit).map((word) => tokenIds.get(word) ?? tokenIds.get("<unknown>") ?? 0);
  return ids.length > 0 ? ok(ids) : invalid("There is no source.");
}

export function sourceBatch(sources: readonly Source[], { vocabulary }: PairsMetadata): Batch {
  if (vocabulary === null) {
    const data = Float32Array.from(sources.flat());
    return new Map([["inputs", { dtype: "float32", shape: [sources.length, data.length / sources.length], data }]]);
  }
  return new Map([
    ["inputs", padRows(sources, maxLength(sources))],
    ["lengths", lengthsOf(sources)],
  ]);
}

/** One line is one pair: `source => target`. */
export function pairsTrainingSet(text: string, metadata: PairsMetadata, page: PageManifest): TrainingSetResult {
  const tokenIds = new Map(metadata.target_vocabulary.map((word, id) => [word, id]));
  const sources: Source[] = [];
  const targets: (readonly number[])[] = [];
  for (const { line, number } of nonBlankLines(text)) {
    const sides = splitPair(line);
    if (sides === undefined)
      return invalid(`Line ${number} has no target.`, "Write it behind an arrow: source => target.");
    const source = readSource(sides[0], metadata, page);
    if (!source.ok) return invalid(`Line ${number}: ${source.error[0]?.message ?? ""}`);
    const words = tokenize(sides[1], metadata.unit);
    const unknownWord = words.find((word) => !tokenIds.has(word));
    if (unknownWord !== undefined) {
      return invalid(
        `Line ${number}: the model cannot write ${JSON.stringify(unknownWord)}.`,
        "It can only use what it has learnt to write.",
      );
    }
    sources.push(source.value);
    targets.push(words.map((word) => tokenIds.get(word) ?? 0));
  }
  if (sources.length === 0) return invalid("There are no lines.", "Write one pair a line: source => target.");
  return ok({
    examples: sources.length,
    summary: pluralize(sources.length, "pair"),
    batch(indices) {
      const batchTargets = Array.from(indices, (index) => targets[index] ?? []);
      const outputs = batchTargets.map((ids) => [...ids, END]);
      const length = maxLength(outputs);
      return new Map([
        ...sourceBatch(
          Array.from(indices, (index) => sources[index] ?? []),
          metadata,
        ),
        [
          "decoder_inputs",
          padRows(
            batchTargets.map((ids) => [START, ...ids]),
            length,
          ),
        ],
        ["targets", padRows(outputs, length)],
        ["target_lengths", lengthsOf(outputs)],
      ]);
    },
  });
}

function maxLength(rows: readonly (readonly number[])[]): number {
  return rows.reduce((longest, { length }) => Math.max(longest, length), 0);
}

function lengthsOf(rows: readonly (readonly number[])[]): NumericArray {
  return { dtype: "int64", shape: [rows.length], data: BigInt64Array.from(rows, ({ length }) => BigInt(length)) };
}
