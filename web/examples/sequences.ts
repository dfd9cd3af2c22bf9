/** Sequences as text or as JSON vectors; for training followed by an arrow and a label, or one tag per step. */
import type { SequencesMetadata } from "../../runtime/data/metadata.js";
import type { Batch } from "../../runtime/data/source.js";
import { padRows, splitWords, tokenize } from "../../runtime/data/vocabulary/tokens.js";
import { formatCount } from "../../runtime/format.js";
import { ok, type Result } from "../../runtime/result.js";
import { elementCount, type NumericArray } from "../../runtime/tensors/array.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { flattenNumbers, parseJson } from "./arrays.js";
import { invalid, nonBlankLines, splitPair } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

/** Token ids, or one vector per step. */
export type Sequence =
  | { readonly ids: readonly number[]; readonly vectors: null }
  | { readonly ids: null; readonly vectors: readonly (readonly number[])[] };

export function readSequence(text: string, metadata: SequencesMetadata, page: PageManifest): Result<Sequence> {
  const { vocabulary, unknown } = metadata;
  if (vocabulary === undefined) return readVectors(text, page);
  const tokens = tokenize(text, metadata);
  if (tokens.length === 0) return invalid("The text is empty.");
  const known = new Map(vocabulary.map((token, id) => [token, id]));
  return ok({ ids: tokens.map((token) => known.get(token) ?? unknown ?? 0), vectors: null });
}

function readVectors(text: string, { manifest }: PageManifest): Result<Sequence> {
  const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape.at(-1));
  const value = parseJson(text);
  const rows: readonly unknown[] = Array.isArray(value) ? value : [];
  const vectors = rows.map((row) => flattenNumbers(row) ?? []);
  if (vectors.length === 0 || vectors.some(({ length }) => length !== width)) {
    return invalid(`A sequence is a list of vectors of ${formatCount(width, "number")}, as JSON.`);
  }
  return ok({ ids: null, vectors });
}

const sequenceLength = ({ ids, vectors }: Sequence) => (ids ?? vectors).length;

/** Longer sequences are truncated, as in training. */
export function sequenceBatch(wholeSequences: readonly Sequence[], { manifest, training }: PageManifest): Batch {
  const limit = training.max_length ?? Number.POSITIVE_INFINITY;
  const sequences = wholeSequences.map(
    ({ ids, vectors }): Sequence =>
      ids === null ? { ids, vectors: vectors.slice(0, limit) } : { ids: ids.slice(0, limit), vectors },
  );
  const time = sequences.reduce((longest, sequence) => Math.max(longest, sequenceLength(sequence)), 0);
  const lengths: NumericArray = {
    dtype: "int64",
    shape: [sequences.length],
    data: BigInt64Array.from(sequences, (sequence) => BigInt(sequenceLength(sequence))),
  };
  const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape[2]);
  const inputs: NumericArray = sequences.some(({ ids }) => ids !== null)
    ? padRows(
        sequences.map(({ ids }) => ids ?? []),
        time,
      )
    : { dtype: "float32", shape: [sequences.length, time, width], data: flattenVectors(sequences, time, width) };
  return new Map([
    ["inputs", inputs],
    ["lengths", lengths],
  ]);
}

function flattenVectors(sequences: readonly Sequence[], time: number, width: number): Float32Array {
  const data = new Float32Array(sequences.length * time * width);
  for (const [row, { vectors }] of sequences.entries()) data.set((vectors ?? []).flat(), row * time * width);
  return data;
}

/** The form of a line: `text => label`, or `text => tag tag tag`; steps that are no tokens are JSON. */
export function sequenceForm({ vocabulary }: SequencesMetadata, { everyStep }: PageManifest["uses"]): string {
  return `${vocabulary === undefined ? "vectors as JSON" : "text"} => ${everyStep ? "one tag per step" : "label"}`;
}

/** Parses one sequence per line, in the form of `sequenceForm`. */
export function sequencesTrainingSet(text: string, metadata: SequencesMetadata, page: PageManifest): TrainingSetResult {
  const tagged = page.uses.everyStep;
  const form = sequenceForm(metadata, page.uses);
  const sequences: Sequence[] = [];
  const allLabels: (readonly number[])[] = [];
  for (const { line, number } of nonBlankLines(text)) {
    const sides = splitPair(line);
    if (sides === undefined) return invalid(`Line ${number} has no ${tagged ? "tags" : "label"}.`, `Write ${form}.`);
    const read = readSequence(sides[0], metadata, page);
    if (!read.ok) return invalid(`Line ${number}: ${read.error[0]?.message ?? ""}`);
    const labels = readLabels(sides[1], metadata, page);
    if (!labels.ok) return invalid(`Line ${number}: ${labels.error[0]?.message ?? ""}`, labels.error[0]?.hint ?? "");
    const steps = sequenceLength(read.value);
    if (tagged && labels.value.length !== steps) {
      return invalid(
        `Line ${number} has ${formatCount(labels.value.length, "tag")} for ${formatCount(steps, "step")}.`,
      );
    }
    sequences.push(read.value);
    allLabels.push(labels.value);
  }
  if (sequences.length === 0) return invalid("The text is empty.", `Write one sequence per line: ${form}.`);
  return ok({
    examples: sequences.length,
    summary: formatCount(sequences.length, "sequence"),
    batch(indices) {
      const batch = sequenceBatch(
        Array.from(indices, (index) => sequences[index] ?? { ids: [], vectors: null }),
        page,
      );
      const time = batch.get("inputs")?.shape[1] ?? 0;
      const batchLabels = Array.from(indices, (index) => allLabels[index] ?? []);
      return new Map([...batch, ["targets", labelArray(batchLabels, tagged ? time : 1, tagged, page)]]);
    },
  });
}

function readLabels(text: string, { classes }: SequencesMetadata, { uses }: PageManifest): Result<readonly number[]> {
  const words = uses.everyStep ? splitWords(text) : [text];
  const numbers = words.map((word) => {
    if (uses.targets !== "classes" || classes === null || classes === undefined) return Number(word);
    return classes.indexOf(word);
  });
  const wrong = numbers.findIndex((value) => !Number.isFinite(value) || (uses.targets === "classes" && value < 0));
  if (wrong < 0) return ok(numbers);
  const hint =
    classes === null || classes === undefined ? "Labels are numbers." : `The classes are ${classes.join(", ")}.`;
  return invalid(`Unknown label "${words[wrong]}".`, hint);
}

function labelArray(
  labels: readonly (readonly number[])[],
  time: number,
  tagged: boolean,
  { manifest }: PageManifest,
): NumericArray {
  const port = manifest.train.inputs.find(({ name }) => name === "targets");
  // The axes after steps and batch: time with tags, and the width of numeric targets.
  const shape = [labels.length, ...(tagged ? [time] : []), ...(port?.shape ?? []).slice(tagged ? 3 : 2).map(Number)];
  const size = elementCount(shape.slice(1));
  const rows = labels.map((row) =>
    [...row, ...new Array<number>(Math.max(0, size - row.length)).fill(0)].slice(0, size),
  );
  if (port?.dtype === "float32") return { dtype: "float32", shape, data: Float32Array.from(rows.flat()) };
  return { dtype: "int32", shape, data: Int32Array.from(rows.flat()) };
}
