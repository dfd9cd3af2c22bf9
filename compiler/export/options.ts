/** What an export is asked for, and what of the data travels inside the model: plain data. */
import type { TargetKind } from "../../schema/kinds/losses.js";

export const exportForms = ["sequence", "step", "generate"] as const;

/**
 * `sequence` reads whole sequences, any number of any length. `step` reads one step and takes and gives every state by name, for
 * sequences that come as they are made. `generate` goes on from a prompt by itself: each id is drawn from what the model says
 * of the next.
 */
export type ExportForm = (typeof exportForms)[number];

/** Recurrent layers as ONNX LSTM, GRU and RNN operators where the cells allow it, or as Scan. */
export const recurrentForms = ["operators", "scan"] as const;

/** Opsets that a model can be written in; the first that each version of the file format may declare. */
export const opsets = { first: 13, last: 25, preferred: 17 } as const;

/** x' = (x - offset) * factor for each column; null where a column is as it is. */
export type Scalings = readonly ({ readonly offset: number; readonly factor: number } | null)[];

/** What stands between the data as a user has it and the numbers that the model was trained on. */
export interface Processing {
  /** By column of `inputs`; null where nothing is scaled. */
  readonly inputs: Scalings | null;
  /** By column of the outputs, which are scaled back; null where nothing is. */
  readonly outputs: Scalings | null;
  /** What the model's outputs say: scores of classes, probabilities each by itself, or quantities. */
  readonly targetKind: Exclude<TargetKind, "labels">;
  /** Whether the model ends before the softmax or sigmoid that makes probabilities of its scores. */
  readonly endsInLogits: boolean;
  /** Ids that nothing is to be: units that the vocabulary does not hold. */
  readonly excludedIds: readonly number[];
}

export const precisions = ["float32", "float16", "int8"] as const;
/** Of the weights: 16 bits, or 8 with a scale for each row or column of a kernel. Arithmetic is in float32. */
export type Precision = (typeof precisions)[number];

export interface ExportOptions {
  readonly form: ExportForm;
  readonly opset: number;
  readonly recurrent: (typeof recurrentForms)[number];
  /** A number of steps: every sequence has it, and the steps are laid out without loop or operator. Null: any length. */
  readonly unroll: number | null;
  /** Bits of the weights; float32 where it is absent. */
  readonly precision?: Precision;
  /** Weights as they are trained and under their own names, for a training that travels with the model. */
  readonly unfolded?: boolean;
  readonly boundary: Processing;
}
