/** A spec after `normalize`: sugar expanded, defaults filled in, cells resolved. No optional fields; still a valid spec. */

import type { CellDropout, CellOption, NormalCellDefinition, StateRates } from "./normal-cells.js";
import type { NormalData } from "./normal-data.js";

export type * from "./normal-cells.js";
export type * from "./normal-data.js";

export interface NormalSpec {
  readonly name: string;
  readonly seed: number;
  readonly data: NormalData;
  /** Every cell that the model uses, built-in ones included, so that a run explains itself. */
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  readonly model: readonly NormalLayer[];
  readonly loss: NormalLoss;
  /** Null: those that belong to the loss. */
  readonly metrics: readonly NormalMetric[] | null;
  readonly optimizer: NormalOptimizer;
  readonly train: NormalTrain;
}

/** A whole number, or a size that the data says: "vocabulary", "classes", "features". */
export type SizeName = number | string;

// ── model ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Activation = "none" | "softmax" | "sigmoid" | "tanh" | "relu";

export type NormalLayer =
  | NormalOneHot
  | NormalEmbedding
  | NormalRnn
  | NormalDense
  | NormalProjection
  | NormalDropout
  | NormalPool
  | NormalCombine
  | NormalAttention;

interface LayerBase {
  readonly name: string;
  /** What the layer reads: names of earlier layers or of the data's inputs (`inputs`, `decoder_inputs`). */
  readonly from: readonly string[];
}

export interface NormalOneHot extends LayerBase {
  readonly layer: "one_hot";
  readonly size: SizeName;
}

export interface NormalEmbedding extends LayerBase {
  readonly layer: "embedding";
  readonly vocabulary_size: SizeName;
  readonly size: SizeName;
  /** The earlier embedding whose table this one uses, or null for its own. */
  readonly weights: string | null;
}

export interface NormalRnn extends LayerBase {
  readonly layer: "rnn";
  readonly cells: readonly NormalCell[];
  readonly share_weights: boolean;
  /** The earlier rnn layer whose parameters this one uses, cell by cell, or null for its own. */
  readonly weights: string | null;
  readonly return: "sequence" | "last" | "state";
  /** "zeros", "learned", or the name of the layer whose last states (or whose vector) these start from. */
  readonly initial_state: string;
  /** States go on from batch to batch: each row of a batch continues that row of the batch before. */
  readonly stateful: boolean;
  /** Steps are laid out one after another where their number is known, in place of a loop. */
  readonly unroll: boolean;
}

export interface NormalCell {
  readonly cell: string;
  readonly hidden_size: number;
  readonly residual: boolean;
  readonly bidirectional: "none" | "concat" | "sum" | "mean" | "mul";
  readonly dropout: CellDropout;
  /** The probability that a state keeps its value for a step: a number for every state. */
  readonly zoneout: StateRates;
  readonly layer_norm: boolean;
  /** The cell's own options, defaults filled in, beside the keys above: `forget_bias`, `reset_after`, `activation`, … */
  readonly [option: string]: CellOption | CellDropout | StateRates;
}

export interface NormalDense extends LayerBase {
  readonly layer: "dense";
  readonly size: SizeName;
  readonly activation: Activation;
  readonly bias: boolean;
  /** The earlier layer whose kernel this one uses (an embedding's table turned around), or null for its own. */
  readonly weights: string | null;
}

/** A dense layer that makes logits. Its kernel and bias are `<name>/W` and `<name>/b`. */
export interface NormalProjection extends LayerBase {
  readonly layer: "projection";
  readonly size: SizeName;
  readonly activation: Activation;
  readonly bias: boolean;
  readonly weights: string | null;
}

/** In training each entry is dropped at a rate, and the others are divided by 1 less the rate. */
export interface NormalDropout extends LayerBase {
  readonly layer: "dropout";
  readonly rate: number;
}

/** One vector from a sequence, over its live steps. */
export interface NormalPool extends LayerBase {
  readonly layer: "pool";
  readonly mode: "max" | "mean" | "sum" | "last";
}

/** Several layers' outputs side by side, or combined entry by entry. */
export interface NormalCombine extends LayerBase {
  readonly layer: "concat" | "add" | "multiply";
}

/** For each step of the first layer in `from`, a weighted mean over the steps of the second. */
export interface NormalAttention extends LayerBase {
  readonly layer: "attention";
  readonly score: "dot" | "general" | "additive";
  /** Divide scores by the root of the width. */
  readonly scale: boolean;
  /** Width of the additive score's hidden layer; null for the width of the memory. */
  readonly size: number | null;
}

// ── loss, optimizer, train ───────────────────────────────────────────────────────────────────────────────────────────

