/** A model cut off after each of its layers, as ONNX models: what one has over the one before is what the layer takes. */
import type { NormalSpec } from "../schema/normal.js";
import { needed } from "./analyze.js";
import type { Port } from "./artifact.js";
import { elaborate } from "./elaborate/index.js";
import { holdsWeights } from "./elaborate/program.js";
import { observed } from "./lower.js";
import { forwardPorts } from "./manifest.js";
import { stepPasses } from "./passes/index.js";
import { type Signature, withAnyBatch } from "./signature.js";

export interface Prefix {
  readonly layer: string;
  readonly model: Uint8Array;
  /** All inputs: weights, states and data. */
  readonly inputs: readonly (Port & { readonly weights: boolean })[];
}

/** In the order of the layers. The spec is one that `check` finds nothing wrong with. */
export async function layerPrefixes(spec: NormalSpec, signature: Signature): Promise<readonly Prefix[]> {
  const anyBatch = withAnyBatch(signature);
  const elaborated = elaborate(spec, anyBatch, "inference");
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join(" "));
  const { program } = elaborated;
  const { optimize } = observed(anyBatch, {});
  const { emitModel } = await import("./emit/onnx.js");
  const fed = new Set(program.graph.inputs);
  const made = program.layers.map(async ({ name }, index): Promise<Prefix> => {
    const values = new Set(program.layers.slice(0, index + 1).map(({ value }) => value));
    const outputs = [...values].filter((value) => !fed.has(value));
    const graph = optimize("model", needed(program.graph, outputs), stepPasses);
    const { inputs } = forwardPorts({ ...program, outputs: [] }, graph);
    const model = await emitModel(graph, {
      name: `${spec.name}/${name}`,
      opset: 18,
      irVersion: 8,
      inputs: inputs.map((port) => port.name),
      outputs: outputs.map((_, place) => `output/${place}`),
    });
    const weights = program.inputs.map(holdsWeights);
    return { layer: name, model, inputs: inputs.map((port, place) => ({ ...port, weights: weights[place] === true })) };
  });
  return Promise.all(made);
}
