/** The machine as the doctor sees it: Node, cores, memory, and where a run can be written. */
import { accessSync, constants, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { formatBytes } from "../../../views/format.js";
import { type CheckResult, failed, good, warning } from "./check.js";

const MIB = 2 ** 20;

/** Below this a small model may not fit beside Node and ONNX Runtime. */
const minFreeMemory = 512 * MIB;
const minFreeDisk = 200 * MIB;

export function checkNode(version: string = process.versions.node): CheckResult {
  const [major = 0] = version.split(".").map(Number);
  const text = `Node ${version} on ${process.platform} ${process.arch}`;
  return major >= 20 ? good("node", text) : failed("node", text, "rnnx needs Node 20 or later: https://nodejs.org.");
}

export function checkCores(): CheckResult {
  const [first] = cpus();
  const cores = availableParallelism();
  const text = `${cores} ${cores === 1 ? "core" : "cores"}${first === undefined ? "" : `, ${first.model.trim()}`}`;
  return good("cores", text);
}

/** What this process may take, which may be less than what the machine has. */
export function checkMemory(
  total: number = Math.min(totalmem(), constrainedMemory()),
  free: number = Math.min(freemem(), total),
): CheckResult {
  const text = `${formatBytes(free)} of ${formatBytes(total)} free`;
  if (free >= minFreeMemory) return good("memory", text);
  return warning(
    "memory",
    text,
    "End other programs, or train with a smaller train.batch_size: inspect says what a spec needs.",
  );
}

/** Where runs go unless `--out` says otherwise. */
export function checkFolder(folder: string): CheckResult {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return failed("folder", `${folder} cannot be written to`, "Work in a folder of your own, or name one with --out.");
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const text = `${folder} can be written to, ${formatBytes(free)} free`;
  return free >= minFreeDisk
    ? good("folder", text)
    : warning("folder", text, "Runs keep checkpoints: make room, or name another disk with --out.");
}

/** What the system lets a process of this kind have; no limit where it does not say. */
function constrainedMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
