/** The run directory: what a run leaves on the disk, under which names, and how those are replaced. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Artifact } from "../compiler/artifact.js";
import type { Signature } from "../compiler/signature.js";
import type { NormalSpec } from "../schema/normal.js";
import { removeCheckpoints, removeUnfinished } from "./checkpoint.js";
import { mapDataFiles } from "./data/index.js";
import type { Metadata } from "./data/metadata.js";
import { type Disk, replaceFile } from "./disk.js";
import type { DoneEvent } from "./events.js";
import type { RunProblem } from "./problem.js";
import { type Tensors, writeSafetensors } from "./safetensors.js";

export const runFiles = {
  manifest: "manifest.json",
  spec: "spec.json",
  data: "data.json",
  train: "train.onnx",
  eval: "eval.onnx",
  model: "model.onnx",
  stream: "stream.onnx",
  weights: "weights.safetensors",
  metrics: "metrics.jsonl",
  result: "result.json",
  conditions: "conditions.json",
  checkpoints: "checkpoints",
} as const;

/** The problem of a run directory that is something else: a file, or a folder with files of these names that no run wrote. */
export function foreignDirectory(out: string): readonly RunProblem[] {
  if (!existsSync(out)) return [];
  const problem = (message: string) => [
    { code: "run-directory", path: "", message, hint: "Name another one with --out." },
  ];
  if (!statSync(out).isDirectory()) return problem(`The run directory "${out}" is a file.`);
  if (isRun(out)) return [];
  const taken = Object.values(runFiles).find((name) => existsSync(join(out, name)));
  return taken === undefined
    ? []
    : problem(`"${out}" holds a ${taken} that no run wrote, and training would replace it.`);
}

/** A run's manifest is the first file that it writes, so it marks the other names as the run's own. */
function isRun(out: string): boolean {
  try {
    const manifest: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(join(out, runFiles.manifest), "utf8"));
    return typeof manifest.format === "number" && typeof manifest.rnnx === "string";
  } catch {
    return false;
  }
}

/** Removes what an earlier run left, and nothing else. */
export function clearRun(on: Disk, out: string): void {
  removeLeftovers(on, out);
  for (const name of [
    runFiles.metrics,
    runFiles.result,
    runFiles.conditions,
    runFiles.weights,
    runFiles.model,
    runFiles.stream,
    runFiles.train,
    runFiles.eval,
    runFiles.spec,
    runFiles.data,
  ]) {
    on.remove(join(out, name));
  }
  removeCheckpoints(on, join(out, runFiles.checkpoints));
}

/** Removes what a process that was killed left unfinished. */
export function removeLeftovers(on: Disk, out: string): void {
  for (const name of Object.values(runFiles)) on.remove(join(out, `${name}.partial`));
  removeUnfinished(on, join(out, runFiles.checkpoints));
}

/** What a run learnt of its data, as `data.json` says it. */
export interface DataRecord {
  readonly format: 1;
  readonly metadata: Metadata;
  readonly signature: Signature;
}

/** Writes what training starts from. The recorded spec names its data files from where it lies now. */
export function writeStart(
  on: Disk,
  out: string,
  spec: NormalSpec,
  folder: string,
  artifact: Artifact,
  { metadata, signature }: Pick<DataRecord, "metadata" | "signature">,
): void {
  const write = (name: string, bytes: Uint8Array) => replaceFile(on, join(out, name), bytes);
  const text = (value: unknown) => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
  write(runFiles.manifest, text(artifact.manifest));
  write(
    runFiles.spec,
    text({ ...spec, data: mapDataFiles(spec.data, (file) => fromHere(out, resolve(folder, file), file)) }),
  );
  const record: DataRecord = { format: 1, metadata, signature };
  write(runFiles.data, text(record));
  write(runFiles.train, artifact.train);
  write(runFiles.eval, artifact.eval);
}

function fromHere(out: string, file: string, written: string): string {
  return isAbsolute(written) ? written : relative(resolve(out), file).split(sep).join("/");
}

/** What a run ended with, as `result.json` says it. */
export interface RunResult {
  readonly format: 1;
  /** False when the run was interrupted. */
  readonly finished: boolean;
  /** The step of the weights that it left. */
  readonly weights: number;
  readonly done: DoneEvent;
}

/** Writes what a run is for: the weights, the model that holds them, and last the word that they are there. */
export async function writeEnd(
  on: Disk,
  out: string,
  artifact: Artifact,
  parameters: Tensors,
  result: RunResult,
): Promise<void> {
  const { withWeights } = await import("../compiler/emit/weights.js");
  const about = { step: `${result.weights}` };
  replaceFile(on, join(out, runFiles.weights), writeSafetensors(parameters, about));
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  replaceFile(on, join(out, runFiles.model), withWeights(artifact.model, weights));
  const { stream } = artifact;
  if (stream !== null) replaceFile(on, join(out, runFiles.stream), withWeights(stream, weights));
  replaceFile(on, join(out, runFiles.result), Buffer.from(`${JSON.stringify(result, undefined, 2)}\n`));
}
