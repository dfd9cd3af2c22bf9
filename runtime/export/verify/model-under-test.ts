/** An exported model under test, in any runtime. */
import type { Tensor } from "onnxruntime-common";
import { type ExportPorts, type Processing, scalingOf } from "../../../compiler/export/index.js";
import { scaleValue, unscaleValue } from "../../data/scaler.js";
import { tensorOf } from "../../tensors/ort.js";
import type { StatePair } from "../metadata.js";
import type { TrainedModel } from "../source-run.js";
import type { Arrays, Sizes } from "./random-inputs.js";
import type { Reference } from "./reference.js";

export interface ModelUnderTest {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  readonly ports: ExportPorts;
  readonly boundary: Processing;
  readonly states: readonly StatePair[];
  readonly trainedModel: TrainedModel;
  readonly reference: Reference;
}

/** Runs a form on random inputs and returns the largest difference from the training's outputs. */
export type FormVerifier = (modelUnderTest: ModelUnderTest, sizes: Sizes) => Promise<number>;

/** The feed of a port. */
export function feedTensor(arrays: Arrays, name: string): Tensor {
  const array = arrays.get(name);
  if (array === undefined) throw new Error(`The model reads "${name}", which the training does not.`);
  return tensorOf(array);
}

/** Inputs as raw values for the exported model, and scaled for the training's forward pass. */
export function rawAndScaled(
  arrays: Arrays,
  boundary: Processing,
): { readonly rawInputs: Arrays; readonly scaledInputs: Arrays } {
  const [raw, scaled] = [new Map(arrays), new Map(arrays)];
  for (const [name, array] of arrays) {
    const scalers = scalingOf(boundary, name);
    if (scalers === null || array.dtype !== "float32") continue;
    const mapColumns = (data: Float32Array, convert: typeof scaleValue) =>
      data.map((value, index) => {
        const scaler = scalers[index % scalers.length];
        return scaler ? convert(value, scaler) : value;
      });
    const inUnits = mapColumns(array.data, unscaleValue);
    raw.set(name, { ...array, data: inUnits });
    scaled.set(name, { ...array, data: mapColumns(inUnits, scaleValue) });
  }
  return { rawInputs: raw, scaledInputs: scaled };
}
