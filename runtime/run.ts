/** A run directory, opened to be used: its spec, its manifest, what it learnt of its data, and weights that it left. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../compiler/artifact.js";
import type { Signature } from "../compiler/signature.js";
import type { NormalSpec } from "../schema/normal.js";
import { type Checkpoint, findCheckpoint, readCheckpoint } from "./checkpoint.js";
import type { Metadata } from "./data/metadata.js";
import { type DataRecord, runFiles } from "./directory.js";
import { type Checked, type RunProblem, refuse } from "./problem.js";
import { readSafetensors, type Tensors } from "./safetensors.js";

export interface Run {
  readonly folder: string;
  /** Its paths start from `folder`. */
  readonly spec: NormalSpec;
  readonly manifest: Manifest;
  readonly metadata: Metadata;
  /** Of the data that it was trained on. */
  readonly signature: Signature;
}

export function openRun(folder: string): Checked<{ readonly run: Run }> {
  const needed = [runFiles.manifest, runFiles.spec, runFiles.data];
  const missing = needed.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    const message = `"${folder}" is not a run directory: it has no ${missing.join(" and no ")}.`;
    return refuse(problem("not-a-run", message, "Name the directory that a training left, such as runs/hihello."));
  }
  try {
    const manifest: Manifest = readJson(folder, runFiles.manifest);
    const spec: NormalSpec = readJson(folder, runFiles.spec);
    const { metadata, signature }: DataRecord = readJson(folder, runFiles.data);
    return { ok: true, run: { folder, spec, manifest, metadata, signature } };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(problem("not-a-run", `"${folder}" is a damaged run: ${error.message}.`, ""));
  }
}

function readJson<T>(folder: string, name: string): T {
  const text = readFileSync(join(folder, name), "utf8");
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`${name} is not JSON`);
  }
}

/** Weights of a run: those that it ended with (or its newest checkpoint's), its best or newest checkpoint's, or a step's. */
export type Which = "end" | "best" | "last" | number;

export interface Weights {
  readonly step: number;
  readonly parameters: Tensors;
}

export function readWeights({ folder, spec }: Run, which: Which): Checked<{ readonly weights: Weights }> {
  const checkpoints = join(folder, runFiles.checkpoints);
  if (which === "end" && existsSync(join(folder, runFiles.weights))) return readEndWeights(folder);
  if (typeof which === "number") return weightsAt(folder, checkpoints, which);
  const { newest } = findCheckpoint(checkpoints);
  if (newest === undefined) {
    const message = `"${folder}" has no checkpoint, so its model has no weights yet.`;
    return refuse(problem("no-checkpoint", message, "Let it train until its first checkpoint."));
  }
  if (which !== "best") return { ok: true, weights: weightsOf(newest) };
  const { best } = newest.state.memory;
  if (best === null) {
    const message = `"${folder}" keeps no best checkpoint.`;
    const hint =
      spec.train.keep_best === null
        ? "Its spec has no train.keep_best, or no validation part. Use --checkpoint last."
        : "It has not been evaluated yet.";
    return refuse(problem("no-checkpoint", message, hint));
  }
  return best.step === newest.state.step
    ? { ok: true, weights: weightsOf(newest) }
    : weightsAt(folder, checkpoints, best.step);
}

function readEndWeights(folder: string): Checked<{ readonly weights: Weights }> {
  const read = readSafetensors(readFileSync(join(folder, runFiles.weights)));
  if (read.ok) return { ok: true, weights: { step: Number(read.metadata.step ?? 0), parameters: read.tensors } };
  const message = `The weights in "${folder}" cannot be read: ${read.message}.`;
  return refuse(problem("file-format", message, "Its checkpoints may be good: --checkpoint last."));
}

function weightsAt(folder: string, checkpoints: string, step: number): Checked<{ readonly weights: Weights }> {
  const read = readCheckpoint(checkpoints, step);
  if (typeof read !== "string") return { ok: true, weights: weightsOf(read) };
  const message = `"${folder}" has no good checkpoint of step ${step}: ${read}.`;
  return refuse(problem("no-checkpoint", message, `Its checkpoints are in ${checkpoints}.`));
}

function weightsOf({ state: { step }, parameters }: Checkpoint): Weights {
  return { step, parameters };
}

function problem(code: string, message: string, hint: string): RunProblem {
  return { code, path: "", message, hint };
}
