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
import { readRecorded, versionOf } from "./recorded.js";
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
  const version = versionOf(folder);
  if (version !== undefined && version.format !== format) {
    const message = `"${folder}" was left by rnnx ${version.rnnx}, in format ${version.format}; this version reads format ${format}.`;
    return refuse(problem("run-version", message, `Use rnnx ${version.rnnx}, or train its spec again.`));
  }
  const manifest = readRecorded<Manifest>(folder, runFiles.manifest);
  const spec = readRecorded<NormalSpec>(folder, runFiles.spec);
  const data = readRecorded<DataRecord>(folder, runFiles.data);
  if (!manifest.ok || !spec.ok || !data.ok) {
    const reasons = [manifest, spec, data].flatMap((read) => (read.ok ? [] : [read.reason]));
    const message = `"${folder}" is a damaged run: ${reasons.join("; ")}.`;
    return refuse(problem("not-a-run", message, "Training with --resume writes these files anew."));
  }
  const { metadata, signature } = data.value;
  return { ok: true, run: { folder, spec: spec.value, manifest: manifest.value, metadata, signature } };
}

/** Of the manifests that this version writes. */
const format: Manifest["format"] = 1;

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
