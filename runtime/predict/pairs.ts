/** Decodes a sequence for each source of pairs. */

import type { InferenceSession } from "onnxruntime-node";
import { outputActivationOf } from "../../schema/kinds/outputs.js";
import type { PairsMetadata } from "../data/metadata.js";
import type { Batch } from "../data/source.js";
import {
  END,
  joinTokens,
  padRows,
  START,
  tokenize,
  unitNames,
  unknownUnitsNotices,
} from "../data/vocabulary/tokens.js";
import { formatCount, formatLines } from "../format.js";
import { beamSearch, type DecodedSequence } from "../generation/beam-search.js";
import { fail, ok, type Result } from "../result.js";
import type { Run } from "../run/open.js";
import type { Prediction } from "./format-predictions.js";
import { emptyNotices, predictionName, withInput } from "./input-members.js";
import { batchProblems } from "./inputs.js";
import { isEmpty, type PairSource, type Sources } from "./pair-sources.js";

/** Maximum number of sources in a batch. */
const BATCH_SIZE = 64;

export interface DecodedSources {
  readonly predictions: readonly Prediction[];
  readonly notices: readonly string[];
}

/**
 * Decodes the sources in order. A sequence without an end token has `cut`, a source without tokens the target null.
 */
export async function decodeSources(
  { metadata, manifest, spec }: Run,
  session: InferenceSession,
  { sources, notices: sourceNotices }: Sources,
  beamWidth: number,
): Promise<Result<DecodedSources>> {
  if (metadata.type !== "pairs" || spec.data.type !== "pairs") throw new Error("The run was not trained on pairs.");
  const { target_vocabulary: vocabulary, longest_target: maxTokens, unit } = metadata;
  const outputsProbabilities = outputActivationOf(spec.model) === "softmax";
  const options = { startId: START, endId: END, maxTokens, beamWidth, outputsProbabilities };
  const decodedBySource = new Map<PairSource, DecodedSequence>();
  const readable = sources.filter((source) => !isEmpty(metadata, source));
  for (let start = 0; start < readable.length; start += BATCH_SIZE) {
    const part = readable.slice(start, start + BATCH_SIZE);
    const batch = batchOf(metadata, part);
    const problems = batchProblems(spec.model, batch, (row) => `The source of line ${part[row]?.line}`);
    if (problems.length > 0) return fail(problems);
    const decoded = await beamSearch(session, manifest, batch, options);
    for (const [row, source] of part.entries()) decodedBySource.set(source, decoded[row] ?? noTokens);
  }
  const textOf = (ids: readonly number[]) => {
    const tokens = ids.map((id) => vocabulary[id] ?? "");
    return joinTokens(tokens, metadata);
  };
  const name = predictionName(spec.data.columns.target, "target");
  const predictions = sources.map((pair) => {
    const decoded = decodedBySource.get(pair);
    const target = decoded === undefined ? null : textOf(decoded.ids);
    const cut = decoded?.isComplete === false ? true : undefined;
    return withInput(pair.line, pair.members, { [name]: target, cut });
  });
  const linesWhere = (condition: (pair: PairSource) => boolean) => sources.filter(condition).map(({ line }) => line);
  const notices = [
    ...sourceNotices,
    ...columnNotices(linesWhere(({ hasMoreColumns }) => hasMoreColumns)),
    ...emptyNotices(
      linesWhere((pair) => !decodedBySource.has(pair)),
      "source",
    ),
    ...unknownUnitsNotices(unknownWords(metadata, readable), unitNames[unit]),
    ...cutNotices(
      linesWhere((pair) => decodedBySource.get(pair)?.isComplete === false),
      maxTokens,
    ),
  ];
  return ok({ predictions, notices });
}

const noTokens: DecodedSequence = { ids: [], isComplete: false };

function unknownWords(metadata: PairsMetadata, sources: readonly PairSource[]): readonly string[] {
  const { vocabulary } = metadata;
  if (vocabulary === null) return [];
  const known = new Set(vocabulary);
  return sources.flatMap(({ source }) => tokenize(String(source), metadata).filter((word) => !known.has(word)));
}

function columnNotices(lines: readonly number[]): readonly string[] {
  if (lines.length === 0) return [];
  const subject = `${formatCount(lines.length, "line")} ${lines.length === 1 ? "has" : "have"} text after a tab`;
  return [`${subject}, which is not read (${formatLines(lines)}): the source is the text before it.`];
}

function cutNotices(lines: readonly number[], maxTokens: number): readonly string[] {
  if (lines.length === 0) return [];
  const isOne = lines.length === 1;
  const sequences = `${formatCount(lines.length, "sequence")} ${isOne ? "has" : "have"} no end token`;
  const limit = `cut at ${formatCount(maxTokens, "token")}, the longest target of the training data`;
  return [`${sequences} and ${isOne ? "is" : "are"} ${limit} (${formatLines(lines)}).`];
}

function batchOf(metadata: PairsMetadata, sources: readonly PairSource[]): Batch {
  const { vocabulary } = metadata;
  if (vocabulary === null) {
    const data = Float32Array.from(sources.flatMap(({ source }) => (typeof source === "string" ? [] : source)));
    const shape = [sources.length, data.length / sources.length];
    return new Map([["inputs", { dtype: "float32", shape, data }]]);
  }
  const idByToken = new Map(vocabulary.map((word, id) => [word, id]));
  const unknown = idByToken.get("<unknown>") ?? 0;
  const rows = sources.map(({ source }) =>
    tokenize(String(source), metadata).map((word) => idByToken.get(word) ?? unknown),
  );
  const maxLength = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const lengths = BigInt64Array.from(rows, ({ length }) => BigInt(length));
  return new Map([
    ["inputs", padRows(rows, maxLength)],
    ["lengths", { dtype: "int64", shape: [rows.length], data: lengths }],
  ]);
}
