/**
 * Checkpoints: folders `step-00000020` that one rename makes complete. Each holds the weights, the optimizer's slots, the
 * state of the run, and a list of these files with their sizes and SHA-256.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NormalTrain } from "../schema/normal.js";
import type { Disk } from "./disk.js";
import { isSystemError, systemReason } from "./refusals.js";
import { readSafetensors, type Tensors, writeSafetensors } from "./safetensors.js";
import type { Memory } from "./watch.js";

export interface RunState {
  /** Version of this format. */
  readonly format: 1;
  /** Updates made. */
  readonly step: number;
  /** The loss of step `step`; null before the first. */
  readonly loss: number | null;
  readonly seed: number;
  /** SHA-256 of what the trajectory depends on: the spec, and the data. */
  readonly spec: string;
  readonly data: string;
  /** What the run's evaluations were. */
  readonly memory: Memory;
}

export interface Checkpoint {
  readonly state: RunState;
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** Of stateful layers; none where the model has none. */
  readonly states: Tensors;
}

export interface FoundCheckpoint {
  /** The newest one that is whole. */
  readonly newest: Checkpoint | undefined;
  /** Newer ones that are not, with what is wrong. */
  readonly damaged: readonly { readonly path: string; readonly reason: string }[];
}

export type Written =
  | { readonly ok: true; readonly path: string }
  /** The newest good checkpoint is at least as new as before. */
  | { readonly ok: false; readonly reason: string };

/** Which checkpoints stay besides the best one. */
export type Keeping = Pick<NormalTrain, "keep_last" | "keep_every">;

const partial = ".partial";
const list = "files.json";
const contents = ["weights.safetensors", "optimizer.safetensors", "state.json"] as const;
/** A file takes whole blocks, and its name some of the folder's. */
const blockBytes = 8192;
/** Where there are such. */
const carried = "states.safetensors";

/** Writes a checkpoint into `folder`, then removes those that need not stay. */
export function writeCheckpoint(on: Disk, folder: string, checkpoint: Checkpoint, keeping: Keeping): Written {
  const files: Readonly<Record<string, Uint8Array>> = {
    "weights.safetensors": writeSafetensors(checkpoint.parameters),
    "optimizer.safetensors": writeSafetensors(checkpoint.slots),
    "state.json": Buffer.from(`${JSON.stringify(checkpoint.state, undefined, 2)}\n`),
    ...(checkpoint.states.size > 0 && { [carried]: writeSafetensors(checkpoint.states) }),
  };
  const path = join(folder, nameOf(checkpoint.state.step));
  const unfinished = path + partial;
  try {
    on.makeFolder(folder);
    on.remove(unfinished);
    const needed = Object.values(files).reduce((sum, { length }) => sum + length + blockBytes, blockBytes);
    const free = on.free(folder);
    if (free < needed) return { ok: false, reason: `it needs ${needed} bytes, and ${folder} has room for ${free}` };
    on.makeFolder(unfinished);
    for (const [file, bytes] of Object.entries(files)) on.write(join(unfinished, file), bytes);
    on.write(join(unfinished, list), listOf(files));
    on.syncFolder(unfinished);
    // A folder of this name was found damaged, or the run would have gone on from it.
    on.remove(path);
    on.rename(unfinished, path);
    on.syncFolder(folder);
    prune(on, folder, checkpoint.state.step, keeping);
    return { ok: true, path };
  } catch (error) {
    tidy(on, unfinished);
    if (!isSystemError(error)) throw error;
    return { ok: false, reason: systemReason(error) };
  }
}

/** What was begun goes, where the disk lets it: the next start does the rest. */
function tidy(on: Disk, unfinished: string): void {
  try {
    on.remove(unfinished);
  } catch {
    // What stopped the writing is what is said.
  }
}

/** Removes checkpoints that are older than the last few, not the best that one of these remembers, and no milestones. */
function prune(on: Disk, folder: string, newest: number, { keep_last, keep_every }: Keeping): void {
  const older = stepsIn(folder).filter((step) => step <= newest);
  const best = older.slice(-keep_last).map((step) => bestOf(join(folder, nameOf(step))));
  for (const step of older.slice(0, -keep_last)) {
    const milestone = keep_every > 0 && step % keep_every === 0;
    if (!milestone && !best.includes(step)) on.remove(join(folder, nameOf(step)));
  }
}

