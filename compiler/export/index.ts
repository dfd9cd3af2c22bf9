/**
 * Export: the same weights as a model for one use.
 *
 *   NormalSpec ─form─▶ face (graph, names, words) ─passes─▶ optimized ─bake─▶ weights apart ─emit─▶ model
 */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Port } from "../artifact.js";
import type { CellForm } from "../elaborate/context.js";
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import type { Weight } from "../onnx/splice/weights.js";
import { emitModel } from "../onnx/write/model.js";
import { canonicalize, runPasses } from "../optimize/pipeline.js";
import type { Signature } from "../signature.js";
import { foldWeights, type Tensors } from "./fold-weights.js";
import { generateForm } from "./generate.js";
import { type InterfacePort, type ModelInterface, typedPorts } from "./interface.js";
import { optimizeForExport, singleStepContext } from "./optimize.js";
import type { ExportForm, ExportOptions } from "./options.js";
import { type FormRequest, formRequest } from "./request.js";
import { sequenceForm } from "./sequence.js";
import { stepForm } from "./step.js";

export type { CellForm } from "../elaborate/context.js";
export type { Tensors } from "./fold-weights.js";
export * from "./options.js";
export { referenceModel } from "./reference.js";
export { gumbelNoiseAt as noiseAt } from "./sampling.js";

const forms: { readonly [F in ExportForm]: (request: FormRequest) => ModelInterface } = {
  sequence: sequenceForm,
  step: stepForm,
  generate: generateForm,
};

export type ExportPort = Port & InterfacePort;

/** What the model reads and gives; its weights are none of it. */
export interface ExportPorts {
  readonly inputs: readonly ExportPort[];
  readonly outputs: readonly ExportPort[];
}

/** A model before it has words. */
export interface ExportedModel {
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
export function buildExport(
  spec: NormalSpec,
  signature: Signature,
  parameters: Tensors,
  options: ExportOptions,
): ExportedModel {
  const { form, opset, unfolded } = options;
  const cells: CellForm[] = [];
  const modelInterface = forms[form](formRequest(spec, signature, parameters, options, (cell) => cells.push(cell)));
  verify(modelInterface.graph, form);
  const optimized = modelInterface.isOptimized
    ? runPasses(modelInterface.graph, canonicalize, singleStepContext)
    : optimizeForExport(modelInterface.graph);
  const isWeight = (index: number) => modelInterface.inputs[index]?.role === "parameter";
  const { graph, weights } = foldWeights(
    optimized,
    (_, index) => isWeight(index),
    modelInterface.weights ?? parameters,
    unfolded,
  );
  verify(graph, "bake");
  return {
    name: spec.name,
    opset,
    graph,
    ports: {
      inputs: typedPorts(
        modelInterface.inputs.filter((_, index) => !isWeight(index)),
        graph.inputs,
      ),
      outputs: typedPorts(modelInterface.outputs, graph.outputs),
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
export interface Documentation {
  readonly doc: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The lowest version of the file format that may declare an opset and is read by every runtime of its day. */
function irVersionOf(opset: number): number {
  return opset < 15 ? 7 : 8;
}

/** The model's bytes, complete but for its weights. */
export function emitExport(model: ExportedModel, { doc, metadata }: Documentation): Promise<Uint8Array> {
  const { name, opset, graph, ports, weights } = model;
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
