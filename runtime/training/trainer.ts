/** The trainer: makes updates, and holds the tensors that they change. This one has all of a batch, in one session. */
import type { Tensor } from "onnxruntime-common";
import type { Ports } from "../../compiler/artifact.js";
import type { BatchLoader } from "../data/batching/batches.js";
import { type Runner, runInto } from "../sessions/runner.js";
import { floatsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import { type LossScaleLog, readLossScales } from "./loss-scale.js";
import {
  createTrainingState,
  dataFeeds,
  type FetchTensors,
  type InitialState,
  requiredPort,
  type StoredTensors,
  type TrainingState,
  type TrainingStateRole,
} from "./training-state.js";

/** One number for each update of a call. */
export interface UpdateMetrics {
  readonly losses: Float32Array;
  /** Of the gradients, before clipping; 0 of an update that was left out. */
  readonly gradientNorms: Float32Array;
  readonly learningRates: Float32Array;
  /** Null where the loss has no scale that changes. */
  readonly lossScales: LossScaleLog | null;
}

export interface Trainer {
  /**
   * Makes `steps` updates from step `first` on, or none where some number of theirs is not finite. Where the schedule watches a
   * plateau, `rateScale` multiplies their learning rate.
   */
  advance(first: number, steps: number, learningRateScale: number): Promise<AdvanceResult>;
  /** Sets the states that go on from step to step to zero. */
  resetStates(): void;
  /** The parameters, the slots, or the states that go on, as they are now. */
  tensors(role: TrainingStateRole): Promise<Tensors>;
  /** The parameters as a session on the same device takes them. */
  parameters(): Promise<Readonly<Record<string, Tensor>>>;
}

/** What some updates were. */
export interface AdvanceResult extends UpdateMetrics {
  /** What of them is not finite; null where all is well, and the trainer has gone on. */
  readonly nonFinite: NonFinite | null;
}

export type NonFinite =
  /** The loss or the gradient's norm of one of the updates, counted from 0. */
  | { readonly update: number }
  /** A parameter after all of them. */
  | { readonly parameter: string };

/** One whose tensors can be replaced. */
export interface LocalTrainer extends Trainer {
  set(tensors: Tensors): void;
}

/**
 * @param rows examples in a batch of a model whose states go on.
 * @param fetchTensors brings what a device carries; left out where the host does.
 */
export function createTrainer(
  session: Runner,
  ports: Ports,
  storedTensors: StoredTensors,
  start: InitialState,
  rows: number,
  batches: BatchLoader,
  fetchTensors?: FetchTensors,
): LocalTrainer {
  const state = createTrainingState(ports, storedTensors, start, rows, fetchTensors);
  const loss = requiredPort(ports.outputs, "loss");
  const norm = requiredPort(ports.outputs, "gradient_norm");
  const rate = requiredPort(ports.outputs, "learning_rate");
  return {
    async advance(first, steps, learningRateScale) {
      const data = dataFeeds(ports, batches(first, steps), [steps]);
      const feeds = { ...state.feeds(ports, learningRateScale), ...data };
      const outputs = await runInto(session, feeds, state.reusableBuffers(ports));
      const [losses, gradientNorms, learningRates] = [
        floatsOf(outputs, loss),
        floatsOf(outputs, norm),
        floatsOf(outputs, rate),
      ];
      const snapshot = state.snapshot();
      state.update(ports, outputs);
      const nonFinite = findNonFinite({ losses, gradientNorms }, state);
      if (nonFinite === null) state.commit(snapshot);
      else state.rollback(snapshot);
      return { losses, gradientNorms, learningRates, lossScales: readLossScales(ports.outputs, outputs), nonFinite };
    },
    resetStates: state.resetStates,
    tensors: state.tensors,
    parameters: async () => state.parameters(),
    set: state.set,
  };
}

/** What is not finite of some updates, or of the parameters after them. */
export function findNonFinite(
  { losses, gradientNorms }: Pick<UpdateMetrics, "losses" | "gradientNorms">,
  state: Pick<TrainingState, "nonFiniteParameter">,
): NonFinite | null {
  const update = losses.findIndex((loss, index) => !Number.isFinite(loss) || !Number.isFinite(gradientNorms[index]));
  if (update >= 0) return { update };
  const parameter = state.nonFiniteParameter();
  return parameter === undefined ? null : { parameter };
}
