/**
 * Export: the same weights as a model for one use.
 *
 *   NormalSpec ─form─▶ face (graph, names, words) ─passes─▶ optimized ─bake─▶ weights apart ─emit─▶ model
 */
import type { NormalSpec } from "../../schema/normal.js";
import type { Port } from "../artifact.js";
import type { CellForm } from "../elaborate/context.js";
import { emitModel } from "../emit/onnx.js";
import type { Weight } from "../emit/weights.js";
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { runPasses, tidy } from "../passes/index.js";
import type { Signature } from "../signature.js";
import { bake, type Tensors } from "./bake.js";
import { type Face, type FacePort, portsOf } from "./face.js";
import { type FormRequest, formRequest } from "./form.js";
import { generateForm } from "./generate.js";
import { optimizedPart, unpromised } from "./optimize.js";
import type { ExportForm, ExportOptions } from "./options.js";
import { sequenceForm } from "./sequence.js";
import { stepForm } from "./step.js";

export type { CellForm } from "../elaborate/context.js";
export type { Tensors } from "./bake.js";
export { noiseAt } from "./choose.js";
export * from "./options.js";
export { referenceModel } from "./reference.js";

const forms: { readonly [F in ExportForm]: (request: FormRequest) => Face } = {
  sequence: sequenceForm,
  step: stepForm,
  generate: generateForm,
};

export type ExportPort = Port & FacePort;

/** What the model reads and gives; its weights are none of it. */
export interface ExportPorts {
  readonly inputs: readonly ExportPort[];
  readonly outputs: readonly ExportPort[];
}

/** A model before it has words. */
export interface Lowered {
  readonly name: string;
  readonly opset: number;
  /** Its inputs are those of the ports, then the weights. */
  readonly graph: Graph;
  readonly ports: ExportPorts;
  readonly weights: readonly Weight[];
  /** What became of each recurrent cell. */
  readonly cells: readonly CellForm[];
}

/** @param parameters by public name; those of the model are among them. */
export function lowerExport(
  spec: NormalSpec,
  signature: Signature,
  parameters: Tensors,
  options: ExportOptions,
): Lowered {
  const { form, opset, asTrained } = options;
  const cells: CellForm[] = [];
  const face = forms[form](formRequest(spec, signature, parameters, options, (cell) => cells.push(cell)));
  verify(face.graph, form);
  const optimized = face.optimized ? runPasses(face.graph, tidy, unpromised) : optimizedPart(face.graph);
  const isWeight = (index: number) => face.inputs[index]?.role === "parameter";
  const { graph, weights } = bake(optimized, (_, index) => isWeight(index), face.weights ?? parameters, asTrained);
  verify(graph, "bake");
  return {
    name: spec.name,
    opset,
    graph,
    ports: {
      inputs: portsOf(
        face.inputs.filter((_, index) => !isWeight(index)),
        graph.inputs,
      ),
      outputs: portsOf(face.outputs, graph.outputs),
    },
    weights: [...weights].map(([name, { dtype, shape, data }]) => ({
      name,
      dtype,
      shape,
      data: Float32Array.from(data),
    })),
    cells,
  };
}

/** What a model says of itself. */
export interface Words {
  readonly doc: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The lowest version of the file format that may declare an opset and is read by every runtime of its day. */
function irVersionOf(opset: number): number {
  return opset < 15 ? 7 : 8;
}

/** The model's bytes, complete but for its weights. */
export function emitExport(lowered: Lowered, { doc, metadata }: Words): Promise<Uint8Array> {
  const { name, opset, graph, ports, weights } = lowered;
  const { inputs, outputs } = ports;
  const initializers = weights.map((weight) => weight.name);
  return emitModel(graph, {
    name,
    opset,
    irVersion: irVersionOf(opset),
    inputs: [...inputs.map((port) => port.name), ...initializers],
    outputs: outputs.map((port) => port.name),
    initializers,
    docs: Object.fromEntries([...inputs, ...outputs].map((port) => [port.name, port.doc])),
    doc,
    metadata,
  });
}
