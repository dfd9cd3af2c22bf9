/**
 * The trainer: makes updates, and holds the tensors that they change. This one computes whole batches in one session.
 */
import type { Ports } from "../../compiler/artifact.js";
import type { BatchLoader } from "../data/batching/batches.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import {
  dataFeeds,
  type FetchTensors,
  learningRateFeeds,
  requiredPort,
  type TrainingStateRole,
} from "../sessions/ports.js";
import type { Feeds, Runner } from "../sessions/runner.js";
import { floatsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import { concatenateLossScales, type LossScaleLog, readLossScales } from "./loss-scale.js";
import { createTrainingState, type NonFinite, type StoredTensors, type UpdateValues } from "./training-state.js";

/**
 * One number for each update of a call. `gradientNorms` are those before clipping, 0 for an update that was skipped.
 */
export interface UpdateMetrics extends UpdateValues {
  readonly learningRates: Float32Array;
  /** Null where the loss has no dynamic scale. */
  readonly lossScales: LossScaleLog | null;
}

export interface StepsResult extends UpdateMetrics {
  /** Null where all values are finite; otherwise none of the updates was made. */
  readonly nonFinite: NonFinite | null;
}

export interface Trainer {
  /**
   * Makes `steps` updates from step `first` on, or none where one of their values is not finite.
   *
   * @param learningRateScale factor on the learning rate, for the plateau schedule.
   */
  runSteps(first: number, steps: number, learningRateScale: number): Promise<StepsResult>;
  /** Sets the states of stateful layers to zero. */
  resetStates(): void;
  tensors(role: TrainingStateRole): Promise<Tensors>;
  /** The parameters on the session's device. */
  parameters(): Promise<Feeds>;
}

/** A trainer whose tensors can be replaced. */
export interface LocalTrainer extends Trainer {
  set(tensors: Tensors): void;
}

/**
 * @param rows examples in a batch of a model with stateful layers.
 * @param fetchTensors copies tensors from a device; absent where the host holds them.
 */
export function createTrainer(
  session: Runner,
  ports: Ports,
  storedTensors: StoredTensors,
  start: TrainingTensors,
  rows: number,
  batches: BatchLoader,
  fetchTensors?: FetchTensors,
): LocalTrainer {
  const state = createTrainingState(ports, storedTensors, start, rows, fetchTensors);
  return {
    async runSteps(first, steps, learningRateScale) {
      const data = dataFeeds(ports, batches(first, steps), [steps]);
      const outputs = await state.run(session, ports, { ...data, ...learningRateFeeds(ports, learningRateScale) });
      const metrics = readUpdateMetrics(ports, outputs);
      return { ...metrics, nonFinite: state.commit(metrics) };
    },
    resetStates: state.resetStates,
    tensors: state.tensors,
    parameters: async () => state.parameters(),
    set: state.set,
  };
}

export function readUpdateMetrics({ outputs: ports }: Ports, outputs: Feeds): UpdateMetrics {
  const valuesOf = (role: "loss" | "gradient_norm" | "learning_rate") => floatsOf(outputs, requiredPort(ports, role));
  return {
    losses: valuesOf("loss"),
    gradientNorms: valuesOf("gradient_norm"),
    learningRates: valuesOf("learning_rate"),
    lossScales: readLossScales(ports, outputs),
  };
}

/** The metrics of consecutive calls as those of one. */
export function concatenateMetrics(calls: readonly UpdateMetrics[]): UpdateMetrics {
  const concatenate = (valuesOf: (call: UpdateMetrics) => Float32Array) =>
    Float32Array.from(calls.flatMap((call) => [...valuesOf(call)]));
  return {
    losses: concatenate(({ losses }) => losses),
    gradientNorms: concatenate(({ gradientNorms }) => gradientNorms),
    learningRates: concatenate(({ learningRates }) => learningRates),
    lossScales: concatenateLossScales(calls.map(({ lossScales }) => lossScales)),
  };
}
