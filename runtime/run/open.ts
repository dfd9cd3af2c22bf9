/** Opens a run directory: its spec, manifest, fitted metadata and weights. */

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Manifest } from "../../compiler/artifact.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec, NormalTableData } from "../../schema/normal/index.js";
import { didYouMean, nearestPath } from "../../schema/parse/missing-file.js";
import type { Metadata } from "../data/metadata.js";
import { formatInteger, listFirst } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { loadModels } from "../storage/model-files.js";
import { readSafetensors, type Tensors } from "../tensors/safetensors.js";
import { type Checkpoint, findLatestCheckpoint, listSteps, readCheckpoint } from "./checkpoint.js";
import { type DataRecord, runFiles } from "./layout.js";
import { readRunFile, readVersion } from "./validate-files.js";

export interface Run {
  readonly folder: string;
  /** Its paths are relative to `folder`. */
  readonly spec: NormalSpec;
  readonly manifest: Manifest;
  readonly metadata: Metadata;
  /** Of the training data. */
  readonly signature: Signature;
}

const modelHint = "Copy the model to that place of the run, or train again.";
const runHint = "Name the directory of a training run, such as runs/hihello.";

/** @param purpose "model" refuses the run of another program's model, whose spec has no layers. */
export function openRun(folder: string, purpose: "model" | "metrics" = "model"): Result<Run> {
  if (!existsSync(folder)) {
    const isRun = (path: string) => existsSync(join(path, runFiles.manifest));
    const inRuns = join("runs", basename(folder));
    const near = isRun(inRuns) ? inRuns : (nearestPath(folder, isRun) ?? nearestPath(inRuns, isRun));
    return fail([problem("not-a-run", `"${folder}" does not exist.`, didYouMean(near) || runHint)]);
  }
  const requiredFiles = [runFiles.manifest, runFiles.spec, runFiles.data];
  const missing = requiredFiles.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    const message = `"${folder}" is not a run directory: it has no ${missing.join(" and no ")}.`;
    return fail([problem("not-a-run", message, runHint)]);
  }
  if (purpose === "model" && existsSync(join(folder, runFiles.training))) {
    const message = `"${folder}" has the training of another program's model, which has no spec.`;
    return fail([problem("not-a-run", message, importedHint(folder))]);
  }
  const version = readVersion(folder);
  if (version !== undefined && version.format !== SUPPORTED_FORMAT) {
    const message = `"${folder}" was written by rnnx ${version.rnnx} in format ${version.format}, but this version reads format ${SUPPORTED_FORMAT}.`;
    return fail([problem("run-version", message, `Use rnnx ${version.rnnx}, or train its spec again.`)]);
  }
  const manifest = readRunFile<Manifest>(folder, runFiles.manifest);
  const spec = readRunFile<NormalSpec>(folder, runFiles.spec);
  const data = readRunFile<DataRecord>(folder, runFiles.data);
  if (!manifest.ok || !spec.ok || !data.ok) {
    const reasons = [manifest, spec, data].flatMap((result) => (result.ok ? [] : [result.error]));
    const message = `The run "${folder}" is damaged: ${reasons.join("; ")}.`;
    return fail([problem("not-a-run", message, "Train with --resume to write these files again.")]);
  }
  const { metadata, signature } = data.value;
  const models = loadModels(spec.value.model, folder);
  if (models.length > 0)
    return fail(
      models.map(({ code, message }) => problem(code, `The run "${folder}" is damaged: ${message}`, modelHint)),
    );
  return ok({ folder, spec: withCurrentKeys(spec.value), manifest: manifest.value, metadata, signature });
}

/** The spec of a run; those of earlier runs have the number of one row as horizon, and no scaling per window. */
function withCurrentKeys(recorded: NormalSpec): NormalSpec {
  const spec = { ...recorded, adapt: recorded.adapt ?? null };
  const { data } = spec;
  if (data.type !== "table") return spec;
  const horizon = Array.isArray(data.horizon) ? data.horizon : [Number(data.horizon)];
  const earlier: unknown = data.scale;
  const scale =
    typeof earlier !== "string"
      ? data.scale
      : earlier === "none"
        ? null
        : { type: earlier as ScaleType, per: "column" as const };
  return {
    ...spec,
    data: {
      ...data,
      horizon,
      scale,
      time: data.time ?? null,
      known_future: data.known_future ?? null,
      decode: data.decode ?? "direct",
      static: data.static ?? null,
    },
  };
}

