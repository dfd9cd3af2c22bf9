/** Pairs, one per line: a source (text or a vector), an arrow, and the target. */
import type { PairsMetadata } from "../../runtime/data/metadata.js";
import type { Batch } from "../../runtime/data/source.js";
import { END, padRows, START, tokenize } from "../../runtime/data/vocabulary/tokens.js";
import { formatCount } from "../../runtime/format.js";
import { ok, type Result } from "../../runtime/result.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { invalid, nonBlankLines, splitPair } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

/** Token ids, or the values of a vector. */
export type Source = readonly number[];

export function readSource(text: string, metadata: PairsMetadata, { manifest }: PageManifest): Result<Source> {
  const { vocabulary } = metadata;
  if (vocabulary === null) {
    const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape.at(-1));
    const numbers = text
      .split(/[\s,;[\]]+/u)
      .filter((part) => part !== "")
      .map(Number);
    const fits = numbers.length === width && numbers.every(Number.isFinite);
    return fits ? ok(numbers) : invalid(`A source consists of ${formatCount(width, "number")}.`);
  }
  const tokenIds = new Map(vocabulary.map((word, id) => [word, id]));
  const ids = tokenize(text, metadata).map((word) => tokenIds.get(word) ?? tokenIds.get("<unknown>") ?? 0);
  return ids.length > 0 ? ok(ids) : invalid("The source is empty.");
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

/** Parses one pair per line: `source => target`. */
export function pairsTrainingSet(text: string, metadata: PairsMetadata, page: PageManifest): TrainingSetResult {
  const tokenIds = new Map(metadata.target_vocabulary.map((word, id) => [word, id]));
  const sources: Source[] = [];
  const targets: (readonly number[])[] = [];
  for (const { line, number } of nonBlankLines(text)) {
    const sides = splitPair(line);
    if (sides === undefined) return invalid(`Line ${number} has no target.`, "Write source => target.");
    const source = readSource(sides[0], metadata, page);
    if (!source.ok) return invalid(`Line ${number}: ${source.error[0]?.message ?? ""}`);
    const words = tokenize(sides[1], metadata);
    const unknownWord = words.find((word) => !tokenIds.has(word));
    if (unknownWord !== undefined) {
      return invalid(
        `Line ${number}: ${JSON.stringify(unknownWord)} is not in the target vocabulary of the model.`,
        "Remove it, or use other words.",
      );
    }
    sources.push(source.value);
    targets.push(words.map((word) => tokenIds.get(word) ?? 0));
  }
  if (sources.length === 0) return invalid("The text is empty.", "Write one pair per line: source => target.");
  return ok({
    examples: sources.length,
    summary: formatCount(sources.length, "pair"),
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
