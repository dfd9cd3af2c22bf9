/**
 * The state of a training between two calls of the session: what a trainer starts from, and what a checkpoint stores.
 */
import type { WatchedMetric } from "../../schema/normal/index.js";
import type { SplitMetrics } from "../events.js";
import type { Tensors } from "../tensors/safetensors.js";

/**
 * The tensors of a training after `step` updates. A trainer that starts from them owns their arrays, and may write into
 * them.
 */
export interface TrainingTensors {
  readonly step: number;
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** Of stateful layers within an epoch; empty elsewhere, and the states then start at zero. */
  readonly states: Tensors;
}

export interface TrainingSnapshot extends TrainingTensors {
  /** The loss of step `step`; null before the first. */
  readonly loss: number | null;
  readonly progress: TrainingProgress;
}

export interface Evaluation {
  readonly step: number;
  readonly metrics: SplitMetrics;
}

/**
 * The state of early stopping, the best checkpoint and the plateau schedule between evaluations. JSON, in a
 * checkpoint's state.
 */
export interface TrainingProgress {
  /** Null before its first evaluation, and for other schedules. */
  readonly plateau: PlateauState | null;
  readonly latest: Evaluation | null;
  /** The evaluation whose weights the run ends with; null where none is kept, or none had a value yet. */
  readonly best: (Evaluation & WatchedMetric & { readonly value: number }) | null;
  /** The best value for early stopping, and the evaluations since; null where it is off, or had no value yet. */
  readonly stopping: (WatchedMetric & { readonly value: number; readonly wait: number }) | null;
}

/** State of the plateau schedule, in the terms of Keras's ReduceLROnPlateau. */
export interface PlateauState {
  /** The best value; null before there was one. */
  readonly best: number | null;
  /** Evaluations since the best one, or since the last reduction. */
  readonly wait: number;
  /** Evaluations that are not counted yet. */
  readonly cooldown: number;
  /** The factor on the learning rate. */
  readonly scale: number;
}

export const initialProgress: TrainingProgress = { latest: null, best: null, stopping: null, plateau: null };
