/** Pre- and post-processing in an exported model: scaling of inputs; probabilities, classes or unscaled outputs. */
import type { Builder } from "../ir/builder.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { AdaptedOutput } from "./interface.js";
import type { OutputProcessing, Scalings } from "./options.js";

/** Inputs in the data's units, scaled as in training. */
export function scaleInputs(b: Builder, value: Value, scalings: Scalings): Value {
  const columns = scalings.map(scalingOrIdentity);
  const offsets = columns.map(({ offset }) => offset);
  // A large offset has few fractional digits in float32, so its rounding error is subtracted separately.
  const high = offsets.map(Math.fround);
  const low = offsets.map((offset) => offset - Math.fround(offset));
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
  const columns = scalings.map(scalingOrIdentity);
  const inverseFactors = rowConstant(
    b,
    columns.map(({ factor }) => 1 / factor),
  );
  return b.add(
    b.mul(value, inverseFactors),
    rowConstant(
      b,
      columns.map(({ offset }) => offset),
    ),
  );
}

function rowConstant(b: Builder, numbers: readonly number[]): Value {
  return b.constant(tensor("float32", [numbers.length], numbers));
}

/** The predictions of a model, from the logits that the loss reads or from the last layer's output. */
export function predictionOutputs(
  b: Builder,
  output: Value,
  { prefix, targetKind, endsInLogits, outputs }: OutputProcessing,
): readonly AdaptedOutput[] {
  if (targetKind === "numbers") {
    const value = outputs === null ? output : unscaleOutputs(b, output, outputs);
    const doc = outputs === null ? "Predictions." : "Predictions, in the units of the data.";
    return [{ name: `${prefix}outputs`, role: "prediction", doc, value }];
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
