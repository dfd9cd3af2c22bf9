/**
 * A model truncated after each of its layers, as ONNX models: the difference between two run times is a layer's time.
 */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Port } from "../artifact.js";
import { holdsWeights } from "../artifact.js";
import { elaborate } from "../elaborate/index.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { stepPasses } from "../optimize/pipeline.js";
import { forwardPorts } from "../pipeline/manifest.js";
import { stageRunner } from "../pipeline/stages.js";
import { type Signature, withDynamicShapes } from "../signature.js";

export interface TruncatedModel {
  readonly layer: string;
  readonly model: Uint8Array;
  /** All inputs: weights, states and data. */
  readonly inputs: readonly (Port & { readonly isWeight: boolean })[];
}

/** One model per layer, in order. Throws where the spec has problems: check it first. */
export async function truncatedModels(spec: NormalSpec, signature: Signature): Promise<readonly TruncatedModel[]> {
  const dynamicSignature = withDynamicShapes(signature);
  const elaborated = elaborate(spec, dynamicSignature, "inference");
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join(" "));
  const { program } = elaborated;
  const { optimize } = stageRunner(dynamicSignature, {});
  const { emitModel } = await import("../onnx/write/model.js");
  const graphInputs = new Set(program.graph.inputs);
  const models = program.layers.map(async ({ name }, index): Promise<TruncatedModel> => {
    const values = new Set(program.layers.slice(0, index + 1).map(({ value }) => value));
    const outputs = [...values].filter((value) => !graphInputs.has(value));
    const graph = optimize("model", restrictGraph(program.graph, outputs).graph, stepPasses);
    const { inputs } = forwardPorts({ ...program, outputs: [] }, graph);
    const model = await emitModel(graph, {
      name: `${spec.name}/${name}`,
      opset: TRAINING_OPSET,
      irVersion: IR_VERSION,
      inputs: inputs.map((port) => port.name),
      outputs: outputs.map((_, position) => `output/${position}`),
    });
    const isWeight = program.inputs.map(holdsWeights);
    return {
      layer: name,
      model,
      inputs: inputs.map((port, position) => ({ ...port, isWeight: isWeight[position] === true })),
    };
  });
  return Promise.all(models);
}
