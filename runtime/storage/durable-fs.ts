/** File-system changes that survive a crash, in their order. */
import * as system from "node:fs";
import { dirname, resolve } from "node:path";

/** System calls of a DurableFs, which tests replace to make any of them fail. */
export type SystemCalls = Pick<
  typeof system,
  "closeSync" | "fsyncSync" | "mkdirSync" | "openSync" | "renameSync" | "rmSync" | "statfsSync" | "writeSync"
>;

export interface DurableFs {
  /** Creates a folder and its parents; durable on return. */
  makeFolder(path: string): void;
  /** Creates or replaces a file; durable on return. */
  write(path: string, bytes: Uint8Array): void;
  /** Atomic: a reader sees the old name or the new one. */
  rename(from: string, to: string): void;
  /** Makes created, renamed and removed names of a folder durable. */
  syncFolder(path: string): void;
  /** Removes a file or a folder with its contents, if it exists. */
  remove(path: string): void;
  /** Free bytes of the file system of an existing folder; infinite if unknown. */
  freeBytes(path: string): number;
}

export function createDurableFs(calls: SystemCalls): DurableFs {
  const syncFolder = (path: string) => {
    // Windows cannot sync a folder; its renames are durable.
    if (process.platform === "win32") return;
    const folder = calls.openSync(path, "r");
    try {
      calls.fsyncSync(folder);
    } finally {
      calls.closeSync(folder);
    }
  };
  return {
    makeFolder(path) {
      const firstCreated = calls.mkdirSync(path, { recursive: true });
      if (firstCreated === undefined) return;
      // Absolute paths: a parent such as "." is not shorter than a one-letter name.
      const top = resolve(firstCreated);
      for (let current = resolve(path); current.length >= top.length; current = dirname(current))
        syncFolder(dirname(current));
    },
    write(path, bytes) {
      const file = calls.openSync(path, "w");
      try {
        writeAll(calls, file, bytes);
        calls.fsyncSync(file);
      } finally {
        calls.closeSync(file);
      }
    },
    rename: calls.renameSync,
    syncFolder,
    remove(path) {
      calls.rmSync(path, { recursive: true, force: true });
    },
    freeBytes(path) {
      let stats: system.StatsFs;
      try {
        stats = calls.statfsSync(path);
      } catch {
        return Number.POSITIVE_INFINITY;
      }
      // Some network and container file systems report zeros.
      return stats.blocks === 0 ? Number.POSITIVE_INFINITY : stats.bavail * stats.bsize;
    },
  };
}

export const durableFs: DurableFs = createDurableFs(system);

/** Repeats writes until all bytes are written. */
export function writeAll(calls: Pick<SystemCalls, "writeSync">, file: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; ) offset += calls.writeSync(file, bytes, offset);
}

/** Replaces a file by one rename: a reader finds all of the old bytes or all of the new. */
export function writeFileAtomic(fs: DurableFs, path: string, bytes: Uint8Array): void {
  fs.write(`${path}.partial`, bytes);
  fs.rename(`${path}.partial`, path);
  fs.syncFolder(dirname(path));
}
