/** Options of an export, and the pre- and post-processing inside the model: plain data. */
import type { TargetKind } from "../../schema/kinds/losses.js";
import type { NormalLoss } from "../../schema/normal/index.js";

export const exportForms = ["sequence", "step", "generate"] as const;

/**
 * `sequence` reads batches of whole sequences of any length. `step` reads one step, with every state as an input and an
 * output, for streaming. `generate` continues a prompt: each id is sampled from the model's prediction.
 */
export type ExportForm = (typeof exportForms)[number];

/** Recurrent layers as ONNX LSTM, GRU and RNN operators where the cells allow it, or as Scan. */
export const recurrentForms = ["operators", "scan"] as const;

/** Supported opsets, and the default. */
export const opsets = { first: 13, last: 25, preferred: 17 } as const;

/** x' = (x - offset) * factor for each column; null for a column without scaling. */
export type Scalings = readonly ({ readonly offset: number; readonly factor: number } | null)[];

/** Pre- and post-processing between the user's data and the numbers of the trained model. */
export interface Processing {
  /** By column of `inputs`; null without scaling. */
  readonly inputs: Scalings | null;
  /** By column of `future`; null without scaling. */
  readonly future: Scalings | null;
  /** By column of `static`; null without scaling. */
  readonly static?: Scalings | null;
  /** Of the outputs by their names in the trained model, which the first one of a model of text generates from. */
  readonly predictions: readonly OutputProcessing[];
  /** Ids that are never sampled, such as the unknown unit. */
  readonly excludedIds: readonly number[];
}

/** The post-processing of one output. */
export interface OutputProcessing {
  /** The name of the output in the trained model, and the start of its names in the exported one. */
  readonly port: string;
  readonly prefix: string;
  /** By column of the output, which is scaled back; null without scaling. */
  readonly outputs: Scalings | null;
  /** The forecasts of an output of quantiles, or of the parameters of a distribution; null for other outputs. */
  readonly forecasts: ForecastProcessing | null;
  /** Kind of the predictions: scores of classes, independent probabilities, or numbers. */
  readonly targetKind: Exclude<TargetKind, "labels">;
  /** True if the model's output is logits, before softmax or sigmoid. */
  readonly endsInLogits: boolean;
}

/** The forecasts of an output in the units of the data. */
export interface ForecastProcessing {
  readonly loss: NormalLoss;
  /** The numbers of the targets by name, those of each row in turn. */
  readonly targets: readonly string[];
  /** By target; null without scaling. */
  readonly scalings: Scalings | null;
}

/** The scaling of an input; null for one without. */
export function scalingOf({ inputs, future, static: once = null }: Processing, name: string): Scalings | null {
  return name === "inputs" ? inputs : name === "future" ? future : name === "static" ? once : null;
}

/** The post-processing of an output of the trained model. */
export function processingOf({ predictions }: Processing, port: string): OutputProcessing {
  const processing = predictions.find((prediction) => prediction.port === port);
  if (processing === undefined) throw new Error(`The output ${port} has no post-processing.`);
  return processing;
}

export const precisions = ["float32", "float16", "int8"] as const;
/** Storage of the weights. int8 has a scale for each row or column of a kernel. Arithmetic is in float32. */
export type Precision = (typeof precisions)[number];

export interface ExportOptions {
  readonly form: ExportForm;
  readonly opset: number;
  readonly recurrent: (typeof recurrentForms)[number];
  /** The fixed number of steps of an unrolled model, without loop or recurrent operator. Null: any length. */
  readonly unroll: number | null;
  /** Default: float32. */
  readonly precision?: Precision;
  /** Keep the trained weights under their own names, without folding, for `training_info`. */
  readonly unfolded?: boolean;
  readonly boundary: Processing;
}
