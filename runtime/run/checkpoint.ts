/**
 * Checkpoints: folders `step-00000020`, each completed by one rename. A checkpoint holds the weights, the optimizer's
 * slots, the state of the run, and the sizes and SHA-256 sums of these files.
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NormalTrain } from "../../schema/normal/index.js";
import { formatBytes } from "../format.js";
import { fail, ok, type Result } from "../result.js";
import type { DurableFs } from "../storage/durable-fs.js";
import { isSystemError, systemReason } from "../storage/system-errors.js";
import { readSafetensors, type Tensors, writeSafetensors } from "../tensors/safetensors.js";
import type { TrainingProgress } from "./training-snapshot.js";

export interface RunState {
  /** Version of this format. */
  readonly format: 1;
  /** Updates made. */
  readonly step: number;
  /** The loss of step `step`; null before the first. */
  readonly loss: number | null;
  readonly seed: number;
  /** SHA-256 of the spec members that the results depend on, and of the data. */
  readonly spec: string;
  readonly data: string;
  readonly progress: TrainingProgress;
}

export interface Checkpoint {
  readonly state: RunState;
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** Of stateful layers; none where the model has none. */
  readonly states: Tensors;
}

export interface CheckpointScan {
  /** The latest intact checkpoint. */
  readonly latest: Checkpoint | undefined;
  /** Later checkpoints that are damaged. */
  readonly damaged: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * The path of the new checkpoint, or the reason of the failure, after which the latest intact checkpoint is unchanged.
 */
export type CheckpointWriteResult = Result<string, string>;

/** The checkpoints that are kept, in addition to the best one. */
export type RetentionPolicy = Pick<NormalTrain, "keep_last" | "keep_every">;

const partialSuffix = ".partial";
const checksumsFile = "files.json";
const requiredFiles = ["weights.safetensors", "optimizer.safetensors", "state.json"] as const;
/** The size of a file is rounded up to blocks, and its directory entry takes some more. */
const BLOCK_BYTES = 8192;
/** Present only for models with stateful layers. */
const statesFile = "states.safetensors";

/** Writes a checkpoint into `folder`, then removes those that the policy does not keep. */
export function writeCheckpoint(
  fs: DurableFs,
  folder: string,
  checkpoint: Checkpoint,
  retention: RetentionPolicy,
): CheckpointWriteResult {
  const files: Readonly<Record<string, Uint8Array>> = {
    "weights.safetensors": writeSafetensors(checkpoint.parameters),
    "optimizer.safetensors": writeSafetensors(checkpoint.slots),
    "state.json": Buffer.from(`${JSON.stringify(checkpoint.state, undefined, 2)}\n`),
    ...(checkpoint.states.size > 0 && { [statesFile]: writeSafetensors(checkpoint.states) }),
  };
  const path = join(folder, folderName(checkpoint.state.step));
  const partialPath = path + partialSuffix;
  try {
    fs.makeFolder(folder);
    fs.remove(partialPath);
    const neededBytes = Object.values(files).reduce((sum, { length }) => sum + length + BLOCK_BYTES, BLOCK_BYTES);
    const freeBytes = fs.freeBytes(folder);
    if (freeBytes < neededBytes)
      return fail(`it needs ${formatBytes(neededBytes)}, but ${folder} has ${formatBytes(freeBytes)} free`);
    fs.makeFolder(partialPath);
    for (const [file, bytes] of Object.entries(files)) fs.write(join(partialPath, file), bytes);
    fs.write(join(partialPath, checksumsFile), checksumsOf(files));
    fs.syncFolder(partialPath);
    // An existing folder of this name is damaged: the run would have resumed from it otherwise.
    fs.remove(path);
    fs.rename(partialPath, path);
    fs.syncFolder(folder);
    prune(fs, folder, checkpoint.state.step, retention);
    return ok(path);
  } catch (error) {
    removePartial(fs, partialPath);
    if (!isSystemError(error)) throw error;
    return fail(systemReason(error));
  }
}

/** Removes the partial folder where the disk allows it; the next start does it otherwise. */
function removePartial(fs: DurableFs, partialPath: string): void {
  try {
    fs.remove(partialPath);
  } catch {
    // The error of the write is reported instead.
  }
}

/** Removes older checkpoints, except for periodic ones and the best one of each that is kept. */
function prune(fs: DurableFs, folder: string, latestStep: number, { keep_last, keep_every }: RetentionPolicy): void {
  const steps = listSteps(folder).filter((step) => step <= latestStep);
  const bestSteps = steps
    .slice(-keep_last)
    .map((step) => readRunState(join(folder, folderName(step)))?.progress.best?.step);
  for (const step of steps.slice(0, -keep_last)) {
    const isPeriodic = keep_every > 0 && step % keep_every === 0;
    if (!isPeriodic && !bestSteps.includes(step)) fs.remove(join(folder, folderName(step)));
  }
}

/** The states of all checkpoints in a folder, latest first. Neither tensors nor checksums are read. */
export function readRunStates(folder: string): readonly RunState[] {
  return listSteps(folder)
    .reverse()
    .flatMap((step) => readRunState(join(folder, folderName(step))) ?? []);
}

function readRunState(path: string): RunState | undefined {
  const file = join(path, "state.json");
  return existsSync(file) ? parseState(readFileSync(file)) : undefined;
}

/** Removes the partial folders of writes that were killed. */
export function removePartialCheckpoints(fs: DurableFs, folder: string): void {
  for (const name of listNames(folder)) {
    if (name.endsWith(partialSuffix) && parseStep(name.slice(0, -partialSuffix.length)) !== undefined)
      fs.remove(join(folder, name));
  }
}

/** Removes every checkpoint, and no other file of the folder. */
export function removeCheckpoints(fs: DurableFs, folder: string): void {
  removePartialCheckpoints(fs, folder);
  for (const step of listSteps(folder)) fs.remove(join(folder, folderName(step)));
}

export function findLatestCheckpoint(folder: string): CheckpointScan {
  const damaged: { readonly path: string; readonly reason: string }[] = [];
  for (const step of listSteps(folder).reverse()) {
    const path = join(folder, folderName(step));
    const result = readCheckpoint(folder, step);
    if (result.ok) return { latest: result.value, damaged };
    damaged.push({ path, reason: result.error });
  }
  return { latest: undefined, damaged };
}

/** The checkpoint of a step; the error is a clause that names the damaged file. */
export function readCheckpoint(folder: string, step: number): Result<Checkpoint, string> {
  const path = join(folder, folderName(step));
  const files = new Map<string, Uint8Array>();
  const names = [...requiredFiles, ...(existsSync(join(path, statesFile)) ? [statesFile] : [])];
  for (const name of [...names, checksumsFile]) {
    const file = join(path, name);
    if (!existsSync(file)) return fail(`${name} is missing`);
    files.set(name, readFileSync(file));
  }
  const fileBytes = (name: string) => files.get(name) ?? new Uint8Array();
  const fileContents = Object.fromEntries(names.map((name) => [name, fileBytes(name)]));
  // The whole list is compared, so a change of any byte of any file is found.
  if (!Buffer.from(checksumsOf(fileContents)).equals(fileBytes(checksumsFile)))
    return fail(describeMismatch(fileContents, fileBytes(checksumsFile)));

  const state = parseState(fileBytes("state.json"));
  if (state === undefined || state.step !== step) return fail("state.json was not written by this version");
  const weights = readSafetensors(fileBytes("weights.safetensors"));
  const slots = readSafetensors(fileBytes("optimizer.safetensors"));
  if (!weights.ok) return fail(`weights.safetensors cannot be read: ${weights.error}`);
  if (!slots.ok) return fail(`optimizer.safetensors cannot be read: ${slots.error}`);
  const states = names.includes(statesFile) ? readSafetensors(fileBytes(statesFile)) : undefined;
  if (states?.ok === false) return fail(`${statesFile} cannot be read: ${states.error}`);
  return ok({
    state,
    parameters: weights.value.tensors,
    slots: slots.value.tensors,
    states: states?.value.tensors ?? new Map(),
  });
}

function describeMismatch(files: Readonly<Record<string, Uint8Array>>, recorded: Uint8Array): string {
  const text = Buffer.from(recorded).toString("utf8");
  const changedFiles = Object.entries(files).flatMap(([name, content]) => {
    const { bytes, sha256 } = checksumOf(content);
    return text.includes(`"${sha256}"`) && text.includes(`"bytes": ${bytes}`) ? [] : [name];
  });
  return changedFiles.length === 0
    ? `${checksumsFile} has changed`
    : `${changedFiles.join(", ")} does not match ${checksumsFile}`;
}

function parseState(bytes: Uint8Array): RunState | undefined {
  try {
    const state: RunState = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return state.format === 1 && state.progress !== undefined ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Sizes and SHA-256 of files, as deterministic JSON. */
function checksumsOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries = Object.entries(files).map(([name, bytes]) => {
    return [name, checksumOf(bytes)] as const;
  });
  return Buffer.from(`${JSON.stringify({ format: 1, files: Object.fromEntries(entries) }, undefined, 2)}\n`);
}

function checksumOf(bytes: Uint8Array) {
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function folderName(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}

function parseStep(name: string): number | undefined {
  const digits = /^step-(\d{8,})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The steps of all checkpoints in a folder, intact or not, oldest first. */
export function listSteps(folder: string): number[] {
  const steps = listNames(folder).map(parseStep);
  return steps.filter((step) => step !== undefined).sort((a, b) => a - b);
}

function listNames(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
