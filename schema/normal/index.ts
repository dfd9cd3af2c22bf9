/** A spec after `normalize`: sugar expanded, defaults filled in, cells resolved. No optional fields; still a valid spec. */
import type { CellDropout, CellOption, NormalCellDefinition, StateRates } from "./cells.js";
import type { NormalData } from "./data.js";
import type { NormalLoss, NormalMetric, NormalRegularization } from "./objective.js";
import type { NormalOptimizer, NormalTrain } from "./training.js";

export type * from "./cells.js";
export type * from "./data.js";
export type * from "./objective.js";
export type * from "./training.js";

export interface NormalSpec {
  readonly name: string;
  readonly seed: number;
  readonly data: NormalData;
  /** Every cell that the model uses, built-in ones included, so that a run explains itself. */
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  readonly model: readonly NormalLayer[];
  readonly loss: NormalLoss;
  /** Null where nothing is penalized. */
  readonly regularization: NormalRegularization | null;
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
  readonly trainable: boolean;
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
  readonly trainable: boolean;
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
  readonly trainable: boolean;
}

/** A dense layer that makes logits. Its kernel and bias are `<name>/W` and `<name>/b`. */
export interface NormalProjection extends LayerBase {
  readonly layer: "projection";
  readonly size: SizeName;
  readonly activation: Activation;
  readonly bias: boolean;
  readonly weights: string | null;
  readonly trainable: boolean;
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
  readonly trainable: boolean;
}
