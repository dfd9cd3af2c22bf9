/**
 * Export: the trained weights as a model of one form.
 *
 *   NormalSpec ─form─▶ ModelInterface (graph, ports) ─passes─▶ optimized ─fold weights─▶ ExportedModel ─emit─▶ bytes
 */
import type { NormalSpec } from "../../schema/normal/index.js";
import { holdsWeights, type Port } from "../artifact.js";
import type { CellForm } from "../elaborate/context.js";
import { verify } from "../graph/verify.js";
import { at } from "../ir/expect.js";
import type { Graph } from "../ir/types.js";
import type { Weight } from "../onnx/splice/weights.js";
import { emitModel } from "../onnx/write/model.js";
import { rawData } from "../onnx/write/proto.js";
import { operatorPasses, runPasses } from "../optimize/pipeline.js";
import type { Signature } from "../signature.js";
import { foldScales } from "./fold-scales.js";
import { foldWeights, type Tensors } from "./fold-weights.js";
import { generateForm } from "./generate.js";
import { type InterfacePort, type ModelInterface, typedPorts } from "./interface.js";
import type { ExportForm, ExportOptions } from "./options.js";
import { type FormRequest, formRequest, optimizeForExport, singleStepContext } from "./request.js";
import { sequenceForm } from "./sequence.js";
import { stepForm } from "./step.js";

export type { CellForm } from "../elaborate/context.js";
export type { Tensors } from "./fold-weights.js";
export * from "./options.js";
export { firstRowModel, referenceModel } from "./reference.js";
export { gumbelNoiseAt } from "./sampling.js";

const forms: { readonly [F in ExportForm]: (request: FormRequest) => ModelInterface } = {
  sequence: sequenceForm,
  step: stepForm,
  generate: generateForm,
};

export type ExportPort = Port & InterfacePort;

/** Inputs and outputs of the model, without weights. */
export interface ExportPorts {
  readonly inputs: readonly ExportPort[];
  readonly outputs: readonly ExportPort[];
}

/** An exported model before its metadata is known. */
export interface ExportedModel {
  readonly name: string;
  readonly opset: number;
  /** Inputs are those of the ports, then the weights. */
  readonly graph: Graph;
  readonly ports: ExportPorts;
  readonly weights: readonly Weight[];
  /** The form of each recurrent cell. */
  readonly cells: readonly CellForm[];
}

/**
 * Builds the graph of an export.
 *
 * @param parameters by public name, all those of the model included.
 */
export function buildExport(
  spec: NormalSpec,
  signature: Signature,
  parameters: Tensors,
  options: ExportOptions,
): ExportedModel {
  const { form, opset, unfolded, precision = "float32" } = options;
  const cells: CellForm[] = [];
  const modelInterface = forms[form](formRequest(spec, signature, parameters, options, (cell) => cells.push(cell)));
  verify(modelInterface.graph, form);
  const isWeight = (index: number) => holdsWeights(at(modelInterface.inputs, index));
  // Weights that are rounded to fewer bits would be stored in more bits after a product.
  const foldsScales = !unfolded && precision === "float32" && !modelInterface.isOptimized;
  const scaled = foldsScales ? foldScales(modelInterface.graph, isWeight) : modelInterface.graph;
  const optimized = runPasses(modelInterface.isOptimized ? scaled : optimizeForExport(scaled), operatorPasses, {
    ...singleStepContext,
    opset,
  });
  const { graph, weights } = foldWeights(
    optimized,
    (_, index) => isWeight(index),
    modelInterface.weights ?? parameters,
    unfolded,
  );
  verify(graph, "fold weights");
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
      data: dtype === "float32" ? Float32Array.from(data) : rawData(dtype, data),
    })),
    cells,
  };
}

/** Doc string and metadata of a model. */
export interface Documentation {
  readonly doc: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The lowest IR version that all runtimes of an opset's release read. */
function irVersionOf(opset: number): number {
  return opset < 15 ? 7 : 8;
}

/** The model's bytes without its weights. */
export function emitExport(model: ExportedModel, { doc, metadata }: Documentation): Uint8Array {
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
