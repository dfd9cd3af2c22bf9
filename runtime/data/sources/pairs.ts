/**
 * Pairs of a source (text or a vector) and a target sequence. The decoder reads a start token and the target, and
 * predicts the target and an end token.
 */

import { createHash } from "node:crypto";
import { child } from "../../../schema/json-pointer.js";
import type { NormalPairsData, NormalVocabulary } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { gatherLengths, gatherSequences, gatherWindows, type InMemorySeries } from "../batching/windows.js";
import { duplicateNotices } from "../duplicates.js";
import { intern } from "../labels.js";
import type { PairsMetadata } from "../metadata.js";
import { type DataSource, expectedBatchSize, type SourceKind, type Uses } from "../source.js";
import type { Splits } from "../splits.js";
import type { LearnedTokenizer } from "../vocabulary/learn-bpe.js";
import {
  learnTokenizer,
  openSubwords,
  subwordUnit,
  tokenizationOf,
  tokenizerNotices,
} from "../vocabulary/open-tokenizer.js";
import type { Subwords } from "../vocabulary/text-tokenizer.js";
import { checkVocabulary, selectVocabulary } from "../vocabulary/tokenizers.js";
import { decodeTokens, END, START, tokenize } from "../vocabulary/tokens.js";
import { checkCoverage, mapVocabularyFile, openVocabulary } from "../vocabulary/vocabulary-file.js";
import { mapSplitFiles, placeOf, splitLines } from "./line-splits.js";
import { type Pair, type Pairs, readPairs } from "./pairs-file.js";

/** The first tokens of each vocabulary. Those of `target` have the ids START and END. */
const specialTokens = { source: ["<unknown>"], target: ["<start>", "<end>", "<unknown>"] } as const;

export const pairs: SourceKind<NormalPairsData> = {
  async open(data, { folder, seed, uses, fittedMetadata }) {
    const stored = openSubwords(data, folder, fittedMetadata);
    if (!stored.ok) return stored;
    const listed = await openVocabulary(data, folder, fittedMetadata);
    if (!listed.ok) return listed;
    const result = await readPairs(data, folder, uses);
    if (!result.ok) return result;
    const split = splitLines(data, seed, result.value.pairs, null);
    const pairsMetadata = fittedMetadata?.type === "pairs" ? fittedMetadata : null;
    if (!split.ok) return split;
    const { pairs: all, notices } = result.value;
    const duplicates =
      pairsMetadata === null
        ? duplicateNotices(
            split.value,
            (example) => JSON.stringify(all[example]?.source),
            (example) => placeOf(data, { file: all[example]?.file ?? "", line: (all[example]?.row ?? 0) + 1 }),
          )
        : [];
    const tokenizer = data.unit === "bpe" && stored.value === null ? learnFrom(data, all, split.value) : stored.value;
    const allNotices = [...notices, ...tokenizerNotices(stored.value), ...duplicates];
    return assemble(
      data,
      { pairs: all, notices: allNotices },
      split.value,
      uses,
      { tokenizer, listed: listed.value },
      pairsMetadata,
    );
  },
  mapFiles(data, rename) {
    const tokenizer = data.tokenizer === null ? null : rename(data.tokenizer);
    const vocabulary = mapVocabularyFile(data.vocabulary, rename);
    const file = data.file === null ? null : rename(data.file);
    return { ...data, file, tokenizer, split: mapSplitFiles(data.split, rename), vocabulary };
  },
};

