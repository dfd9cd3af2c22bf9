/**
 * A model truncated after each of its layers, as ONNX models: the difference between two run times is a layer's time.
 */
import type { NormalSpec } from "../../schema/normal/index.js";
import { elaborate } from "../elaborate/index.js";
import { type Signature, withDynamicShapes } from "../signature.js";
import { type ValueModel, valueModel } from "./value-model.js";

export interface TruncatedModel extends ValueModel {
  readonly layer: string;
}

/** One model per layer, in order. Throws where the spec has problems: check it first. */
export async function truncatedModels(spec: NormalSpec, signature: Signature): Promise<readonly TruncatedModel[]> {
  const dynamicSignature = withDynamicShapes(signature);
  const elaborated = elaborate(spec, dynamicSignature, "inference");
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join(" "));
  const { program } = elaborated;
  const graphInputs = new Set(program.graph.inputs);
  const models = program.layers.map(async ({ name }, index): Promise<TruncatedModel> => {
    const values = new Set(program.layers.slice(0, index + 1).map(({ value }) => value));
    const outputs = [...values].filter((value) => !graphInputs.has(value));
    const named = new Map(outputs.map((value, position) => [`output/${position}`, value]));
    return { layer: name, ...(await valueModel(`${spec.name}/${name}`, program, named, dynamicSignature)) };
  });
  return Promise.all(models);
}
