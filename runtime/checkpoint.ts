/**
 * Checkpoints: folders `step-00000020` that one rename makes complete. Each holds the weights, the optimizer's slots, the
 * state of the run, and a list of these files with their sizes and SHA-256.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Disk } from "./disk.js";
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

const kept = 2;
const partial = ".partial";
const list = "files.json";
const contents = ["weights.safetensors", "optimizer.safetensors", "state.json"] as const;
/** Where there are such. */
const carried = "states.safetensors";

/**
 * Writes a checkpoint into `folder`, then removes those that are older than the last two and are not the best that one of
 * these two remembers. The answer is its path.
 */
export function writeCheckpoint(on: Disk, folder: string, checkpoint: Checkpoint): string {
  const files: Readonly<Record<string, Uint8Array>> = {
    "weights.safetensors": writeSafetensors(checkpoint.parameters),
    "optimizer.safetensors": writeSafetensors(checkpoint.slots),
    "state.json": Buffer.from(`${JSON.stringify(checkpoint.state, undefined, 2)}\n`),
    ...(checkpoint.states.size > 0 && { [carried]: writeSafetensors(checkpoint.states) }),
  };
  const name = nameOf(checkpoint.state.step);
  const path = join(folder, name);
  const unfinished = path + partial;

  on.makeFolder(folder);
  on.remove(unfinished);
  on.makeFolder(unfinished);
  for (const [file, bytes] of Object.entries(files)) on.write(join(unfinished, file), bytes);
  on.write(join(unfinished, list), listOf(files));
  on.syncFolder(unfinished);
  // A folder of this name was found damaged, or the run would have gone on from it.
  on.remove(path);
  on.rename(unfinished, path);
  on.syncFolder(folder);

  const older = stepsIn(folder).filter((step) => step <= checkpoint.state.step);
  const best = older.slice(-kept).map((step) => bestOf(join(folder, nameOf(step))));
  for (const step of older.slice(0, -kept)) if (!best.includes(step)) on.remove(join(folder, nameOf(step)));
  return path;
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
  if (!Buffer.from(listOf(made)).equals(part(list))) return "its files are not those that were written";

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
    return [name, { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }] as const;
  });
  return Buffer.from(`${JSON.stringify({ format: 1, files: Object.fromEntries(rows) }, undefined, 2)}\n`);
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
