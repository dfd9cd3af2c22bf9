/** A model that returns the weights of its attention layers. */
import type { NormalSpec } from "../../schema/normal/index.js";
import { elaborate } from "../elaborate/index.js";
import type { Value } from "../ir/types.js";
import { type Signature, withDynamicShapes } from "../signature.js";
import { type ValueModel, valueModel } from "./value-model.js";

/** Names of outputs, or of inputs of the model. */
export interface AttentionPorts {
  readonly layer: string;
  /** [batch, heads, steps, memory steps], without heads [batch, steps, memory steps]. */
  readonly weights: string;
  /** Numbers of valid steps [batch]; null where every step is valid. */
  readonly querySteps: string | null;
  readonly memorySteps: string | null;
}

export interface AttentionModel extends ValueModel {
  readonly layers: readonly AttentionPorts[];
}

/** Null for a model without attention. Throws where the spec has problems: check it first. */
export async function attentionModel(spec: NormalSpec, signature: Signature): Promise<AttentionModel | null> {
  const dynamicSignature = withDynamicShapes(signature);
  const elaborated = elaborate(spec, dynamicSignature, "inference");
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join(" "));
  const { program } = elaborated;
  if (program.attention.length === 0) return null;
  const values = new Map<string, Value>();
  const add = (name: string, value: Value | null): string | null => {
    if (value === null) return null;
    if (program.graph.inputs.includes(value)) return value.name ?? null;
    values.set(name, value);
    return name;
  };
  const layers = program.attention.map(({ layer, weights, querySteps, memorySteps }) => {
    values.set(`${layer}/weights`, weights);
    return {
      layer,
      weights: `${layer}/weights`,
      querySteps: add(`${layer}/query_steps`, querySteps),
      memorySteps: add(`${layer}/memory_steps`, memorySteps),
    };
  });
  return { layers, ...(await valueModel(`${spec.name}/attention`, program, values, dynamicSignature)) };
}
