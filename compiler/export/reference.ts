/** Forward passes whose weights are inputs: of evaluation, the reference of an export, and of the first row to be predicted. */

import type { NormalSpec } from "../../schema/normal/index.js";
import type { Port, Ports } from "../artifact.js";
import { firstRowSignature } from "../elaborate/rollout.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { emitModel } from "../onnx/write/model.js";
import { runPasses, stepPasses } from "../optimize/pipeline.js";
import { forwardProgram } from "../pipeline/forward.js";
import { forwardPorts } from "../pipeline/manifest.js";
import { type Signature, withDynamicShapes } from "../signature.js";

/** The model of the first row to be predicted, whose predictions are fed back. */
export function firstRowModel(spec: NormalSpec, signature: Signature): ReturnType<typeof referenceModel> {
  return referenceModel(spec, firstRowSignature(signature));
}

export async function referenceModel(
  spec: NormalSpec,
  signature: Signature,
): Promise<{ readonly model: Uint8Array; readonly ports: Ports }> {
  const program = forwardProgram(spec, withDynamicShapes(signature), "evaluation", ["prediction"]);
  const graph = runPasses(program.graph, stepPasses, { expected: new Map(Object.entries(signature.expected)) });
  const ports = forwardPorts(program, graph);
  const names = (list: readonly Port[]) => list.map(({ name }) => name);
  const model = emitModel(graph, {
    name: `${spec.name}/reference`,
    opset: TRAINING_OPSET,
    irVersion: IR_VERSION,
    inputs: names(ports.inputs),
    outputs: names(ports.outputs),
  });
  return { model, ports };
}
