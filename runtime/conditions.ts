/** `conditions.json`: on what a training ran and how fast it was, which no number of the run depends on. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { runFiles } from "./directory.js";
import { type Disk, replaceFile } from "./disk.js";

export interface Conditions {
  readonly format: 1;
  readonly device: string;
  /** Updates of the process that ended the run, and the seconds that they took: evaluations and checkpoints not among them. */
  readonly updates: number;
  readonly seconds: number;
  readonly ended: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly onnxruntime: string;
}

export function writeConditions(
  on: Disk,
  out: string,
  measured: Pick<Conditions, "device" | "updates" | "seconds">,
): void {
  const conditions: Conditions = {
    format: 1,
    ...measured,
    ended: new Date().toISOString(),
    system: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? "",
    cores: availableParallelism(),
    node: process.versions.node,
    onnxruntime: createRequire(import.meta.url)("onnxruntime-node/package.json").version,
  };
  replaceFile(on, join(out, runFiles.conditions), Buffer.from(`${JSON.stringify(conditions, undefined, 2)}\n`));
}

/** Undefined for a run that has not ended. */
export function readConditions(folder: string): Conditions | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, runFiles.conditions), "utf8"));
  } catch {
    return undefined;
  }
}
