/** The forward pass as training evaluates it, to hold an export against: weights are inputs, carried states too. */
import type { NormalSpec } from "../../schema/normal.js";
import type { Port, Ports } from "../artifact.js";
import { emitModel } from "../emit/onnx.js";
import { forwardPart } from "../forward.js";
import { forwardPorts } from "../manifest.js";
import { runPasses, stepPasses } from "../passes/index.js";
import { type Signature, withAnyBatch } from "../signature.js";

export async function referenceModel(
  spec: NormalSpec,
  signature: Signature,
): Promise<{ readonly model: Uint8Array; readonly ports: Ports }> {
  const program = forwardPart(spec, withAnyBatch(signature), "evaluation", ["prediction"]);
  const graph = runPasses(program.graph, stepPasses, { expected: new Map(Object.entries(signature.expected)) });
  const ports = forwardPorts(program, graph);
  const names = (list: readonly Port[]) => list.map(({ name }) => name);
  const model = await emitModel(graph, {
    name: `${spec.name}/reference`,
    opset: 18,
    irVersion: 8,
    inputs: names(ports.inputs),
    outputs: names(ports.outputs),
  });
  return { model, ports };
}
