/** Opens the thread tuner of a training on the CPU, where more than one number of threads is plausible. */
import { availableParallelism } from "node:os";
import type { Artifact } from "../../../compiler/artifact.js";
import { openStepRunner } from "../backend.js";
import { portsWithRole } from "../ports.js";
import type { Runner } from "../runner.js";
import { type Device, isSingleThreaded, sessionError } from "../session.js";
import { createThreadTuner, type ThreadCount, type ThreadTuner } from "./thread-tuner.js";

/** Work per synchronization, as a fraction of the least for several threads, below which one is the fastest. */
const PLAUSIBLE_FRACTION = 0.25;

export interface TunedTraining {
  readonly runner: Runner;
  readonly device: Device;
  readonly artifact: Artifact;
  /** The length of all sequences; undefined where it differs from batch to batch. */
  readonly timeSteps: number | undefined;
  /** Of a micro-batch, by `estimateWorkPerSync`. */
  readonly workPerSync: number;
  /** Requested by the user. */
  readonly threads: number | "auto" | undefined;
  readonly lastStep: number;
  /** Free bytes of the machine. */
  readonly availableMemory: () => number;
}

export interface OpenedTuner {
  /** Undefined where the number of threads is fixed. */
  readonly tuner: ThreadTuner | undefined;
  /** The reason why a requested measurement does not take place. */
  readonly notices: readonly string[];
}

export function openThreadTuner(training: TunedTraining): OpenedTuner {
  const { runner, artifact, workPerSync, threads, lastStep, availableMemory } = training;
  if (typeof threads === "number") return { tuner: undefined, notices: [] };
  const isSmall = isSingleThreaded(workPerSync);
  const isAuto = threads === "auto";
  const reason = reasonForOneNumber(training);
  if (reason !== undefined)
    return { tuner: undefined, notices: isAuto ? [`--threads auto has no effect: ${reason}.`] : [] };
  if (!isAuto && (isSmall || !showsGradients(artifact))) return { tuner: undefined, notices: [] };
  const ports = artifact.manifest.train;
  const open = async (count: ThreadCount) => {
    const work = count === "all" ? Number.POSITIVE_INFINITY : workPerSync;
    const options = count === "all" ? {} : { requestedThreads: count };
    const opened = await openStepRunner("cpu", artifact.train, ports, work, options);
    if (!opened.ok) throw sessionError(opened.error);
    return opened.value.runner;
  };
  const tuner = createThreadTuner({
    ports,
    first: runner,
    counts: isSmall ? [1, "all"] : ["all", 1],
    choice: isAuto ? "any" : "equal",
    open,
    // A second session needs at most the memory of this process.
    hasMemory: () => availableMemory() > process.memoryUsage.rss(),
    lastStep,
  });
  return { tuner, notices: [] };
}

function reasonForOneNumber({ device, artifact, timeSteps, workPerSync }: TunedTraining): string | undefined {
  if (device !== "cpu") return `the device is ${device}`;
  if (availableParallelism() === 1) return "there is one core";
  if (isSingleThreaded(workPerSync / PLAUSIBLE_FRACTION)) return "the model is small and runs on one thread";
  return haveEqualShapes(artifact, timeSteps) ? undefined : "the batches have different shapes";
}

/**
 * True if all batches have the same shape. The pace of others varies, and equal results of one shape prove nothing for
 * another.
 */
function haveEqualShapes({ manifest: { train } }: Artifact, timeSteps: number | undefined): boolean {
  const fixed = ["steps", "batch", ...(timeSteps === undefined ? [] : ["time"])];
  return portsWithRole(train.inputs, "data").every(({ shape }) =>
    shape.every((dim) => typeof dim === "number" || fixed.includes(dim)),
  );
}

/**
 * True if the optimizer keeps a moment of every gradient, so that gradients that differ are seen in a trial's outputs:
 * an update alone may round their difference away.
 */
function showsGradients({ manifest: { parameters, slots } }: Artifact): boolean {
  return parameters
    .filter(({ trainable }) => trainable)
    .every(({ name, shape }) =>
      slots.some((slot) => slot.name.startsWith(`${name}/`) && `${slot.shape}` === `${shape}`),
    );
}
