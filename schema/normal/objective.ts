/** What training makes small and what evaluation reports, in their normal form. */

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
      readonly type: "sampled_softmax";
      readonly reduction: Reduction;
      /** Classes that stand for all in an update. */
      readonly samples: number;
      readonly distribution: "log_uniform" | "uniform";
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

/** Weights of penalties. */
export interface NormalRegularization {
  readonly l2: number;
  readonly l1: number;
  readonly activity: number;
  readonly biases: boolean;
}

type PlainMetric =
  | "accuracy"
  | "binary_accuracy"
  | "f1"
  | "precision"
  | "recall"
  | "exact_sequence"
  | "label_error_rate"
  | "perplexity"
  | "bits_per_character"
  | "rmse"
  | "mae";

export type NormalMetric =
  | { readonly [K in PlainMetric]: { readonly type: K } }[PlainMetric]
  | { readonly type: "top_k"; readonly k: number };
