/** File systems whose calls fail, one at a time: no space, an I/O error, a kill. */
import * as system from "node:fs";
import { constants } from "node:os";
import type { SystemCalls } from "../../runtime/storage/durable-fs.js";

/** Failures of a call: an error of the system, or a kill before it or in the middle of a write. */
export const failureModes = ["ENOSPC", "EIO", "killed"] as const;

/** System calls of which one fails; after a kill all of them do. */
export function failingFiles(
  mode: (typeof failureModes)[number],
  failAt: number,
): { readonly files: SystemCalls; readonly calls: () => number } {
  let calls = 0;
  const wrap = <A extends readonly unknown[], R>(syscall: string, call: (...args: A) => R) => {
    return (...args: A): R => {
      const callIndex = calls++;
      if (mode === "killed" && callIndex > failAt) throw new Error("killed");
      if (callIndex !== failAt) return call(...args);
      const [file, bytes] = args;
      if (bytes instanceof Uint8Array) system.writeSync(Number(file), bytes.subarray(0, bytes.length / 2));
      if (mode === "killed") throw new Error("killed");
      throw Object.assign(new Error(mode), { code: mode, errno: -constants.errno[mode], syscall });
    };
  };
  const { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } = system;
  const syscalls = { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync };
  const wrapped = Object.entries(syscalls).map(([name, call]) => [
    name,
    wrap(name, call as (...args: readonly unknown[]) => unknown),
  ]);
  return { files: { ...system, ...Object.fromEntries(wrapped) }, calls: () => calls };
}
