/** Pairs: the sequence that the decoder writes for each source. */
import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { notUtf8 } from "../data/characters.js";
import { unreadable } from "../data/file.js";
import type { PairsMetadata } from "../data/metadata.js";
import type { Batch } from "../data/source.js";
import { END, joinTokens, padded, START, tokenize } from "../data/tokens.js";
import { decodeSequences } from "../decode.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import type { Run } from "../run.js";
import type { Prediction } from "./answers.js";

type Source = { readonly line: number; readonly source: string | readonly number[] };

/** Sources that share a batch. */
const batchSize = 64;

/**
 * Reads lines of text (what follows a tab is not read) or of JSON, `{"source": "text" or [numbers]}`.
 */
export function readSources(
  { metadata, signature }: Run,
  file: string,
  folder: string,
): Checked<{ readonly sources: readonly Source[] }> {
  if (metadata.type !== "pairs") throw new Error("The run has no pairs.");
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(resolve(folder, file)));
  } catch (error) {
    if (error instanceof TypeError) return refuse(notUtf8("", file, "Save it as UTF-8."));
    return refuse(unreadable("", file, error));
  }
  const json = /^\.jsonl?$/i.test(extname(file));
  const width = signature.inputs.shape[1];
  const sources: Source[] = [];
  const problems: RunProblem[] = [];
  for (const [index, text] of content.split(/\r\n|\n|\r/).entries()) {
    if (text.trim() === "") continue;
    const source = json ? sourceOf(text) : (text.split("\t")[0] ?? "");
    const fits =
      metadata.vocabulary === null
        ? typeof source === "object" && source.length === width
        : typeof source === "string" && tokenize(source, metadata.unit).length > 0;
    if (source !== undefined && fits) sources.push({ line: index + 1, source });
    else {
      const what = metadata.vocabulary === null ? `a vector of ${width} numbers` : "text";
      const message = `Line ${index + 1} of "${file}" has no source, which is ${what}.`;
      const hint = json ? 'A line is {"source": …}.' : "A line is a source.";
      problems.push({ code: "pair-line", path: "", file, line: index + 1, message, hint });
    }
    if (problems.length >= 20) break;
  }
  if (problems.length > 0) return refuse(...problems);
  if (sources.length > 0) return { ok: true, sources };
  return refuse({ code: "input-empty", path: "", file, message: `"${file}" has no sources.`, hint: "" });
}

function sourceOf(line: string): string | readonly number[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const source = typeof value === "object" && value !== null && "source" in value ? value.source : undefined;
  if (typeof source === "string") return source;
  const numeric = (entry: unknown) => typeof entry === "number" && Number.isFinite(Math.fround(entry));
  return Array.isArray(source) && source.every(numeric) ? source : undefined;
}

export async function decodeSources(
  { metadata, manifest, spec }: Run,
  session: InferenceSession,
  sources: readonly Source[],
  beams: number,
): Promise<readonly Prediction[]> {
  if (metadata.type !== "pairs") throw new Error("The run has no pairs.");
  const { target_vocabulary: words, longest_target: longest, unit } = metadata;
  const last = spec.model.at(-1);
  const isSoftmax = last !== undefined && "activation" in last && last.activation === "softmax";
  const options = { start: START, end: END, longest, beams, probabilities: isSoftmax };
  const predictions: Prediction[] = [];
  for (let start = 0; start < sources.length; start += batchSize) {
    const part = sources.slice(start, start + batchSize);
    const written = await decodeSequences(session, manifest, batchOf(metadata, part), options);
    for (const [row, { line, source }] of part.entries()) {
      const tokens = (written[row] ?? []).map((id) => words[id] ?? "");
      predictions.push({ line, source, target: joinTokens(tokens, unit) });
    }
  }
  return predictions;
}

function batchOf({ vocabulary, unit }: PairsMetadata, sources: readonly Source[]): Batch {
  if (vocabulary === null) {
    const data = Float32Array.from(sources.flatMap(({ source }) => (typeof source === "string" ? [] : source)));
    const shape = [sources.length, data.length / sources.length];
    return new Map([["inputs", { dtype: "float32", shape, data }]]);
  }
  const numbers = new Map(vocabulary.map((word, id) => [word, id]));
  const unknown = numbers.get("<unknown>") ?? 0;
  const rows = sources.map(({ source }) => tokenize(String(source), unit).map((word) => numbers.get(word) ?? unknown));
  const longest = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const lengths = BigInt64Array.from(rows, ({ length }) => BigInt(length));
  return new Map([
    ["inputs", padded(rows, longest)],
    ["lengths", { dtype: "int64", shape: [rows.length], data: lengths }],
  ]);
}