type ScaleType = NonNullable<NormalTableData["scale"]>["type"];

/** Ways to use a folder of a model that another program made. */
function importedHint(folder: string): string {
  return existsSync(join(folder, runFiles.weights))
    ? `Its metrics are in ${join(folder, runFiles.metrics)}, and ${join(folder, runFiles.model)} is the trained model: read it with rnnx inspect.`
    : "Train it: rnnx train FOLDER --data FILE.";
}

const SUPPORTED_FORMAT: Manifest["format"] = 2;

/** The final weights (or the latest checkpoint's), those of the best or the last checkpoint, or those of a step's. */
export type WeightsSelector = "end" | "best" | "last" | number;

/** The metadata of the run that a file of weights belongs to: in its folder, or that of its checkpoints. */
export function metadataOfWeights(file: string): Metadata | null {
  const folder = dirname(file);
  const checkpoints = dirname(folder);
  const run = basename(checkpoints) === runFiles.checkpoints ? dirname(checkpoints) : folder;
  if (!existsSync(join(run, runFiles.data))) return null;
  const record = readRunFile<DataRecord>(run, runFiles.data);
  return record.ok ? record.value.metadata : null;
}

export interface Weights {
  readonly step: number;
  readonly parameters: Tensors;
}

export function readRunWeights({ folder, spec }: Run, selector: WeightsSelector): Result<Weights> {
  const checkpoints = join(folder, runFiles.checkpoints);
  if (selector === "end" && existsSync(join(folder, runFiles.weights))) return readFinalWeights(folder);
  if (typeof selector === "number") return readCheckpointWeights(folder, checkpoints, selector);
  const { latest } = findLatestCheckpoint(checkpoints);
  if (latest === undefined) {
    const message = `"${folder}" has no checkpoint, so its model has no weights yet.`;
    return fail([problem("no-checkpoint", message, "Train it until its first checkpoint.")]);
  }
  if (selector !== "best") return ok(weightsOf(latest));
  const { best } = latest.state.progress;
  if (best === null) {
    const message = `"${folder}" has no best checkpoint.`;
    const hint =
      spec.train.keep_best === null
        ? "Its spec has no train.keep_best, or no validation split. Use --checkpoint last."
        : "It has not been evaluated yet.";
    return fail([problem("no-checkpoint", message, hint)]);
  }
  return best.step === latest.state.step
    ? ok(weightsOf(latest))
    : readCheckpointWeights(folder, checkpoints, best.step);
}

function readFinalWeights(folder: string): Result<Weights> {
  const result = readSafetensors(readFileSync(join(folder, runFiles.weights)));
  if (result.ok) return ok({ step: Number(result.value.metadata.step ?? 0), parameters: result.value.tensors });
  const message = `The weights in "${folder}" cannot be read: ${result.error}.`;
  return fail([problem("file-format", message, "Try a checkpoint: --checkpoint last.")]);
}

function readCheckpointWeights(folder: string, checkpoints: string, step: number): Result<Weights> {
  const result = readCheckpoint(checkpoints, step);
  if (result.ok) return ok(weightsOf(result.value));
  const message = `"${folder}" has no intact checkpoint of step ${formatInteger(step)}: ${result.error}.`;
  const steps = listSteps(checkpoints);
  const hint =
    steps.length === 0 ? "The run has no checkpoint." : `Its checkpoints: ${listFirst(steps.map(String), 12)}.`;
  return fail([problem("no-checkpoint", message, hint)]);
}

function weightsOf({ state: { step }, parameters }: Checkpoint): Weights {
  return { step, parameters };
}

function problem(code: string, message: string, hint: string): RunProblem {
  return { code, path: "", message, hint };
}
