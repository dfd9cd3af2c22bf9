/** Changes to the disk that survive a crash, in the order that they were made. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** A face, so that a test can stop after any of these. */
export interface Disk {
  makeFolder(path: string): void;
  /** Creates or replaces a file, its bytes on the disk when this returns. */
  write(path: string, bytes: Uint8Array): void;
  /** Atomic: a reader sees the old name or the new one. */
  rename(from: string, to: string): void;
  /** Makes names that were created, renamed or removed in a folder last. */
  syncFolder(path: string): void;
  /** A file, or a folder with all that is in it; nothing where there is nothing. */
  remove(path: string): void;
}

export const disk: Disk = {
  makeFolder(path) {
    mkdirSync(path, { recursive: true });
  },
  write(path, bytes) {
    const file = openSync(path, "w");
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
  rename: renameSync,
  syncFolder(path) {
    // Windows has no handle on a folder to sync; its renames last by themselves.
    if (process.platform === "win32") return;
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
  remove(path) {
    rmSync(path, { recursive: true, force: true });
  },
};

/** Replaces a file by one rename: whoever reads it finds all of the old bytes or all of the new. */
export function replaceFile(on: Disk, path: string, bytes: Uint8Array): void {
  on.write(`${path}.partial`, bytes);
  on.rename(`${path}.partial`, path);
  on.syncFolder(dirname(path));
}
