/** The files of a run directory: their names, and how they are written, replaced and removed. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Artifact } from "../../compiler/artifact.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { mapDataFiles } from "../data/index.js";
import type { Metadata } from "../data/metadata.js";
import { storedTokenizer, tokenizerJson } from "../data/vocabulary/tokenizer-json.js";
import type { DoneEvent, SplitMetrics } from "../events.js";
import { formatInteger } from "../format.js";
import type { RunProblem } from "../problem.js";
import { type DurableFs, writeFileAtomic } from "../storage/durable-fs.js";
import { isKeptName, modelContents, withKeptNames } from "../storage/model-files.js";
import { type Tensors, writeSafetensors } from "../tensors/safetensors.js";
import { readRunStates, removeCheckpoints, removePartialCheckpoints } from "./checkpoint.js";
import { readRunFile } from "./validate-files.js";

export const runFiles = {
  manifest: "manifest.json",
  spec: "spec.json",
  data: "data.json",
  tokenizer: "tokenizer.json",
  train: "train.onnx",
  eval: "eval.onnx",
  model: "model.onnx",
  stream: "stream.onnx",
  weights: "weights.safetensors",
  metrics: "metrics.jsonl",
  result: "result.json",
  training: "training.json",
  environment: "environment.json",
  checkpoints: "checkpoints",
} as const;

/** Problems of training into a path that is a file, or a folder with files of these names that no run wrote. */
export function checkRunDirectory(out: string): readonly RunProblem[] {
  if (!existsSync(out)) return [];
  const problem = (message: string) => [
    { code: "run-directory", path: "", message, hint: "Name another directory with --out." },
  ];
  if (!statSync(out).isDirectory()) return problem(`The run directory "${out}" is a file.`);
  if (isRunDirectory(out)) return [];
  const conflict = Object.values(runFiles).find((name) => existsSync(join(out, name)));
  return conflict === undefined
    ? []
    : problem(`"${out}" has a ${conflict} that no run wrote. Training would replace it.`);
}

/** The manifest is the first file that a run writes, so its presence marks the directory as one that rnnx wrote. */
export function isRunDirectory(out: string): boolean {
  try {
    const manifest: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(join(out, runFiles.manifest), "utf8"));
    return typeof manifest.format === "number" && typeof manifest.rnnx === "string";
  } catch {
    return false;
  }
}

/** The problem of a directory whose run has weights or checkpoints, which a new run would replace. */
export function checkReplacedRun(out: string): readonly RunProblem[] {
  const [latest] = readRunStates(join(out, runFiles.checkpoints));
  if (latest === undefined && !existsSync(join(out, runFiles.weights))) return [];
  const spec = readRunFile<{ readonly name: string }>(out, runFiles.spec);
  const name = spec.ok ? ` of "${spec.value.name}"` : "";
  const step = latest === undefined ? "" : `, trained to step ${formatInteger(latest.step)}`;
  return [
    {
      code: "run-exists",
      path: "",
      message: `"${out}" holds a run${name}${step}.`,
      hint: "Continue it with --resume, train in another directory with --out, or replace it with --overwrite.",
    },
  ];
}

/** Removes the files of an earlier run, and no others. */
export function clearRun(fs: DurableFs, out: string): void {
  removePartialFiles(fs, out);
  for (const name of [
    runFiles.metrics,
    runFiles.result,
    runFiles.environment,
    runFiles.weights,
    runFiles.model,
    runFiles.stream,
    runFiles.train,
    runFiles.eval,
    runFiles.spec,
    runFiles.data,
    runFiles.tokenizer,
    runFiles.training,
    ...(existsSync(out) ? readdirSync(out).filter(isKeptName) : []),
  ]) {
    fs.remove(join(out, name));
  }
  removeCheckpoints(fs, join(out, runFiles.checkpoints));
}

/** Removes the partial files of a process that was killed. */
export function removePartialFiles(fs: DurableFs, out: string): void {
  for (const name of Object.values(runFiles)) fs.remove(join(out, `${name}.partial`));
  removePartialCheckpoints(fs, join(out, runFiles.checkpoints));
}

/** The contents of `data.json`: what a run fitted on its data (vocabulary, classes, scaler), and its signature. */
export interface DataRecord {
  readonly format: 1;
  readonly metadata: Metadata;
  readonly signature: Signature;
}

/**
 * Writes the files that exist from the start of a training. Data files in the recorded spec are relative to the run
 * directory, which has copies of the models that layers name.
 */
export function writeRunInputs(
  fs: DurableFs,
  out: string,
  spec: NormalSpec,
  folder: string,
  artifact: Artifact,
  { metadata, signature }: Pick<DataRecord, "metadata" | "signature">,
): void {
  const write = (name: string, bytes: Uint8Array) => writeFileAtomic(fs, join(out, name), bytes);
  const encodeJson = (value: unknown) => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
  const models = modelContents(spec.model);
  for (const [name, content] of models) {
    fs.makeFolder(dirname(join(out, name)));
    write(name, content);
  }
  write(runFiles.manifest, encodeJson(artifact.manifest));
  const data = mapDataFiles(spec.data, (file) => relativePath(out, resolve(folder, file), file));
  write(runFiles.spec, encodeJson({ ...spec, data, model: withKeptNames(spec.model) }));
  const record: DataRecord = { format: 1, metadata, signature };
  write(runFiles.data, encodeJson(record));
  const tokenizer = storedTokenizer(metadata);
  if (tokenizer !== undefined) write(runFiles.tokenizer, Buffer.from(tokenizerJson(tokenizer)));
  write(runFiles.train, artifact.train);
  write(runFiles.eval, artifact.eval);
}

/** The path of a file from a folder; an absolute one as it was recorded. */
export function relativePath(out: string, file: string, recordedPath: string): string {
  return isAbsolute(recordedPath) ? recordedPath : relative(resolve(out), file).split(sep).join("/");
}

/** The contents of `result.json`. */
export interface RunResult {
  readonly format: 1;
  /** False when the run was interrupted. */
  readonly finished: boolean;
  /** The step of the final weights. */
  readonly weights_step: number;
  readonly done: DoneEvent;
}

/** Undefined for a run that has not ended. */
export function readRunResult(folder: string): RunResult | undefined {
  const file = join(folder, runFiles.result);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** The recorded metrics of the weights of a step; null without a record. */
export function recordedMetrics(folder: string, step: number): SplitMetrics | null {
  const result = readRunResult(folder);
  return result?.weights_step === step ? result.done.metrics : null;
}

/**
 * Writes the final weights and the models that hold them, then `result.json`, which marks them as complete.
 *
 * @param model with the weights; null: none is written. By default that of the artifact.
 */
export async function writeFinalModel(
  fs: DurableFs,
  out: string,
  artifact: Artifact,
  parameters: Tensors,
  result: RunResult,
  model?: Uint8Array | null,
): Promise<void> {
  const { withWeights } = await import("../../compiler/onnx/splice/weights.js");
  const metadata = { step: `${result.weights_step}` };
  writeFileAtomic(fs, join(out, runFiles.weights), writeSafetensors(parameters, metadata));
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  const final = model === undefined ? withWeights(artifact.model, weights) : model;
  if (final !== null) writeFileAtomic(fs, join(out, runFiles.model), final);
  const { stream } = artifact;
  if (stream !== null) writeFileAtomic(fs, join(out, runFiles.stream), withWeights(stream, weights));
  writeFileAtomic(fs, join(out, runFiles.result), Buffer.from(`${JSON.stringify(result, undefined, 2)}\n`));
}
