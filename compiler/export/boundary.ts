/** What travels inside an exported model besides the model: scaling before it, and behind it probabilities, classes or quantities. */
import type { Builder } from "../ir/builder.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { Giving } from "./face.js";
import type { Boundary, Scalings } from "./options.js";

/** Numbers in the data's own units, as the model reads them. */
export function scaledInputs(b: Builder, value: Value, scalings: Scalings): Value {
  const each = scalings.map(known);
  const offsets = each.map(({ offset }) => offset);
  // float32 holds an offset with few digits behind the point where it is large: what is cut off is subtracted by itself.
  const near = offsets.map(Math.fround);
  const rest = offsets.map((offset) => offset - Math.fround(offset));
  const shifted = b.sub(value, row(b, near));
  const exact = rest.every((part) => Math.fround(part) === 0) ? shifted : b.sub(shifted, row(b, rest));
  return b.mul(
    exact,
    row(
      b,
      each.map(({ factor }) => factor),
    ),
  );
}

/** A column without a scaling is as it was. */
function known(scaling: Scalings[number]) {
  return scaling ?? { offset: 0, factor: 1 };
}

function unscaledOutputs(b: Builder, value: Value, scalings: Scalings): Value {
  const each = scalings.map(known);
  const widths = row(
    b,
    each.map(({ factor }) => 1 / factor),
  );
  return b.add(
    b.mul(value, widths),
    row(
      b,
      each.map(({ offset }) => offset),
    ),
  );
}

function row(b: Builder, numbers: readonly number[]): Value {
  return b.constant(tensor("float32", [numbers.length], numbers));
}

/** What the model says, of the value that the loss would have read or that its last layer puts out. */
export function answersOf(b: Builder, said: Value, { answers, logits, outputs }: Boundary): readonly Giving[] {
  if (answers === "numbers") {
    const value = outputs === null ? said : unscaledOutputs(b, said, outputs);
    const doc = outputs === null ? "What the model says." : "What the model says, in the units of the data.";
    return [{ name: "outputs", role: "prediction", doc, value }];
  }
  const one = answers === "probabilities";
  const scores: Giving = {
    name: "logits",
    role: "prediction",
    doc: "Scores, before they are made probabilities.",
    value: said,
  };
  const probability = logits ? (one ? b.sigmoid(said) : b.softmax(said)) : said;
  return [
    ...(logits ? [scores] : []),
    {
      name: "probabilities",
      role: "prediction",
      doc: one ? "Probabilities, each by itself." : "Probabilities of the classes.",
      value: probability,
    },
    {
      name: "classes",
      role: "prediction",
      doc: one ? "1 where the probability is above a half." : "The likeliest class.",
      value: one ? b.cast(b.greater(probability, 0.5), "int64") : b.argmax(said, -1),
    },
  ];
}