/** The step of the best checkpoint that a checkpoint remembers; undefined where it cannot be read, or remembers none. */
function bestOf(path: string): number | undefined {
  const file = join(path, "state.json");
  if (!existsSync(file)) return undefined;
  return parseState(readFileSync(file))?.memory.best?.step;
}

/** Removes what a write that was killed left behind. */
export function removeUnfinished(on: Disk, folder: string): void {
  for (const name of namesIn(folder)) {
    if (name.endsWith(partial) && stepOf(name.slice(0, -partial.length)) !== undefined) on.remove(join(folder, name));
  }
}

/** Removes every checkpoint, and nothing else that may be in the folder. */
export function removeCheckpoints(on: Disk, folder: string): void {
  removeUnfinished(on, folder);
  for (const step of stepsIn(folder)) on.remove(join(folder, nameOf(step)));
}

export function findCheckpoint(folder: string): FoundCheckpoint {
  const damaged: { readonly path: string; readonly reason: string }[] = [];
  for (const step of stepsIn(folder).reverse()) {
    const path = join(folder, nameOf(step));
    const read = readCheckpoint(folder, step);
    if (typeof read !== "string") return { newest: read, damaged };
    damaged.push({ path, reason: read });
  }
  return { newest: undefined, damaged };
}

/** The checkpoint of a step, or what is wrong with it. */
export function readCheckpoint(folder: string, step: number): Checkpoint | string {
  const path = join(folder, nameOf(step));
  const files = new Map<string, Uint8Array>();
  const names = [...contents, ...(existsSync(join(path, carried)) ? [carried] : [])];
  for (const name of [...names, list]) {
    const file = join(path, name);
    if (!existsSync(file)) return `${name} is missing`;
    files.set(name, readFileSync(file));
  }
  const part = (name: string) => files.get(name) ?? new Uint8Array();
  const made = Object.fromEntries(names.map((name) => [name, part(name)]));
  // The list is compared whole, so a change of any byte in any of the files shows.
  if (!Buffer.from(listOf(made)).equals(part(list))) return mismatch(made, part(list));

  const state = parseState(part("state.json"));
  if (state === undefined || state.step !== step) return "state.json is not one of this version";
  const weights = readSafetensors(part("weights.safetensors"));
  const slots = readSafetensors(part("optimizer.safetensors"));
  if (!weights.ok) return `weights.safetensors cannot be read: ${weights.message}`;
  if (!slots.ok) return `optimizer.safetensors cannot be read: ${slots.message}`;
  const states = names.includes(carried) ? readSafetensors(part(carried)) : undefined;
  if (states?.ok === false) return `${carried} cannot be read: ${states.message}`;
  return { state, parameters: weights.tensors, slots: slots.tensors, states: states?.tensors ?? new Map() };
}

function mismatch(files: Readonly<Record<string, Uint8Array>>, listed: Uint8Array): string {
  const text = Buffer.from(listed).toString("utf8");
  const unlike = Object.entries(files).flatMap(([name, content]) => {
    const { bytes, sha256 } = entryOf(content);
    return text.includes(`"${sha256}"`) && text.includes(`"bytes": ${bytes}`) ? [] : [name];
  });
  return unlike.length === 0 ? `${list} is not as it was written` : `${unlike.join(", ")} does not match ${list}`;
}

function parseState(bytes: Uint8Array): RunState | undefined {
  try {
    const state: RunState = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return state.format === 1 && state.memory !== undefined ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Sizes and SHA-256 of files, always in the same bytes. */
function listOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const rows = Object.entries(files).map(([name, bytes]) => {
    return [name, entryOf(bytes)] as const;
  });
  return Buffer.from(`${JSON.stringify({ format: 1, files: Object.fromEntries(rows) }, undefined, 2)}\n`);
}

function entryOf(bytes: Uint8Array) {
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}

function stepOf(name: string): number | undefined {
  const digits = /^step-(\d{8,})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The steps of the checkpoints in a folder, whole or not, oldest first. */
function stepsIn(folder: string): number[] {
  const steps = namesIn(folder).map(stepOf);
  return steps.filter((step) => step !== undefined).sort((a, b) => a - b);
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
