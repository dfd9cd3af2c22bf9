/**
 * Pairs: a source, which is text or a vector, and the sequence that it becomes. The decoder reads the target after a start
 * token and says it with an end token behind.
 */
import { createHash } from "node:crypto";
import type { NormalPairsData } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { intern } from "./labels.js";
import type { PairsMetadata } from "./metadata.js";
import { type Pair, readPairs } from "./pairs-file.js";
import { type DataSource, expectedBatch, type NumericArray, type SourceKind, type Uses } from "./source.js";
import { type Splits, splitExamples } from "./splits.js";
import { decodeTokens, END, START, tokenize } from "./tokens.js";
import { gatherRuns, gatherWindows, type HeldSeries, runLengths } from "./windows.js";

/** The first tokens of the vocabularies: START, END and the unknown of the target's, the unknown alone of the source's. */
const special = { source: ["<unknown>"], target: ["<start>", "<end>", "<unknown>"] } as const;

export const pairs: SourceKind<NormalPairsData> = {
  async open(data, { folder, seed, uses, known }) {
    const read = await readPairs(data, folder, uses);
    if (!read.ok) return read;
    const split = splitExamples(data.split, seed, read.pairs.length);
    const learnt = known?.type === "pairs" ? known : null;
    return split.ok ? assemble(data, read.pairs, split.splits, uses, learnt) : split;
  },
  mapFiles: (data, rename) => (data.file === null ? data : { ...data, file: rename(data.file) }),
};

/** Tokens to ids: those of the training part by first appearance, or those that a run has learnt; others are unknown. */
function vocabularyOf(
  first: readonly string[],
  sequences: readonly (readonly string[])[],
  train: Iterable<number>,
  learnt: readonly string[] | null | undefined,
) {
  const numbers = new Map((learnt ?? first).map((token, id) => [token, id]));
  if (!learnt) for (const index of train) for (const token of sequences[index] ?? []) intern(numbers, token);
  const unknown = numbers.get("<unknown>") ?? 0;
  const ids = sequences.map((tokens) => tokens.map((token) => numbers.get(token) ?? unknown));
  return { words: [...numbers.keys()], ids };
}

function assemble(
  data: NormalPairsData,
  all: readonly Pair[],
  splits: Splits,
  uses: Uses,
  learnt: PairsMetadata | null,
): Checked<{ readonly source: DataSource }> {
  const target = vocabularyOf(
    special.target,
    all.map((pair) => tokenize(pair.target, data.unit)),
    splits.train,
    learnt?.target_vocabulary,
  );
  const source =
    uses.inputs === "ids"
      ? vocabularyOf(
          special.source,
          all.map((pair) => tokenize(String(pair.source), data.unit)),
          splits.train,
          learnt?.vocabulary,
        )
      : null;
  const empty = all.findIndex((_, index) => source?.ids[index]?.length === 0 || target.ids[index]?.length === 0);
  if (empty >= 0) return refuse(emptyPair(data, all[empty]));
  const widths = all.map((pair) => (typeof pair.source === "string" ? 0 : pair.source.length));
  const features = widths[0] ?? 0;
  const ragged = widths.findIndex((width) => width !== features);
  if (ragged >= 0) return refuse(raggedPair(data, all[ragged], features));

  const read = source === null ? null : runsOf(source.ids);
  const vectors = { dtype: "float32", width: features, data: Float32Array.from(all.flatMap(vectorOf)) } as const;
  const fed = runsOf(target.ids.map((ids) => [START, ...ids]));
  const said = runsOf(target.ids.map((ids) => [...ids, END]));
  const sourceLength = read?.longest ?? 0;
  const targetLength = said.longest;
  return {
    ok: true,
    source: {
      examples: all.length,
      splits,
      digest: createHash("sha256")
        .update(JSON.stringify([all, target.words, source?.words]))
        .digest("hex"),
      metadata: {
        type: "pairs",
        unit: data.unit,
        vocabulary: source?.words ?? null,
        target_vocabulary: target.words,
        longest_target: targetLength,
      },
      signature: (train) => ({
        inputs:
          source === null
            ? { dtype: "float32", shape: ["batch", features] }
            : { dtype: "int32", shape: ["batch", "time"] },
        ...(source !== null && { lengths: { dtype: "int64", shape: ["batch"] } as const }),
        side_inputs: { decoder_inputs: { dtype: "int32", shape: ["batch", "target_time"] } },
        targets: { dtype: "int32", shape: ["batch", "target_time"] },
        target_lengths: { dtype: "int64", shape: ["batch"] },
        sizes: {
          ...(source === null ? { features } : { vocabulary: source.words.length }),
          target_vocabulary: target.words.length,
          classes: target.words.length,
        },
        expected: { batch: expectedBatch(train, splits), time: Math.max(sourceLength, 1), target_time: targetLength },
      }),
      batch(indices) {
        const count = indices.length;
        const targets = ({ series, starts }: Runs) =>
          gatherRuns(series, starts, indices, targetLength, [count, targetLength]);
        const sources: readonly (readonly [string, NumericArray])[] =
          read === null
            ? [["inputs", gatherWindows(vectors, { stride: 1, shift: 0, length: 1 }, indices, [count, features])]]
            : [
                ["inputs", gatherRuns(read.series, read.starts, indices, sourceLength, [count, sourceLength])],
                ["lengths", runLengths(read.starts, indices)],
              ];
        return new Map<string, NumericArray>([
          ...sources,
          ["decoder_inputs", targets(fed)],
          ["targets", targets(said)],
          ["target_lengths", runLengths(said.starts, indices)],
        ]);
      },
      beyond: () => undefined,
      decode: (predictions) => decodeTokens(predictions, target.words, data.unit, END),
    },
  };
}

interface Runs {
  readonly series: HeldSeries;
  readonly starts: Uint32Array;
  /** Ids in the longest of them. */
  readonly longest: number;
}

/** Rows of ids, one after the other. */
function runsOf(rows: readonly (readonly number[])[]): Runs {
  const starts = new Uint32Array(rows.length + 1);
  for (const [index, { length }] of rows.entries()) starts[index + 1] = (starts[index] ?? 0) + length;
  const longest = rows.reduce((most, { length }) => Math.max(most, length), 0);
  return { series: { dtype: "int32", width: 1, data: Int32Array.from(rows.flat()) }, starts, longest };
}

function vectorOf(pair: Pair | undefined): readonly number[] {
  return pair === undefined || typeof pair.source === "string" ? [] : pair.source;
}

function emptyPair(data: NormalPairsData, pair: Pair | undefined): RunProblem {
  return {
    code: "empty-pair",
    ...placeOf(data, pair),
    message: "A pair needs at least one token on both sides.",
    hint: "Take the pair out, or fill it in.",
  };
}

function raggedPair(data: NormalPairsData, pair: Pair | undefined, width: number): RunProblem {
  return {
    code: "ragged-source",
    ...placeOf(data, pair),
    message: `The source is a vector of ${vectorOf(pair).length} numbers, and the first one has ${width}.`,
    hint: "All sources have the same width.",
  };
}

/** A pair stands in the spec, or on a line of the file. */
export function placeOf(data: NormalPairsData, pair: Pick<Pair, "row"> | undefined) {
  const row = pair?.row ?? 0;
  return data.file === null
    ? { path: child("/data/pairs", row) }
    : { path: "/data/file", file: data.file, line: row + 1 };
}
