/** The trainer of one rank where every step is made of the whole batch: gradients of the rank's rows, added up over all ranks. */
import type { Tensor } from "onnxruntime-common";
import type { DataParallelPorts, Manifest } from "../../compiler/artifact.js";
import type { BatchSchedule } from "../data/batching/batch-schedule.js";
import type { DataSource } from "../data/source.js";
import { type Runner, runInto } from "../sessions/runner.js";
import { floatsOf, tensorOf } from "../tensors/ort.js";
import { concatenateLossScales, type LossScaleLog, readLossScales } from "../training/loss-scale.js";
import { findNonFinite, type Trainer } from "../training/trainer.js";
import {
  createTrainingState,
  dataFeeds,
  type InitialState,
  portsWithRole,
  requiredPort,
  type StoredTensors,
} from "../training/training-state.js";
import type { Communicator } from "./communicator.js";
import { allGatherRows, rowRange, shardBatch, sliceRows } from "./shard.js";

/** What the ranks train: the same for all of them. */
export interface SharedTraining {
  readonly manifest: Manifest;
  readonly stored: StoredTensors;
  readonly source: DataSource;
  readonly batchSchedule: BatchSchedule;
  /** Portions that a rank's gradient is made of, one after the other. */
  readonly microBatches: number;
}

/** All ranks make the same updates of the same numbers, so their parameters stay the same. */
export function openSynchronousTrainer(
  communicator: Communicator,
  runners: { readonly gradient: Runner; readonly update: Runner },
  ports: DataParallelPorts,
  { manifest, stored, source, batchSchedule, microBatches }: SharedTraining,
  start: InitialState,
): Trainer {
  const [from, to] = rowRange(batchSchedule.batchSize, communicator);
  const trainingState = createTrainingState(
    manifest.train,
    stored,
    { ...start, states: sliceRows(start.states, communicator) },
    to - from,
  );
  const gradient = requiredPort(ports.gradient.outputs, "gradient");
  const reportPorts = (["loss", "gradient_norm", "learning_rate"] as const).map((role) =>
    requiredPort(ports.update.outputs, role),
  );
  const size = Number(requiredPort(ports.update.inputs, "gradient").shape[0]);

  /** Where the sums of the step before are. */
  let gradientBuffer: Tensor | undefined;
  /** The sums of this rank's rows. */
  const gradientSum = async (step: number): Promise<Float32Array> => {
    const {
      examples,
      firstRow: first,
      totalRows,
    } = shardBatch(batchSchedule.indicesAt(step, 1), microBatches, communicator);
    if (examples.length === 0) return new Float32Array(size);
    const position = tensorOf({ dtype: "int64", shape: [2], data: BigInt64Array.of(BigInt(first), BigInt(totalRows)) });
    const shardFeeds = portsWithRole(ports.gradient.inputs, "shard").map(({ name }) => [name, position] as const);
    const feeds = {
      ...trainingState.feeds(ports.gradient, 1),
      ...Object.fromEntries(shardFeeds),
      ...dataFeeds(ports.gradient, source.batch(examples), []),
    };
    const reusable = {
      ...trainingState.reusableBuffers(ports.gradient),
      ...(gradientBuffer && { [gradient.name]: gradientBuffer }),
    };
    const outputs = await runInto(runners.gradient, feeds, reusable);
    gradientBuffer = outputs[gradient.name];
    trainingState.update(ports.gradient, outputs);
    return floatsOf(outputs, gradient);
  };

  return {
    async advance(first, steps, rateScale) {
      const reports = [new Float32Array(steps), new Float32Array(steps), new Float32Array(steps)] as const;
      const lossScales: (LossScaleLog | null)[] = [];
      const snapshot = trainingState.snapshot();
      for (let index = 0; index < steps; index++) {
        const sums = await gradientSum(first + index);
        communicator.allReduce(sums);
        const gradientTensor = tensorOf({ dtype: "float32", shape: [size], data: sums });
        const feeds = { ...trainingState.feeds(ports.update, rateScale), gradient: gradientTensor };
        const outputs = await runInto(runners.update, feeds, trainingState.reusableBuffers(ports.update));
        trainingState.update(ports.update, outputs);
        lossScales.push(readLossScales(ports.update.outputs, outputs));
        for (const [position, port] of reportPorts.entries()) reports[position]?.set(floatsOf(outputs, port), index);
      }
      const [losses, norms, rates] = reports;
      // All ranks find the same.
      const nonFinite = findNonFinite({ losses, gradientNorms: norms }, trainingState);
      if (nonFinite === null) trainingState.commit(snapshot);
      else trainingState.rollback(snapshot);
      return {
        losses,
        gradientNorms: norms,
        learningRates: rates,
        lossScales: concatenateLossScales(lossScales),
        nonFinite,
      };
    },
    resetStates: trainingState.resetStates,
    async tensors(role) {
      const tensors = await trainingState.tensors(role);
      return role === "state" ? allGatherRows(tensors, batchSchedule.batchSize, communicator) : tensors;
    },
    parameters: async () => trainingState.parameters(),
  };
}