export type Reduction = "mean" | "sum";

export type NormalLoss =
  | {
      readonly type: "sequence_loss";
      readonly average_across_timesteps: boolean;
      readonly average_across_batch: boolean;
      readonly class_weights: readonly number[] | null;
    }
  | {
      readonly type: "cross_entropy";
      readonly reduction: Reduction;
      readonly label_smoothing: number;
      readonly class_weights: readonly number[] | null;
    }
  | {
      readonly type: "binary_cross_entropy";
      readonly reduction: Reduction;
      /** For all outputs, or one for each. */
      readonly positive_weight: number | readonly number[];
    }
  | { readonly type: "squared_error"; readonly reduction: Reduction }
  | { readonly type: "absolute_error"; readonly reduction: Reduction }
  | { readonly type: "huber"; readonly reduction: Reduction; readonly delta: number }
  | {
      readonly type: "ctc";
      readonly reduction: Reduction;
      readonly blank: number | "last";
      readonly zero_infinity: boolean;
    };

type PlainMetric =
  | "accuracy"
  | "binary_accuracy"
  | "f1"
  | "precision"
  | "recall"
  | "exact_sequence"
  | "perplexity"
  | "bits_per_character"
  | "rmse"
  | "mae";

export type NormalMetric =
  | { readonly [K in PlainMetric]: { readonly type: K } }[PlainMetric]
  | { readonly type: "top_k"; readonly k: number };

export type Clip = { readonly global_norm: number } | { readonly value: number } | null;

export type NormalSchedule =
  | { readonly type: "constant" }
  | {
      readonly type: "exponential_decay";
      readonly decay_steps: number;
      readonly decay_rate: number;
      readonly staircase: boolean;
    }
  | {
      readonly type: "cosine_decay";
      readonly decay_steps: number;
      readonly minimum_ratio: number;
      readonly warmup_steps: number;
    }
  | { readonly type: "linear_warmup"; readonly warmup_steps: number };

interface OptimizerBase {
  readonly learning_rate: number;
  readonly clip: Clip;
  readonly schedule: NormalSchedule;
}

export type NormalOptimizer = OptimizerBase &
  (
    | { readonly type: "sgd" }
    | { readonly type: "momentum"; readonly momentum: number; readonly nesterov: boolean }
    | {
        readonly type: "rmsprop";
        readonly decay: number;
        readonly momentum: number;
        readonly epsilon: number;
        readonly variant: "tensorflow" | "torch" | "keras";
      }
    | {
        readonly type: "adagrad";
        readonly initial_accumulator_value: number;
        readonly epsilon: number;
        readonly variant: "tensorflow" | "torch";
      }
    | { readonly type: "adadelta"; readonly decay: number; readonly epsilon: number }
    | {
        readonly type: "adam" | "adamw";
        readonly beta1: number;
        readonly beta2: number;
        readonly epsilon: number;
        readonly weight_decay: number;
        readonly variant: "tensorflow" | "torch";
      }
    | {
        readonly type: "nadam";
        readonly beta1: number;
        readonly beta2: number;
        readonly epsilon: number;
        readonly momentum_decay: number;
        readonly variant: "torch" | "keras";
      }
    | { readonly type: "lion"; readonly beta1: number; readonly beta2: number; readonly weight_decay: number }
  );

export interface NormalTrain {
  /** Exactly one of `steps` and `epochs` is not null. */
  readonly steps: number | null;
  readonly epochs: number | null;
  readonly batch_size: number | "all";
  readonly shuffle: boolean;
  /** Updates in one call of the session; "auto" measures. Results are the same for any value. */
  readonly steps_per_call: number | "auto";
  /** Updates between checkpoints; 0 keeps only the last. */
  readonly checkpoint_every: number;
  /** Updates between evaluations; null: by the run's length (runtime/pace.ts). */
  readonly evaluate_every: number | null;
  readonly early_stopping: NormalEarlyStopping | null;
  /** Whose best value's weights a run ends with; null: with its last weights. */
  readonly keep_best: WatchedMetric | null;
  /** Text that the model writes while it trains, or null. */
  readonly sample: NormalSample | null;
}

/** A metric of the validation part, and whether smaller values of it are better, or larger. */
export interface WatchedMetric {
  readonly metric: string;
  readonly mode: "min" | "max";
}

export interface NormalEarlyStopping extends WatchedMetric {
  /** Evaluations in a row without one that is better than all before by more than `minimum_delta`. */
  readonly patience: number;
  readonly minimum_delta: number;
}

export interface NormalSample {
  /** Updates between samples. */
  readonly every: number;
  readonly prompt: string;
  /** Units to write after the prompt. */
  readonly length: number;
  readonly temperature: number;
}
