/** Checks of the system: Node, CPU cores, memory, and the folder of the runs. */
import { accessSync, constants, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { formatBytes } from "../../../runtime/format.js";
import { type CheckResult, failed, good, warning } from "./check.js";

const MIB = 2 ** 20;

/** Node, ONNX Runtime and a small model need about this much. */
const minFreeMemory = 512 * MIB;
const minFreeDisk = 200 * MIB;

export function checkNode(version: string = process.versions.node): CheckResult {
  const [major = 0] = version.split(".").map(Number);
  const text = `Node ${version} on ${process.platform} ${process.arch}`;
  return major >= 20 ? good("node", text) : failed("node", text, "Install Node 20 or later: https://nodejs.org.");
}

export function checkCores(): CheckResult {
  const [first] = cpus();
  const cores = availableParallelism();
  const text = `${cores} ${cores === 1 ? "core" : "cores"}${first === undefined ? "" : `, ${first.model.trim()}`}`;
  return good("cores", text);
}

/** Checks the memory available to this process, within the limit of its container. */
export function checkMemory(
  total: number = Math.min(totalmem(), constrainedMemory()),
  free: number = Math.min(freemem(), total),
): CheckResult {
  const text = `${formatBytes(free)} of ${formatBytes(total)} free`;
  if (free >= minFreeMemory) return good("memory", text);
  return warning(
    "memory",
    text,
    "Close other programs, or reduce train.batch_size: rnnx inspect prints the memory that a spec needs.",
  );
}

/** Checks the folder that holds the runs by default. */
export function checkFolder(folder: string): CheckResult {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return failed("folder", `${folder} is not writable`, "Use another folder, or name one with --out.");
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const text = `${folder} is writable, ${formatBytes(free)} free`;
  return free >= minFreeDisk
    ? good("folder", text)
    : warning("folder", text, "Checkpoints need disk space: free some, or name a folder on another disk with --out.");
}

/** The memory limit of the container; infinite without one. */
function constrainedMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
