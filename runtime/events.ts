/** The events of a training run, as the loop emits them and as the command line and `metrics.jsonl` record them. */

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
      readonly examples: Readonly<Record<keyof SplitMetrics, number>>;
      /** The last step before the run, and its last step. */
      readonly step: number;
      readonly steps: number;
      /** Processes or threads of a distributed training; absent for others. */
      readonly ranks?: number;
    }
  /** The loss of step N is the loss before the N-th update, N from 1. */
  | {
      readonly event: "step";
      readonly step: number;
      readonly loss: number;
      readonly gradient_norm: number;
      readonly learning_rate: number;
      /** In float16 with a dynamic loss scale: that of this step. */
      readonly loss_scale?: number;
      /** In float16: the step made no update since its gradient was not finite; gradient_norm is then 0. */
      readonly skipped?: true;
    }
  /** After each call of the session, for displays: the speed of this process so far. */
  | { readonly event: "speed"; readonly steps_per_second: number }
  | { readonly event: "evaluation"; readonly epoch: number; readonly step: number; readonly metrics: SplitMetrics }
  /**
   * Of a distributed training: the speed of all ranks together, and the fraction of their time spent on communication.
   */
  | {
      readonly event: "throughput";
      readonly step: number;
      readonly ranks: number;
      readonly examples_per_second: number;
      readonly communication: number;
    }
  /** Text that the model generates after a step, the prompt first. */
  | { readonly event: "sample"; readonly step: number; readonly text: string }
  /** Predictions for some examples of a split, after an evaluation; only with `reportPredictions`. */
  | {
      readonly event: "predictions";
      readonly step: number;
      readonly split: "train" | "validation" | "test";
      /** Of a model with several outputs, which have an event each. */
      readonly output?: string;
      readonly summary: PredictionSummary;
    }
  | { readonly event: "checkpoint"; readonly step: number; readonly path: string }
  | { readonly event: "notice"; readonly message: string }
  | DoneEvent;

export interface DoneEvent {
  readonly event: "done";
  readonly run: string;
  readonly step: number;
  /** The loss of the last step; null where no step was trained. */
  readonly loss: number | null;
  /** Of the final weights; of an interrupted run those of its latest evaluation. */
  readonly metrics: SplitMetrics;
  /** The evaluation of the final weights, where the run keeps the best; absent where it ends with its last. */
  readonly best?: { readonly step: number; readonly metric: string; readonly value: number };
  /** In float16: steps of the whole run that made no update. */
  readonly skipped?: number;
  /**
   * Decoded predictions for the first training examples; for text the argmax text. Of several outputs an object by name
   * each.
   */
  readonly predictions: readonly unknown[];
  /** The inputs and targets of `predictions`. */
  readonly examples: readonly ExampleText[];
  /** True when a signal ended the run early, after a checkpoint. */
  readonly interrupted: boolean;
}

/** An example next to its prediction. */
export interface ExampleText {
  /** Null for inputs that are not ids. */
  readonly input: string | null;
  /** Text, or numbers in their original units; null where the data has no targets. */
  readonly target: unknown;
}

/** Predictions next to targets: a confusion matrix, pairs of values, or texts. */
export type PredictionSummary =
  /** `counts` by target class, then by predicted class. */
  | { readonly kind: "classes"; readonly names: readonly string[]; readonly counts: readonly (readonly number[])[] }
  | { readonly kind: "numbers"; readonly series: readonly RegressionSeries[] }
  /** Without targets where an example has no single target text (ctc). */
  | {
      readonly kind: "texts";
      readonly texts: readonly { readonly target: string | null; readonly predicted: string }[];
    };

/** One target column, an entry for each example and time step. */
export interface RegressionSeries {
  readonly name: string;
  readonly target: readonly number[];
  readonly predicted: readonly number[];
  readonly interval?: ForecastInterval;
  /** Of forecasts of several rows: some windows, each by itself. */
  readonly fans?: readonly ForecastFan[];
}

/** The outer quantiles of each forecast, of a distribution those of 80 %. */
export interface ForecastInterval {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** The forecast of the rows after a window. */
export interface ForecastFan {
  /** The name of its series; empty for one series. */
  readonly series: string;
  /** The last values that the model read; NaN where one is missing. */
  readonly history: readonly number[];
  /** Rows after the window, of each target and forecast. */
  readonly steps: readonly number[];
  readonly target: readonly number[];
  readonly predicted: readonly number[];
  readonly interval?: ForecastInterval;
}
