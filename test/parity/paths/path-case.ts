/** The inputs of a model on every path, and helpers that write them by hand. */
import { runInNewContext } from "node:vm";
import type { Prediction, Scores } from "../../../runtime/predict/format-predictions.js";
import type { Run } from "../../../runtime/run/open.js";
import type { NumericArray } from "../../../runtime/tensors/array.js";
import type { Model } from "../../../web/load-model.js";
import type { OutputPredictions } from "../../../web/predict.js";
import type { Outputs, RawArrays } from "../../support/model-paths.js";
import type { SpecExample } from "../../support/page-specs.js";

/** One kind of data: its inputs on every path, for the same examples. */
export interface PathCase extends SpecExample {
  /** Batch size of evaluation. */
  readonly batchSize: number;
  /** The file that `predict` reads. */
  readonly input: { readonly name: string; readonly content: string | Uint8Array };
  /** The inputs of exported models. */
  arrays(run: Run): RawArrays;
  /** Valid steps of each example of `arrays`. */
  readonly lengths: readonly number[];
  readonly hasSteps: boolean;
  /** The outputs of `predict` from those of `arrays`; undefined for those that `arrays` lacks. */
  predictionsOf?(outputs: readonly Outputs[], width: number): readonly (Outputs | undefined)[];
  /** The page's predictions, in the scale of training, for the examples of `predict`. */
  onPage(model: Model): Promise<readonly Scores[]>;
  /** The example of a program as a file for `predict`. */
  exampleOf(code: string): { readonly name: string; readonly content: string | Uint8Array };
  /** The output of a program for its example. */
  printed(prediction: Prediction, outputs: Outputs, form: "sequence" | "step"): string | readonly number[];
}

export const ints = (shape: readonly number[], data: readonly number[]): NumericArray => ({
  dtype: "int32",
  shape,
  data: Int32Array.from(data),
});
export const floats = (shape: readonly number[], data: readonly number[]): NumericArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});
export const longs = (data: readonly number[]): NumericArray => ({
  dtype: "int64",
  shape: [data.length],
  data: BigInt64Array.from(data, BigInt),
});

/** A recurrent layer of four units. */
export const rnn = (cell: string, options: object = {}) => ({ layer: "rnn", cell, hidden_size: 4, ...options });

/** The value of a constant in a program: the text that is encoded, or rows of numbers. */
export function constantOf(code: string, name: "ids" | "rows"): unknown {
  const [, text] =
    /^const ids = (?:\(|\[\.\.\.(?:new TextEncoder\(\)\.encode\()?)?("(?:[^"\\]|\\.)*")/mu.exec(code) ?? [];
  const [, value = ""] = new RegExp(`^const ${name} = (.*);$`, "mu").exec(code) ?? [];
  return JSON.parse(JSON.stringify(runInNewContext(text ?? value)));
}

/** The predictions of a page's only output. */
export async function onlyOutput(predictions: Promise<readonly OutputPredictions[]>): Promise<readonly Scores[]> {
  const [first, ...others] = await predictions;
  if (first === undefined || others.length > 0) throw new Error("not one output");
  return first.scores;
}
