/** What a training run says while it works, and how it is asked for: the messages between the loop, its worker and whoever watches. */
import type { NormalSpec } from "../schema/normal/index.js";
import type { PredictionSummary } from "./evaluation/prediction-types.js";
import type { InitialWeightsSource } from "./import/initial-weights.js";

export interface TrainRequest {
  readonly spec: NormalSpec;
  /** Folder that the spec's relative paths start from. */
  readonly folder: string;
  /** The run directory. */
  readonly out: string;
  readonly device: "auto" | "cpu" | "cuda" | "webgpu";
  readonly resume: boolean;
  /** A file of first weights; tensors that it lacks are initialized from the seed. */
  readonly init: InitialWeightsSource | null;
  /** Bytes that batches as large as the memory allows may take; by default most of what is free. */
  readonly memoryLimit?: number;
  /** Threads of the processor; by default one where the model is small, and all cores otherwise. */
  readonly threads?: number;
  /** Threads that share every batch, each with a session of its own, on one thread by default; by default the training is not shared. */
  readonly ranks?: number;
  /** Train also where there is less memory than the training is estimated to take. */
  readonly force?: boolean;
  /** A model file whose training this run goes on with, on the spec's data. */
  readonly fromModel?: string;
  /** Compiler passes that do not run (to measure them, or to bisect a fault). */
  readonly disabledPasses: readonly string[];
  /** A pass after whose first run, or a phase after which, every pipeline of the compiler ends. */
  readonly stopAfter?: string | undefined;
  /** Whether evaluations show what the model says beside what is true. */
  readonly reportPredictions?: boolean;
}

export type Metrics = Readonly<Record<string, number>>;

/** Metrics by split. Splits that the data does not have are empty. */
export interface SplitMetrics {
  readonly train: Metrics;
  readonly validation: Metrics;
  readonly test: Metrics;
}

export type TrainEvent =
  | {
      readonly event: "start";
      readonly run: string;
      readonly device: string;
      readonly parameters: number;
      readonly examples: number;
      /** The step that the run goes on from, and the one that it ends at. */
      readonly step: number;
      readonly steps: number;
      /** Processes or threads that share the training; absent where it is not shared. */
      readonly ranks?: number;
    }
  /** The loss of step N is the loss before the N-th update, N from 1. */
  | {
      readonly event: "step";
      readonly step: number;
      readonly loss: number;
      readonly gradient_norm: number;
      readonly learning_rate: number;
      /** In float16, where the scale of the loss is fitted: that of this step. */
      readonly loss_scale?: number;
      /** There, where the step made no update since its gradient was not finite: gradient_norm is then 0. */
      readonly skipped?: true;
    }
  | { readonly event: "evaluation"; readonly epoch: number; readonly step: number; readonly metrics: SplitMetrics }
  /** Of processes that share a training: how fast they are together, and the share of their time that goes into adding up. */
  | {
      readonly event: "throughput";
      readonly step: number;
      readonly ranks: number;
      readonly examples_per_second: number;
      readonly communication: number;
    }
  /** What a text model writes with the weights after a step, the prompt first. */
  | { readonly event: "sample"; readonly step: number; readonly text: string }
  /** What the model says of some examples of a part, after an evaluation; only where it was asked for. */
  | {
      readonly event: "predictions";
      readonly step: number;
      readonly split: "train" | "validation" | "test";
      readonly summary: PredictionSummary;
    }
  | { readonly event: "checkpoint"; readonly step: number; readonly path: string }
  | { readonly event: "notice"; readonly message: string }
  | DoneEvent;

export interface DoneEvent {
  readonly event: "done";
  readonly run: string;
  readonly step: number;
  readonly loss: number;
  /** Of the weights that the run ends with; of an interrupted run those that are known. */
  readonly metrics: SplitMetrics;
  /** The evaluation whose weights the run ends with, where it keeps the best; absent where it ends with its last. */
  readonly best?: { readonly step: number; readonly metric: string; readonly value: number };
  /** In float16: steps of the whole run that made no update, since their gradients were not finite. */
  readonly skipped?: number;
  /** For text: the decoded argmax text of the first few training windows. */
  readonly predictions: readonly unknown[];
  /** Not part of the public record: set when a signal ended the run early, after a checkpoint. */
  readonly interrupted: boolean;
}
