/** The activations of layers, by their name in specs. */
import type { ActivationName } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { mulDims } from "../ir/dims.js";
import type { Dim, Value } from "../ir/types.js";
import { elementwiseActivations, gatedActivations } from "../language/activations.js";
import type { Wire } from "./wire.js";

const activations: Readonly<Record<ActivationName, (b: Builder, x: Value) => Value>> = {
  none: (_, x) => x,
  softmax: (b, x) => b.softmax(x),
  ...elementwiseActivations,
  ...gatedActivations,
};

/** True for activations of two halves of the features: glu, swiglu. */
export function isGated(activation: ActivationName): boolean {
  return Object.hasOwn(gatedActivations, activation);
}

/** The number of features that an activation reads for an output of a size: twice as many if it is gated. */
export function preActivationSize(activation: ActivationName, size: Dim): Dim {
  return isGated(activation) ? mulDims(2, size) : size;
}

/** An activation along the last axis, and its operand where losses read that (softmax, sigmoid). */
export function activate(b: Builder, activation: ActivationName, x: Value): Pick<Wire, "value" | "logits"> {
  const logits = activation === "softmax" || activation === "sigmoid" ? { value: x, activation } : null;
  return { value: activations[activation](b, x), logits };
}
