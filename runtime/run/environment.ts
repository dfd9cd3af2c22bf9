/** `environment.json`: hardware, versions and speed of a training, which its results do not depend on. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { type DurableFs, writeFileAtomic } from "../storage/durable-fs.js";
import { runFiles } from "./layout.js";

export interface RunEnvironment {
  readonly format: 1;
  readonly device: string;
  /** Updates of the process that ended the run, and their total time without evaluations and checkpoints. */
  readonly updates: number;
  readonly seconds: number;
  readonly ended: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly onnxruntime: string;
}

/** Updates per second, without evaluations and checkpoints: the speed in all displays. Null before the first update. */
export function stepsPerSecond({ updates, seconds }: Pick<RunEnvironment, "updates" | "seconds">): number | null {
  return seconds > 0 ? updates / seconds : null;
}

export function writeRunEnvironment(
  fs: DurableFs,
  out: string,
  measurements: Pick<RunEnvironment, "device" | "updates" | "seconds">,
): void {
  const environment: RunEnvironment = {
    format: 1,
    ...measurements,
    ended: new Date().toISOString(),
    system: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? "",
    cores: availableParallelism(),
    node: process.versions.node,
    onnxruntime: createRequire(import.meta.url)("onnxruntime-node/package.json").version,
  };
  writeFileAtomic(fs, join(out, runFiles.environment), Buffer.from(`${JSON.stringify(environment, undefined, 2)}\n`));
}

/** Undefined for a run that has not ended. */
export function readRunEnvironment(folder: string): RunEnvironment | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, runFiles.environment), "utf8"));
  } catch {
    return undefined;
  }
}
