/**
 * HDF5 files as trees of groups and datasets. The library runs in WebAssembly with a file system in memory, so external
 * links and external data of a file cannot reach the disk.
 */

import type { Dataset, Entity, Group } from "h5wasm";
import { formatInteger } from "../format.js";
import { fail, ok, type Result } from "../result.js";
import type { ForeignTensor } from "./foreign-weights.js";

export interface Hdf5Group {
  readonly groups: ReadonlyMap<string, Hdf5Group>;
  readonly tensors: ReadonlyMap<string, ForeignTensor>;
  /** Strings, and lists of strings. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

export type ReadHdf5 = Result<{ readonly root: Hdf5Group; close(): void }, string>;

/** Bounds of the traversal: groups may contain themselves. */
const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 64;
const FILE_PATH = "/weights.h5";

export const HDF5_SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);

export type Hdf5Library = typeof import("h5wasm")["default"];

/** Undefined when the optional package h5wasm is not installed. */
export async function loadHdf5(load = () => import("h5wasm")): Promise<Hdf5Library | undefined> {
  try {
    return (await load()).default;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Tensors can be read until `close`. */
export async function readHdf5(library: Hdf5Library, bytes: Uint8Array): Promise<ReadHdf5> {
  const module = await library.ready;
  module.activate_throwing_error_handler();
  module.FS.writeFile(FILE_PATH, bytes);
  try {
    const file = new library.File(FILE_PATH, "r");
    const close = () => {
      file.close();
      module.FS.unlink(FILE_PATH);
    };
    return ok({ root: readGroup(file, "", 0, { entries: 0 }), close });
  } catch (error) {
    module.FS.unlink(FILE_PATH);
    return fail(reasonOf(error));
  }
}

/** The innermost entry of the library's error stack. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [innermost = text] = text
    .split("\n")
    .filter((line) => /^\s*#\d/.test(line))
    .map((line) => line.replace(/^.*\(\): /, ""))
    .slice(-1);
  return `HDF5 reports "${innermost.trim()}"`;
}

function readGroup(group: Group, path: string, depth: number, counter: { entries: number }): Hdf5Group {
  if (depth > MAX_DEPTH) throw new Error(`groups are nested more than ${MAX_DEPTH} deep`);
  const groups = new Map<string, Hdf5Group>();
  const tensors = new Map<string, ForeignTensor>();
  for (const key of group.keys()) {
    counter.entries += 1;
    if (counter.entries > MAX_ENTRIES) throw new Error(`it has more than ${formatInteger(MAX_ENTRIES)} entries`);
    const name = path === "" ? key : `${path}/${key}`;
    const entry: Entity | null = group.get(key);
    if (isGroup(entry)) groups.set(key, readGroup(entry, name, depth + 1, counter));
    else if (isDataset(entry)) tensors.set(key, tensorOf(entry, name));
  }
  return { groups, tensors, attributes: attributesOf(group) };
}

function isGroup(entry: Entity | null): entry is Group {
  return entry !== null && "type" in entry && entry.type === "Group";
}

function isDataset(entry: Entity | null): entry is Dataset {
  return entry !== null && "type" in entry && entry.type === "Dataset";
}

function attributesOf(group: Group): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(group.attrs).flatMap(([key, { value }]) => {
      const texts = Array.isArray(value) ? value : [value];
      return texts.every((text) => typeof text === "string") ? [[key, texts] as const] : [];
    }),
  );
}

function tensorOf(dataset: Dataset, name: string): ForeignTensor {
  return {
    name,
    shape: dataset.shape ?? [],
    read() {
      try {
        const { value } = dataset;
        if (value instanceof Float32Array) return ok(value);
        if (value instanceof Float64Array) return ok(Float32Array.from(value));
        return fail(
          `has elements of type ${typeof dataset.dtype === "string" ? dataset.dtype : "other"}, not float32 or float64`,
        );
      } catch (error) {
        return fail(`cannot be read: ${reasonOf(error)}`);
      }
    },
  };
}
