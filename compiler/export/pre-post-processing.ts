/** What travels inside an exported model besides the model: scaling before it, and behind it probabilities, classes or quantities. */
import type { Builder } from "../ir/builder.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { AdaptedOutput } from "./interface.js";
import type { Processing, Scalings } from "./options.js";

/** Numbers in the data's own units, as the model reads them. */
export function scaleInputs(b: Builder, value: Value, scalings: Scalings): Value {
  const columns = scalings.map(scalingOrIdentity);
  const offsets = columns.map(({ offset }) => offset);
  // float32 holds an offset with few digits behind the point where it is large: what is cut off is subtracted by itself.
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

/** A column without a scaling is as it was. */
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

/** What the model says, of the value that the loss would have read or that its last layer puts out. */
export function predictionOutputs(
  b: Builder,
  output: Value,
  { targetKind, endsInLogits, outputs }: Processing,
): readonly AdaptedOutput[] {
  if (targetKind === "numbers") {
    const value = outputs === null ? output : unscaleOutputs(b, output, outputs);
    const doc = outputs === null ? "What the model says." : "What the model says, in the units of the data.";
    return [{ name: "outputs", role: "prediction", doc, value }];
  }
  const isBinary = targetKind === "probabilities";
  const logitsOutput: AdaptedOutput = {
    name: "logits",
    role: "prediction",
    doc: "Scores, before they are made probabilities.",
    value: output,
  };
  const probability = endsInLogits ? (isBinary ? b.sigmoid(output) : b.softmax(output)) : output;
  return [
    ...(endsInLogits ? [logitsOutput] : []),
    {
      name: "probabilities",
      role: "prediction",
      doc: isBinary ? "Probabilities, each by itself." : "Probabilities of the classes.",
      value: probability,
    },
    {
      name: "classes",
      role: "prediction",
      doc: isBinary ? "1 where the probability is above a half." : "The likeliest class.",
      value: isBinary ? b.cast(b.greater(probability, 0.5), "int64") : b.argmax(output, -1),
    },
  ];
}
