/** Explanation of a layer that is not recurrent: inputs, parameters and equations with their shapes. */
import type { NormalSpec } from "../../schema/normal/index.js";
import { functionTable } from "../language/functions/index.js";
import type { ArraySignature, Signature } from "../signature.js";
import type { Analysis } from "./analyze.js";
import type { LayerEquation } from "./equation-lines.js";
import { gradientOfLayer, inputNames, isOfEquations } from "./equations-of-layer.js";
import { type ExplainedLayer, layerEquations } from "./layer-equations.js";

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

export interface LayerExplanation {
  /** The symbol in the equations, and the layer or input that it is the output of. */
  readonly inputs: readonly (NamedShape & { readonly from: string })[];
  /** Trained weights and running statistics, by their name in the equations. */
  readonly parameters: readonly NamedShape[];
  readonly equations: readonly LayerEquation[];
  readonly notes: readonly string[];
  /** Of a layer of equations, from the cotangent of its output; empty for others. */
  readonly gradient: readonly string[];
}

/** @param analysis that of the spec, which is valid. */
export function explainLayer(
  layer: ExplainedLayer,
  spec: Pick<NormalSpec, "model" | "activations" | "layers">,
  signature: Signature,
  { layers, parameters }: Pick<Analysis, "layers" | "parameters">,
): LayerExplanation {
  const { model, activations, layers: definitions } = spec;
  const shapeOf = (name: string) => layers.find((other) => other.name === name)?.output ?? inputShape(signature, name);
  const symbols =
    layer.layer === "custom"
      ? inputNames(layer, spec)
      : layer.layer === "attention"
        ? ["x", "m"]
        : layer.from.map((_, index) => `x${index + 1}`);
  const inputs = layer.from.map((from, index) => ({
    name: layer.from.length === 1 ? "x" : (symbols[index] ?? "x"),
    from,
    shape: shapeOf(from),
  }));
  const owner = model.find(({ name }) => "weights" in layer && name === layer.weights);
  const named = parameters.tensors.flatMap(({ name, shape }): readonly NamedShape[] => {
    const prefix = [layer, ...(owner ? [owner] : [])]
      .map((other) => `${other.name}/`)
      .find((text) => name.startsWith(text));
    const rest = name.slice(prefix?.length);
    return prefix === undefined || rest.includes("/") ? [] : [{ name: rest, shape }];
  });
  const shapes = {
    inputs: inputs.map(({ shape }) => shape),
    output: shapeOf(layer.name),
    parameters: new Map(named.map(({ name, shape }) => [name, shape])),
    owner: owner?.layer ?? null,
    functions: functionTable(activations),
    definitions,
  };
  const context = { expected: new Map(Object.entries(signature.expected)) };
  const gradient = isOfEquations(layer) ? gradientOfLayer(layer, shapes.inputs, spec, context) : [];
  return { inputs, parameters: named, ...layerEquations(layer, shapes), gradient };
}

function inputShape({ inputs, side_inputs }: Signature, name: string): readonly (number | string)[] {
  const { shape }: ArraySignature = side_inputs?.[name] ?? inputs;
  return shape;
}
