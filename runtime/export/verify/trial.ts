/** An exported model on trial, in whichever runtime has loaded it. */
import type { Tensor } from "onnxruntime-common";
import type { Boundary, ExportPorts } from "../../../compiler/export/index.js";
import { scaled, unscaled } from "../../data/scaler.js";
import { tensorOf } from "../../tensors.js";
import type { Subject } from "../subject.js";
import type { StatePair } from "../words.js";
import type { Arrays, Sizes } from "./draw.js";
import type { Reference } from "./reference.js";

export interface Trial {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  readonly ports: ExportPorts;
  readonly boundary: Boundary;
  readonly states: readonly StatePair[];
  readonly subject: Subject;
  readonly reference: Reference;
}

/** Runs a form on random inputs of some sizes, and says how far its numbers are from the training's. */
export type Try = (trial: Trial, sizes: Sizes) => Promise<number>;

/** What a model is fed at a port. */
export function feed(arrays: Arrays, name: string): Tensor {
  const array = arrays.get(name);
  if (array === undefined) throw new Error(`The model reads "${name}", which the training does not.`);
  return tensorOf(array);
}

/** Arrays as the model's user has them, and as the training read them: scaled. */
export function asGiven(
  drawn: Arrays,
  { inputs: scalings }: Boundary,
): { readonly given: Arrays; readonly read: Arrays } {
  const inputs = drawn.get("inputs");
  if (scalings === null || inputs?.dtype !== "float32") return { given: drawn, read: drawn };
  const each = (data: Float32Array, change: typeof scaled) =>
    data.map((value, place) => {
      const scaling = scalings[place % scalings.length];
      return scaling ? change(value, scaling) : value;
    });
  const raw = each(inputs.data, unscaled);
  return {
    given: new Map([...drawn, ["inputs", { ...inputs, data: raw }]]),
    read: new Map([...drawn, ["inputs", { ...inputs, data: each(raw, scaled) }]]),
  };
}
