/** Changes to the disk that survive a crash, in the order that they were made. */
import * as system from "node:fs";
import { dirname, resolve } from "node:path";

/** The calls of the operating system that a disk makes, so that a test can let any of them fail. */
export type Files = Pick<
  typeof system,
  "closeSync" | "fsyncSync" | "mkdirSync" | "openSync" | "renameSync" | "rmSync" | "statfsSync" | "writeSync"
>;

export interface Disk {
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
  free(path: string): number;
}

export function openDisk(files: Files): Disk {
  const syncFolder = (path: string) => {
    // Windows has no handle on a folder to sync; its renames last by themselves.
    if (process.platform === "win32") return;
    const folder = files.openSync(path, "r");
    try {
      files.fsyncSync(folder);
    } finally {
      files.closeSync(folder);
    }
  };
  return {
    makeFolder(path) {
      const first = files.mkdirSync(path, { recursive: true });
      if (first === undefined) return;
      // In full: the parent of a name of one letter, ".", is no shorter than it.
      const top = resolve(first);
      for (let made = resolve(path); made.length >= top.length; made = dirname(made)) syncFolder(dirname(made));
    },
    write(path, bytes) {
      const file = files.openSync(path, "w");
      try {
        writeAll(files, file, bytes);
        files.fsyncSync(file);
      } finally {
        files.closeSync(file);
      }
    },
    rename: files.renameSync,
    syncFolder,
    remove(path) {
      files.rmSync(path, { recursive: true, force: true });
    },
    free(path) {
      let said: system.StatsFs;
      try {
        said = files.statfsSync(path);
      } catch {
        return Number.POSITIVE_INFINITY;
      }
      // Some file systems of the network and of containers say nothing but zeros.
      return said.blocks === 0 ? Number.POSITIVE_INFINITY : said.bavail * said.bsize;
    },
  };
}

export const disk: Disk = openDisk(system);

/** A write may take a part of the bytes only. */
export function writeAll(files: Pick<Files, "writeSync">, file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += files.writeSync(file, bytes, written);
}

/** Replaces a file by one rename: whoever reads it finds all of the old bytes or all of the new. */
export function replaceFile(on: Disk, path: string, bytes: Uint8Array): void {
  on.write(`${path}.partial`, bytes);
  on.rename(`${path}.partial`, path);
  on.syncFolder(dirname(path));
}
