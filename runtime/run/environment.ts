/** `environment.json`: hardware, versions and speed of a training, which its results do not depend on. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { isTf32Allowed } from "../sessions/tf32.js";
import { type DurableFs, writeFileAtomic } from "../storage/durable-fs.js";
import { runFiles } from "./layout.js";

export interface RunEnvironment {
  readonly format: 1;
  readonly device: string;
  /** True if products of float32 values on CUDA may be in TF32; absent on other devices. */
  readonly tf32?: boolean | undefined;
  /** The number of threads at the end, where it is chosen by measuring. */
  readonly threads?: number | "all" | undefined;
  /**
   * Updates and their total time without evaluations and checkpoints, of all sessions of the run on this device. The
   * updates of a killed session are not counted.
   */
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

/** @param resumed adds the measurements to those of the earlier sessions on the same device. */
export function writeRunEnvironment(
  fs: DurableFs,
  out: string,
  { device, threads, updates, seconds }: Pick<RunEnvironment, "device" | "threads" | "updates" | "seconds">,
  resumed: boolean,
): void {
  const recorded = resumed ? readRunEnvironment(out) : undefined;
  const earlier = recorded?.device === device ? recorded : { updates: 0, seconds: 0 };
  const environment: RunEnvironment = {
    format: 1,
    device,
    tf32: device === "cuda" ? isTf32Allowed() : undefined,
    threads,
    updates: earlier.updates + updates,
    seconds: earlier.seconds + seconds,
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
