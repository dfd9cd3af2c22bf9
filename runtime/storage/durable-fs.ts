/** Changes to the disk that survive a crash, in the order that they were made. */
import * as system from "node:fs";
import { dirname, resolve } from "node:path";

/** The calls of the operating system that a disk makes, so that a test can let any of them fail. */
export type SystemCalls = Pick<
  typeof system,
  "closeSync" | "fsyncSync" | "mkdirSync" | "openSync" | "renameSync" | "rmSync" | "statfsSync" | "writeSync"
>;

export interface DurableFs {
  /** A folder with those above it, their names on the disk when this returns. */
  makeFolder(path: string): void;
  /** Creates or replaces a file, its bytes on the disk when this returns. */
  write(path: string, bytes: Uint8Array): void;
  /** Atomic: a reader sees the old name or the new one. */
  rename(from: string, to: string): void;
  /** Makes names that were created, renamed or removed in a folder last. */
  syncFolder(path: string): void;
  /** A file, or a folder with all that is in it; nothing where there is nothing. */
  remove(path: string): void;
  /** Bytes that may still be written where an existing folder is; infinite where the system does not say. */
  freeBytes(path: string): number;
}

export function createDurableFs(calls: SystemCalls): DurableFs {
  const syncFolder = (path: string) => {
    // Windows has no handle on a folder to sync; its renames last by themselves.
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
      // In full: the parent of a name of one letter, ".", is no shorter than it.
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
      // Some file systems of the network and of containers say nothing but zeros.
      return stats.blocks === 0 ? Number.POSITIVE_INFINITY : stats.bavail * stats.bsize;
    },
  };
}

export const durableFs: DurableFs = createDurableFs(system);

/** A write may take a part of the bytes only. */
export function writeAll(calls: Pick<SystemCalls, "writeSync">, file: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; ) offset += calls.writeSync(file, bytes, offset);
}

/** Replaces a file by one rename: whoever reads it finds all of the old bytes or all of the new. */
export function writeFileAtomic(fs: DurableFs, path: string, bytes: Uint8Array): void {
  fs.write(`${path}.partial`, bytes);
  fs.rename(`${path}.partial`, path);
  fs.syncFolder(dirname(path));
}
