/** Reads the sources of pairs, and decodes a sequence for each. */
import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { createProblemList } from "../data/formats/problem-list.js";
import { encodingProblem } from "../data/formats/utf8-reader.js";
import type { PairsMetadata } from "../data/metadata.js";
import type { Batch } from "../data/source.js";
import { END, joinTokens, padRows, START, tokenize } from "../data/vocabulary/tokens.js";
import { formatCount, formatLines } from "../format.js";
import { beamSearch } from "../generation/beam-search.js";
import { outputActivationOf } from "../generation/sampling.js";
import { fail, ok, type Result } from "../result.js";
import type { Run } from "../run/open.js";
import { unreadableFile } from "../storage/system-errors.js";
import type { Prediction } from "./format-predictions.js";

type PairSource = { readonly line: number; readonly source: string | readonly number[] };

/** Maximum number of sources in a batch. */
const BATCH_SIZE = 64;

/** Reads lines of text (up to a tab) or of JSON, `{"source": "text" or [numbers]}`. */
export async function readSources(
  { metadata, signature }: Run,
  file: string,
  folder: string,
): Promise<Result<readonly PairSource[]>> {
  if (metadata.type !== "pairs") throw new Error("The run was not trained on pairs.");
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return fail([unreadableFile("", file, error)]);
  }
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail([await encodingProblem("", file, bytes)]);
  }
  const isJson = /^\.jsonl?$/i.test(extname(file));
  const width = signature.inputs.shape[1];
  const sources: PairSource[] = [];
  const problems = createProblemList();
  for (const [index, text] of content.split(/\r\n|\n|\r/).entries()) {
    if (text.trim() === "") continue;
    const source = isJson ? parseSource(text) : (text.split("\t")[0] ?? "");
    const isValid =
      metadata.vocabulary === null
        ? typeof source === "object" && source.length === width
        : typeof source === "string" && tokenize(source, metadata.unit).length > 0;
    if (source !== undefined && isValid) sources.push({ line: index + 1, source });
    else {
      const kind = metadata.vocabulary === null ? `vector of ${width} numbers` : "text";
      const message = `${file}:${index + 1}: The line has no source ${kind}.`;
      const hint = isJson ? 'Write {"source": …} on each line.' : "Write one source per line.";
      problems.add([{ code: "pair-line", path: "", file, line: index + 1, message, hint }]);
    }
    if (problems.isFull) break;
  }
  if (problems.size > 0) return fail(problems.list());
  if (sources.length > 0) return ok(sources);
  return fail([{ code: "input-empty", path: "", file, message: `"${file}" has no sources.`, hint: "" }]);
}

function parseSource(line: string): string | readonly number[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const source = typeof value === "object" && value !== null && "source" in value ? value.source : undefined;
  if (typeof source === "string") return source;
  const isNumeric = (entry: unknown) => typeof entry === "number" && Number.isFinite(Math.fround(entry));
  return Array.isArray(source) && source.every(isNumeric) ? source : undefined;
}

export interface DecodedSources {
  readonly predictions: readonly Prediction[];
  readonly notices: readonly string[];
}

/** A sequence without an end token has `cut`, and a notice. */
export async function decodeSources(
  { metadata, manifest, spec }: Run,
  session: InferenceSession,
  sources: readonly PairSource[],
  beamWidth: number,
): Promise<DecodedSources> {
  if (metadata.type !== "pairs") throw new Error("The run was not trained on pairs.");
  const { target_vocabulary: vocabulary, longest_target: maxTokens, unit } = metadata;
  const outputsProbabilities = outputActivationOf(spec.model) === "softmax";
  const options = { startId: START, endId: END, maxTokens, beamWidth, outputsProbabilities };
  const predictions: Prediction[] = [];
  const cutLines: number[] = [];
  for (let start = 0; start < sources.length; start += BATCH_SIZE) {
    const batch = sources.slice(start, start + BATCH_SIZE);
    const decoded = await beamSearch(session, manifest, batchOf(metadata, batch), options);
    for (const [row, { line, source }] of batch.entries()) {
      const { ids = [], isComplete = false } = decoded[row] ?? {};
      const target = joinTokens(
        ids.map((id) => vocabulary[id] ?? ""),
        unit,
      );
      predictions.push({ line, source, target, ...(!isComplete && { cut: true }) });
      if (!isComplete) cutLines.push(line);
    }
  }
  return { predictions, notices: cutLines.length === 0 ? [] : [cutNotice(cutLines, maxTokens)] };
}

function cutNotice(lines: readonly number[], maxTokens: number): string {
  const isOne = lines.length === 1;
  const sequences = `${formatCount(lines.length, "sequence")} ${isOne ? "has" : "have"} no end token`;
  const limit = `cut at ${formatCount(maxTokens, "token")}, the longest target of the training data`;
  return `${sequences} and ${isOne ? "is" : "are"} ${limit} (${formatLines(lines)}).`;
}

function batchOf({ vocabulary, unit }: PairsMetadata, sources: readonly PairSource[]): Batch {
  if (vocabulary === null) {
    const data = Float32Array.from(sources.flatMap(({ source }) => (typeof source === "string" ? [] : source)));
    const shape = [sources.length, data.length / sources.length];
    return new Map([["inputs", { dtype: "float32", shape, data }]]);
  }
  const idByToken = new Map(vocabulary.map((word, id) => [word, id]));
  const unknown = idByToken.get("<unknown>") ?? 0;
  const rows = sources.map(({ source }) =>
    tokenize(String(source), unit).map((word) => idByToken.get(word) ?? unknown),
  );
  const maxLength = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const lengths = BigInt64Array.from(rows, ({ length }) => BigInt(length));
  return new Map([
    ["inputs", padRows(rows, maxLength)],
    ["lengths", { dtype: "int64", shape: [rows.length], data: lengths }],
  ]);
}