/** Merges from the sources and targets of the training split together. */
function learnFrom(data: NormalPairsData, all: readonly Pair[], { train }: Splits): LearnedTokenizer {
  const counts = new Map<string, number>();
  const tokenization = tokenizationOf(subwordUnit(data.unit), data.text, null);
  for (const index of train) {
    const { source, target } = all[index] ?? { source: [], target: "" };
    for (const text of [source, target]) {
      for (const piece of typeof text === "string" ? tokenize(text, tokenization) : [])
        counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  return learnTokenizer([...counts.keys()], [...counts.values()], data.vocabulary, specialTokens.target.length);
}

/** The vocabulary that sources and targets share, where they have one. */
interface FixedVocabulary {
  readonly tokenizer: Subwords | null;
  /** The tokens of a file. */
  readonly listed: readonly string[] | null;
}

interface EncodedSide {
  readonly words: readonly string[];
  readonly ids: readonly (readonly number[])[];
}

/** Selected tokens of the training split by first appearance; other tokens get the unknown id. */
function fitVocabulary(
  leadingTokens: readonly string[],
  sequences: readonly (readonly string[])[],
  train: Iterable<number>,
  limits: NormalVocabulary,
): Result<readonly string[]> {
  const found = new Map<string, number>();
  const occurrences: number[] = [];
  for (const index of train) {
    for (const token of sequences[index] ?? []) {
      const id = intern(found, token);
      occurrences[id] = (occurrences[id] ?? 0) + 1;
    }
  }
  const counts = Uint32Array.from(occurrences);
  const selected = selectVocabulary(counts, limits, leadingTokens.length);
  const problem = checkVocabulary(selected, counts, limits, "token");
  if (problem !== undefined) return fail([problem]);
  const tokens = [...found.keys()];
  return ok([...new Set([...leadingTokens, ...selected.map((id) => tokens[id] ?? "")])]);
}

function encodeSide(words: readonly string[], sequences: readonly (readonly string[])[]): EncodedSide {
  const idByToken = new Map(words.map((token, id) => [token, id]));
  const unknown = idByToken.get("<unknown>") ?? 0;
  return { words, ids: sequences.map((tokens) => tokens.map((token) => idByToken.get(token) ?? unknown)) };
}

function assemble(
  data: NormalPairsData,
  { pairs: allPairs, notices }: Pairs,
  splits: Splits,
  uses: Uses,
  { tokenizer, listed }: FixedVocabulary,
  fittedMetadata: PairsMetadata | null,
): Result<DataSource> {
  const tokenization = tokenizationOf(subwordUnit(data.unit), data.text, tokenizer);
  const shared = tokenizer === null ? undefined : [...new Set([...specialTokens.target, ...tokenizer.vocabulary])];
  const encode = (
    leading: readonly string[],
    texts: readonly string[],
    fitted: readonly string[] | null | undefined,
  ) => {
    const sequences = texts.map((text) => tokenize(text, tokenization));
    const words = fitted ?? shared ?? (listed === null ? undefined : [...new Set([...leading, ...listed])]);
    const fixed = words ? ok(words) : fitVocabulary(leading, sequences, splits.train, data.vocabulary);
    return fixed.ok ? ok(encodeSide(fixed.value, sequences)) : fixed;
  };
  const targetTexts = allPairs.map((pair) => pair.target);
  const encodedTarget = encode(specialTokens.target, targetTexts, fittedMetadata?.target_vocabulary);
  if (!encodedTarget.ok) return encodedTarget;
  const sourceTexts = allPairs.map((pair) => String(pair.source));
  const encodedSource =
    uses.inputs === "ids" ? encode(specialTokens.source, sourceTexts, fittedMetadata?.vocabulary) : ok(null);
  if (!encodedSource.ok) return encodedSource;
  const [source, target] = [encodedSource.value, encodedTarget.value];
  const texts = [...targetTexts, ...(source === null ? [] : sourceTexts)];
  const found = listed === null ? [] : [...new Set(texts.flatMap((text) => tokenize(text, tokenization)))];
  const coverage = checkCoverage(data, listed, found);
  if (!coverage.ok) return coverage;
  const emptyIndex = allPairs.findIndex(
    (_, index) => source?.ids[index]?.length === 0 || target.ids[index]?.length === 0,
  );
  if (emptyIndex >= 0) return fail([emptyPairProblem(data, allPairs[emptyIndex])]);
  const widths = allPairs.map((pair) => (typeof pair.source === "string" ? 0 : pair.source.length));
  const features = widths[0] ?? 0;
  const raggedIndex = widths.findIndex((width) => width !== features);
  if (raggedIndex >= 0) return fail([raggedPairProblem(data, allPairs[raggedIndex], features)]);

  const sourceSequences = source === null ? null : packSequences(source.ids);
  const vectors = {
    dtype: "float32",
    width: features,
    data: Float32Array.from(allPairs.flatMap(sourceVector)),
  } as const;
  const decoderInputs = packSequences(target.ids.map((ids) => [START, ...ids]));
  const targetSequences = packSequences(target.ids.map((ids) => [...ids, END]));
  const sourceLength = sourceSequences?.maxLength ?? 0;
  const targetLength = targetSequences.maxLength;
  return ok({
    examples: allPairs.length,
    splits,
    digest: createHash("sha256")
      .update(JSON.stringify([allPairs, target.words, source?.words]))
      .digest("hex"),
    notices: [...notices, ...coverage.value],
    ...(typeof allPairs[0]?.source === "string" && { firstText: allPairs[0].source }),
    metadata: {
      type: "pairs",
      ...tokenization,
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
      expected: {
        batch: expectedBatchSize(train, splits),
        time: Math.max(sourceLength, 1),
        target_time: targetLength,
      },
    }),
    batch(indices) {
      const count = indices.length;
      const targets = ({ series, starts }: PackedSequences) =>
        gatherSequences(series, starts, indices, targetLength, [count, targetLength]);
      const sourceArrays: readonly (readonly [string, NumericArray])[] =
        sourceSequences === null
          ? [["inputs", gatherWindows(vectors, { stride: 1, shift: 0, length: 1 }, indices, [count, features])]]
          : [
              [
                "inputs",
                gatherSequences(sourceSequences.series, sourceSequences.starts, indices, sourceLength, [
                  count,
                  sourceLength,
                ]),
              ],
              ["lengths", gatherLengths(sourceSequences.starts, indices)],
            ];
      return new Map<string, NumericArray>([
        ...sourceArrays,
        ["decoder_inputs", targets(decoderInputs)],
        ["targets", targets(targetSequences)],
        ["target_lengths", gatherLengths(targetSequences.starts, indices)],
      ]);
    },
    findOutOfRange(array, limit, reason) {
      const [side, tokens] = array === "inputs" ? ["source", source] : ["target", target];
      const index = tokens?.ids.findIndex((ids) => ids.some((id) => id >= limit)) ?? -1;
      if (tokens === null || index < 0) return undefined;
      const id = tokens.ids[index]?.find((token) => token >= limit) ?? 0;
      const message = `The ${side} has token ${id}, "${tokens.words[id] ?? ""}".`;
      return { code: "pair-range", ...pairLocation(data, allPairs[index]), message, hint: reason };
    },
    decode: (predictions) => decodeTokens(predictions, target.words, tokenization, END),
  });
}

interface PackedSequences {
  readonly series: InMemorySeries;
  readonly starts: Uint32Array;
  /** Length of the longest sequence. */
  readonly maxLength: number;
}

/** Concatenates rows of ids. */
function packSequences(rows: readonly (readonly number[])[]): PackedSequences {
  const starts = new Uint32Array(rows.length + 1);
  for (const [index, { length }] of rows.entries()) starts[index + 1] = (starts[index] ?? 0) + length;
  const maxLength = rows.reduce((maximum, { length }) => Math.max(maximum, length), 0);
  return { series: { dtype: "int32", width: 1, data: Int32Array.from(rows.flat()) }, starts, maxLength };
}

function sourceVector(pair: Pair | undefined): readonly number[] {
  return pair === undefined || typeof pair.source === "string" ? [] : pair.source;
}

function emptyPairProblem(data: NormalPairsData, pair: Pair | undefined): RunProblem {
  return {
    code: "empty-pair",
    ...pairLocation(data, pair),
    message: "A pair needs at least one token on both sides.",
    hint: "Remove the pair, or complete it.",
  };
}

function raggedPairProblem(data: NormalPairsData, pair: Pair | undefined, width: number): RunProblem {
  return {
    code: "ragged-source",
    ...pairLocation(data, pair),
    message: `The source is a vector of ${formatCount(sourceVector(pair).length, "number")}, but the first source has ${width}.`,
    hint: "Give all sources the same width.",
  };
}

/** The location of a pair in the spec, or in the file. */
function pairLocation(data: NormalPairsData, pair: Pick<Pair, "row" | "file"> | undefined) {
  const row = pair?.row ?? 0;
  return data.file === null
    ? { path: child("/data/pairs", row) }
    : { path: "/data/file", file: pair?.file ?? data.file, line: row + 1 };
}
