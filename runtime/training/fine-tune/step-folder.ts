/** The folder of a training step of another program's model: its ports, models, initial weights, loss and optimizer. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../../compiler/artifact.js";
import { isObject, type JsonObject } from "../../../schema/json-pointer.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { runFiles } from "../../run/layout.js";
import { readRunFile } from "../../run/validate-files.js";
import { readSafetensors, type Tensors } from "../../tensors/safetensors.js";
import { trainingFiles } from "../training-files.js";

/** The contents of `training.json`: members of a spec. */
export interface TrainingRecord {
  readonly format: 1;
  readonly name: string;
  /** `loss` or `losses`, `optimizer`, and the definitions that they name. */
  readonly settings: JsonObject;
}

export interface StepFolder {
  readonly folder: string;
  readonly record: TrainingRecord;
  readonly manifest: Manifest;
  readonly train: Uint8Array;
  readonly eval: Uint8Array;
  /** The model with its first weights; null where it stores them in other files. */
  readonly model: Uint8Array | null;
  /** Weights and optimizer state before the first update. */
  readonly initial: Tensors;
}

/** True for a folder that `rnnx grad` wrote. */
export function isStepFolder(folder: string): boolean {
  return existsSync(join(folder, runFiles.training)) && existsSync(join(folder, trainingFiles.initial));
}

/** True for data that are described as in a spec: a JSON file with its data block. */
export function isDataBlock(file: string): boolean {
  return file.toLowerCase().endsWith(".json");
}

const hint = "Write the folder again with rnnx grad.";

export function readTrainingRecord(folder: string): Result<TrainingRecord> {
  const file = join(folder, runFiles.training);
  const problem = (message: string) => fail([{ code: "step-folder", path: "", message, hint }]);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return problem(`"${file}" is not JSON.`);
  }
  if (!isObject(value) || typeof value.name !== "string" || !isObject(value.settings))
    return problem(`"${file}" has no name and no settings of a training step.`);
  if (value.format !== 1) return problem(`"${file}" has format ${value.format}, but this version reads format 1.`);
  return ok(value as unknown as TrainingRecord);
}

/** @param folder of which `isStepFolder` is true. */
export function openStepFolder(folder: string): Result<StepFolder> {
  const record = readTrainingRecord(folder);
  if (!record.ok) return record;
  const problem = (message: string): Result<never> =>
    fail([{ code: "step-folder", path: "", message, hint } satisfies RunProblem]);
  const manifest = readRunFile<Manifest>(folder, runFiles.manifest);
  if (!manifest.ok) return problem(`The folder "${folder}" is damaged: ${manifest.error}.`);
  const missing = [runFiles.train, runFiles.eval].find((name) => !existsSync(join(folder, name)));
  if (missing !== undefined) return problem(`The folder "${folder}" has no ${missing}.`);
  const read = (name: string) => readFileSync(join(folder, name));
  const initial = readSafetensors(read(trainingFiles.initial));
  if (!initial.ok) return problem(`"${join(folder, trainingFiles.initial)}" cannot be read: ${initial.error}.`);
  const { tensors } = initial.value;
  for (const { name, shape } of [...manifest.value.parameters, ...manifest.value.slots])
    if (tensors.get(name)?.shape.join() !== shape.join())
      return problem(`"${join(folder, trainingFiles.initial)}" has no tensor ${name} [${shape.join(", ")}].`);
  return ok({
    folder,
    record: record.value,
    manifest: manifest.value,
    train: read(runFiles.train),
    eval: read(runFiles.eval),
    model: existsSync(join(folder, runFiles.model)) ? read(runFiles.model) : null,
    initial: tensors,
  });
}
