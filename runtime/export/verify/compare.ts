/** Differences between the outputs of an exported model and of the training's forward pass. */

import type { Tensor } from "onnxruntime-common";
import type { ForecastProcessing, OutputProcessing } from "../../../compiler/export/options.js";
import { unscaleValue } from "../../data/scaler.js";
import { forecastsOf, pointOf, unscaledForecast } from "../../forecast/forecasts.js";
import { sigmoid, softmaxRows } from "../../tensors/scores.js";
import type { ReferenceOutput } from "./reference.js";

/** The largest difference of any output, relative to the output's largest absolute value if that exceeds 1. */
export function outputDifference(
  results: Readonly<Record<string, Tensor>>,
  reference: ReferenceOutput,
  processing: OutputProcessing,
): number {
  const { prefix, targetKind, forecasts } = processing;
  const expected = expectedOutputs(reference, processing);
  const differences = Object.entries(expected).map(([name, values]) => {
    const actual = results[prefix + name]?.data;
    return actual instanceof Float32Array && actual.length === values.length
      ? relativeDifference(actual, values)
      : Number.POSITIVE_INFINITY;
  });
  if (forecasts !== null)
    differences.push(forecastDifference(results[`${prefix}outputs`], results[`${prefix}forecasts`], forecasts));
  if (targetKind !== "numbers")
    differences.push(classDifference(results[`${prefix}classes`]?.data, reference, processing));
  return Math.max(...differences);
}

/** The largest difference, relative to the largest absolute value if that exceeds 1. */
export function relativeDifference(actual: Float32Array, values: Float32Array | Float64Array): number {
  let [largest, scale] = [0, 1];
  for (const [index, value] of values.entries()) {
    const error = Math.abs((actual[index] ?? Number.NaN) - value);
    // NaN differs from every value, as does an infinity in place of a finite value.
    largest = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(largest, error);
    scale = Math.max(scale, Math.abs(value));
  }
  // The scale of values that are not finite is no scale.
  return largest === Number.POSITIVE_INFINITY ? largest : largest / scale;
}

/** The expected float outputs by name, from the output of the last layer. */
function expectedOutputs(
  { shape, data }: ReferenceOutput,
  { targetKind, endsInLogits, outputs }: OutputProcessing,
): Readonly<Record<string, Float64Array>> {
  const values = Float64Array.from(data);
  const width = shape.at(-1) ?? 1;
  if (targetKind === "numbers") {
    const unscaledValues = values.map((value, index) => {
      const scaler = outputs?.[index % width];
      return scaler ? unscaleValue(value, scaler) : value;
    });
    return { outputs: unscaledValues };
  }
  if (!endsInLogits) return { probabilities: values };
  const probabilities = targetKind === "probabilities" ? values.map(sigmoid) : softmaxRows(values, width);
  return { logits: values, probabilities };
}

/** The largest difference from the forecasts of the model's own outputs, so that it has no rounding of these. */
function forecastDifference(
  outputs: Tensor | undefined,
  actual: Tensor | undefined,
  { loss, targets, scalings }: ForecastProcessing,
): number {
  if (!(outputs?.data instanceof Float32Array && actual?.data instanceof Float32Array)) return Number.POSITIVE_INFINITY;
  const { data } = outputs;
  const width = outputs.dims.at(-1) ?? 1;
  const expected = Array.from({ length: data.length / width }, (_, row) =>
    forecastsOf(loss, data.subarray(row * width, (row + 1) * width), targets.length).flatMap((forecast, index) => {
      const inUnits = unscaledForecast(forecast, scalings?.[index] ?? undefined);
      const point = pointOf(inUnits);
      const points = point === undefined ? [] : [point];
      if (inUnits.kind === "quantiles") return [...points, ...inUnits.values];
      return inUnits.kind === "distribution" ? [...points, inUnits.distribution.deviation] : points;
    }),
  ).flat();
  // Random inputs can have means beyond float32, whose infinities are right.
  const isInRange = (_: number, index: number) => Number.isFinite(Math.fround(expected[index] ?? Number.NaN));
  if (actual.data.length !== expected.length) return Number.POSITIVE_INFINITY;
  return relativeDifference(actual.data.filter(isInRange), Float64Array.from(expected.filter(isInRange)));
}

/** The largest gap between the best score and that of the predicted class; 0 if all predictions agree. */
function classDifference(
  classes: unknown,
  { shape, data }: ReferenceOutput,
  { targetKind, endsInLogits }: OutputProcessing,
): number {
  if (!(classes instanceof BigInt64Array)) return Number.POSITIVE_INFINITY;
  const width = targetKind === "probabilities" ? 1 : (shape.at(-1) ?? 1);
  if (classes.length * width !== data.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (const [row, predicted] of classes.entries()) {
    const scores = data.subarray(row * width, (row + 1) * width);
    if (targetKind === "probabilities") {
      const margin = (scores[0] ?? Number.NaN) - (endsInLogits ? 0 : 0.5);
      worst = Math.max(worst, predicted === 1n ? -margin : margin);
      continue;
    }
    const maximum = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    worst = Math.max(worst, maximum - (scores[Number(predicted)] ?? Number.NEGATIVE_INFINITY));
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
}
