/**
 * The trainer of one rank in synchronous training: gradients of the rank's rows are summed over all ranks at each step.
 */
import type { Tensor } from "onnxruntime-common";
import type { DataParallelPorts, Manifest } from "../../compiler/artifact.js";
import type { BatchSchedule } from "../data/batching/batch-schedule.js";
import type { DataSource } from "../data/source.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import { dataFeeds, feedsFor, learningRateFeeds, portsWithRole, requiredPort } from "../sessions/ports.js";
import type { Runner } from "../sessions/runner.js";
import { floatsOf, tensorOf } from "../tensors/ort.js";
import { concatenateMetrics, readUpdateMetrics, type Trainer, type UpdateMetrics } from "../training/trainer.js";
import { createTrainingState, type StoredTensors } from "../training/training-state.js";
import type { Communicator } from "./communicator.js";
import { allGatherRows, rowRange, shardBatch, sliceRows } from "./shard.js";

/** Training state and data that are equal on all ranks. */
export interface SharedTraining {
  readonly manifest: Manifest;
  readonly stored: StoredTensors;
  readonly source: DataSource;
  readonly batchSchedule: BatchSchedule;
  /** Micro-batches per gradient. */
  readonly microBatches: number;
}

/** All ranks apply equal updates to equal parameters, which stay equal. */
export function openSynchronousTrainer(
  communicator: Communicator,
  runners: { readonly gradient: Runner; readonly update: Runner },
  ports: DataParallelPorts,
  { manifest, stored, source, batchSchedule, microBatches }: SharedTraining,
  start: TrainingTensors,
): Trainer {
  const [from, to] = rowRange(batchSchedule.batchSize, communicator);
  const trainingState = createTrainingState(
    manifest.train,
    stored,
    { ...start, states: sliceRows(start.states, communicator) },
    to - from,
  );
  const gradientPort = requiredPort(ports.gradient.outputs, "gradient");
  const size = Number(requiredPort(ports.update.inputs, "gradient").shape[0]);

  let gradientBuffer: Tensor | undefined;
  /** The sums over this rank's rows. */
  const gradientSum = async (step: number): Promise<Float32Array> => {
    const batch = batchSchedule.indicesAt(step, 1);
    const { examples, firstRow, totalRows } = shardBatch(batch, microBatches, communicator);
    if (examples.length === 0) return new Float32Array(size);
    const rows = BigInt64Array.of(BigInt(firstRow), BigInt(totalRows));
    const feeds = {
      ...feedsFor(portsWithRole(ports.gradient.inputs, "shard"), () => ({ dtype: "int64", shape: [2], data: rows })),
      ...dataFeeds(ports.gradient, source.batch(examples), []),
    };
    const buffers = gradientBuffer === undefined ? {} : { [gradientPort.name]: gradientBuffer };
    const outputs = await trainingState.run(runners.gradient, ports.gradient, feeds, buffers);
    gradientBuffer = outputs[gradientPort.name];
    return floatsOf(outputs, gradientPort);
  };

  return {
    async runSteps(first, steps, learningRateScale) {
      const calls: UpdateMetrics[] = [];
      for (let index = 0; index < steps; index++) {
        const data = await gradientSum(first + index);
        communicator.allReduce(data);
        const outputs = await trainingState.run(runners.update, ports.update, {
          gradient: tensorOf({ dtype: "float32", shape: [size], data }),
          ...learningRateFeeds(ports.update, learningRateScale),
        });
        calls.push(readUpdateMetrics(ports.update, outputs));
      }
      const metrics = concatenateMetrics(calls);
      // The result is equal on all ranks.
      return { ...metrics, nonFinite: trainingState.commit(metrics) };
    },
    resetStates: trainingState.resetStates,
    async tensors(role) {
      const tensors = await trainingState.tensors(role);
      return role === "state" ? allGatherRows(tensors, batchSchedule.batchSize, communicator) : tensors;
    },
    parameters: async () => trainingState.parameters(),
  };
}
