/** A forward program as an ONNX model that returns some of its values. */
import { holdsWeights, type Port } from "../artifact.js";
import type { Program } from "../elaborate/program.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import type { Value } from "../ir/types.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { stepPasses } from "../optimize/pipeline.js";
import { forwardPorts } from "../pipeline/manifest.js";
import { stageRunner } from "../pipeline/stages.js";
import type { Signature } from "../signature.js";

export interface ValueModel {
  readonly model: Uint8Array;
  /** All inputs: weights, states and data. */
  readonly inputs: readonly (Port & { readonly isWeight: boolean })[];
}

/** @param values computed values of the program by the names of the model's outputs, without inputs of the graph. */
export async function valueModel(
  name: string,
  program: Program,
  values: ReadonlyMap<string, Value>,
  signature: Signature,
): Promise<ValueModel> {
  const { emitModel } = await import("../onnx/write/model.js");
  const { optimize } = stageRunner(signature, {});
  const graph = optimize("model", restrictGraph(program.graph, [...values.values()]).graph, stepPasses);
  const { inputs } = forwardPorts({ ...program, outputs: [] }, graph);
  const model = emitModel(graph, {
    name,
    opset: TRAINING_OPSET,
    irVersion: IR_VERSION,
    inputs: inputs.map((port) => port.name),
    outputs: [...values.keys()],
  });
  const isWeight = program.inputs.map(holdsWeights);
  return { model, inputs: inputs.map((port, index) => ({ ...port, isWeight: isWeight[index] === true })) };
}
