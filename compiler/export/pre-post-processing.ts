/** Pre- and post-processing in an exported model: scaling of inputs; probabilities, classes or unscaled outputs. */
import { hasPointForecast, levelsOf } from "../../schema/kinds/forecasts.js";
import { forecastValues } from "../elaborate/forecast-values.js";
import type { Builder } from "../ir/builder.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { AdaptedOutput } from "./interface.js";
import type { ForecastProcessing, OutputProcessing, Scalings } from "./options.js";

/** Inputs in the data's units, scaled as in training. */
export function scaleInputs(b: Builder, value: Value, scalings: Scalings): Value {
  const columns = scalings.map(scalingOrIdentity);
  const columnOffsets = columns.map(({ offset }) => offset);
  // A large offset has few fractional digits in float32, so its rounding error is subtracted separately.
  const high = columnOffsets.map(Math.fround);
  const low = columnOffsets.map((offset) => offset - Math.fround(offset));
  const shifted = b.sub(value, rowConstant(b, high));
  const centered = low.every((x) => Math.fround(x) === 0) ? shifted : b.sub(shifted, rowConstant(b, low));
  return b.mul(
    centered,
    rowConstant(
      b,
      columns.map(({ factor }) => factor),
    ),
  );
}

/** The scaling of a column, or the identity. */
function scalingOrIdentity(scaling: Scalings[number]) {
  return scaling ?? { offset: 0, factor: 1 };
}

function unscaleOutputs(b: Builder, value: Value, scalings: Scalings): Value {
  return b.add(b.mul(value, inverseFactors(b, scalings)), offsets(b, scalings));
}

function offsets(b: Builder, scalings: Scalings): Value {
  return rowConstant(
    b,
    scalings.map((scaling) => scalingOrIdentity(scaling).offset),
  );
}

function inverseFactors(b: Builder, scalings: Scalings): Value {
  return rowConstant(
    b,
    scalings.map((scaling) => 1 / scalingOrIdentity(scaling).factor),
  );
}

/** Forecasts [..., targets, numbers]: the numbers of `rnnx predict`. */
function forecastOutput(b: Builder, output: Value, { loss, targets, scalings }: ForecastProcessing): Value {
  const { values, deviation } = forecastValues(b, loss, output, targets.length);
  const column = (row: Value) => b.unsqueeze(row, [1]);
  const scaled = (value: Value) => (scalings === null ? value : b.mul(value, column(inverseFactors(b, scalings))));
  const shifted = scalings === null ? values : b.add(scaled(values), column(offsets(b, scalings)));
  return deviation === null ? shifted : b.concat([shifted, scaled(deviation)], -1);
}

function describeForecasts({ loss }: ForecastProcessing): string {
  const levels = levelsOf(loss);
  if (levels.length === 0) return "The mean and the standard deviation of each target";
  return `${hasPointForecast(loss) ? "The median and the" : "The"} quantiles of the levels ${levels.join(", ")} of each target`;
}

function rowConstant(b: Builder, numbers: readonly number[]): Value {
  return b.constant(tensor("float32", [numbers.length], numbers));
}

/** The predictions of a model, from the logits that the loss reads or from the last layer's output. */
export function predictionOutputs(
  b: Builder,
  output: Value,
  { prefix, targetKind, endsInLogits, outputs, forecasts }: OutputProcessing,
): readonly AdaptedOutput[] {
  if (targetKind === "numbers") {
    const value = outputs === null ? output : unscaleOutputs(b, output, outputs);
    const doc = outputs === null ? "Predictions." : "Predictions, in the units of the data.";
    const predictions: AdaptedOutput = { name: `${prefix}outputs`, role: "prediction", doc, value };
    if (forecasts === null) return [predictions];
    return [
      predictions,
      {
        name: `${prefix}forecasts`,
        role: "prediction",
        doc: `${describeForecasts(forecasts)}, in the units of the data.`,
        value: forecastOutput(b, output, forecasts),
      },
    ];
  }
  const isBinary = targetKind === "probabilities";
  const logitsOutput: AdaptedOutput = {
    name: `${prefix}logits`,
    role: "prediction",
    doc: "Logits: scores before the softmax or sigmoid.",
    value: output,
  };
  const probability = endsInLogits ? (isBinary ? b.sigmoid(output) : b.softmax(output)) : output;
  return [
    ...(endsInLogits ? [logitsOutput] : []),
    {
      name: `${prefix}probabilities`,
      role: "prediction",
      doc: isBinary ? "Independent probabilities." : "Probabilities of the classes.",
      value: probability,
    },
    {
      name: `${prefix}classes`,
      role: "prediction",
      doc: isBinary ? "1 where the probability is above 0.5." : "The most likely class.",
      value: isBinary ? b.cast(b.greater(probability, 0.5), "int64") : b.argmax(output, -1),
    },
  ];
}
