/** How a model is trained, in its normal form: optimizer, schedule, length, and what is watched. */

export type Clip = { readonly global_norm: number } | { readonly value: number } | null;

/** Updates of a linear rise, from whose end the schedule counts. */
interface WarmUp {
  readonly warmup_steps: number;
}

export type NormalSchedule =
  | { readonly type: "constant" }
  | ({ readonly type: "linear_warmup" } & WarmUp)
  | ({
      readonly type: "exponential_decay";
      readonly decay_steps: number;
      readonly decay_rate: number;
      readonly staircase: boolean;
    } & WarmUp)
  | ({ readonly type: "cosine_decay"; readonly decay_steps: number; readonly minimum_ratio: number } & WarmUp)
  | ({
      readonly type: "step_decay";
      /** Exactly one of `every` and `boundaries` is not null. */
      readonly every: number | null;
      readonly boundaries: readonly number[] | null;
      /** Of each jump, or one for each boundary. */
      readonly factor: number | readonly number[];
    } & WarmUp)
  | ({
      readonly type: "polynomial_decay";
      readonly decay_steps: number;
      readonly minimum_ratio: number;
      readonly power: number;
    } & WarmUp)
  | ({ readonly type: "inverse_sqrt"; readonly decay_steps: number } & WarmUp)
  | NormalPlateau;

export interface NormalPlateau extends WarmUp, WatchedMetric {
  readonly type: "plateau";
  readonly factor: number;
  readonly patience: number;
  readonly minimum_delta: number;
  readonly cooldown: number;
  readonly minimum_ratio: number;
}

interface OptimizerBase {
  readonly learning_rate: number;
  readonly clip: Clip;
  readonly schedule: NormalSchedule;
  /** A moving average of the weights, which is what is evaluated and exported; null for the weights themselves. */
  readonly average: { readonly decay: number } | null;
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
        readonly variant: "tensorflow" | "torch" | "keras";
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
  /** "largest" is settled by the runtime, which knows the memory: all examples, or as many as fit. */
  readonly batch_size: number | "all" | "largest";
  /** Portions of a batch that are computed one after the other; "auto" is settled by the runtime: as few as fit. */
  readonly accumulate: number | "auto";
  /** How processes share the training, where there are several. */
  readonly distributed: { readonly sync: "step" } | { readonly average_every: number };
  /** "low": recurrent layers keep little for the gradient, and run their steps again. */
  readonly memory: "normal" | "low";
  /** What the training step computes in. */
  readonly precision: NormalPrecision;
  readonly shuffle: boolean;
  /** Updates in one call of the session; "auto" measures. Results are the same for any value. */
  readonly steps_per_call: number | "auto";
  /** Updates between checkpoints; 0 keeps only the last. */
  readonly checkpoint_every: number;
  /** Checkpoints that stay, the newest and those before it. */
  readonly keep_last: number;
  /** Updates between checkpoints that stay for good; 0: there are none. */
  readonly keep_every: number;
  /** Updates between evaluations; null: by the run's length (runtime/training/steps-per-call.ts). */
  readonly evaluate_every: number | null;
  readonly early_stopping: NormalEarlyStopping | null;
  /** Whose best value's weights a run ends with; null: with its last weights. */
  readonly keep_best: WatchedMetric | null;
  /** Text that the model writes while it trains, or null. */
  readonly sample: NormalSample | null;
}

export type NormalPrecision = "float32" | { readonly type: "float16"; readonly loss_scale: NormalLossScale };

/** What the loss is multiplied by before it is differentiated: always the same number, or one that changes. */
export type NormalLossScale =
  | number
  /** It is halved where a gradient is not finite, and doubled after so many updates in a row. */
  | { readonly initial: number; readonly growth_interval: number };

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
