/**
 * Export: the same weights as a model for one use.
 *
 *   NormalSpec ─form─▶ face (graph, names, words) ─passes─▶ optimized ─emit─▶ model, weights beside it
 */
import type { NormalSpec } from "../../schema/normal.js";
import type { Port } from "../artifact.js";
import { emitModel } from "../emit/onnx.js";
import type { Weight } from "../emit/weights.js";
import { forwardPart } from "../forward.js";
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { forwardPorts } from "../manifest.js";
import { runPasses, stepPasses } from "../passes/index.js";
import { type Signature, withAnyBatch } from "../signature.js";
import { type Face, type FacePort, portsOf } from "./face.js";
import type { FormRequest } from "./form.js";
import type { ExportForm, ExportOptions } from "./options.js";
import { sequenceForm } from "./sequence.js";
import { stepForm } from "./step.js";

export * from "./options.js";

const forms: { readonly [F in ExportForm]: (request: FormRequest) => Face } = {
  sequence: sequenceForm,
  step: stepForm,
};

export type ExportPort = Port & FacePort;

/** A model before it has words and weights. */
export interface Lowered {
  readonly name: string;
  readonly opset: number;
  readonly graph: Graph;
  /** Of the graph, the weights among them. */
  readonly ports: { readonly inputs: readonly ExportPort[]; readonly outputs: readonly ExportPort[] };
  readonly weights: readonly Weight[];
}

export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** @param parameters by public name; those of the model are among them. */
export function lowerExport(
  spec: NormalSpec,
  signature: Signature,
  parameters: Tensors,
  { form, opset, boundary }: ExportOptions,
): Lowered {
  const face = forms[form]({ spec, signature, boundary });
  verify(face.graph, form);
  const expected = new Map(Object.entries({ ...signature.expected, ...(form === "step" && { batch: 1, time: 1 }) }));
  const graph = runPasses(face.graph, stepPasses, { expected });
  const inputs = portsOf(face.inputs, graph.inputs);
  return {
    name: spec.name,
    opset,
    graph,
    ports: { inputs, outputs: portsOf(face.outputs, graph.outputs) },
    weights: weightsOf(inputs, parameters),
  };
}

function weightsOf(inputs: readonly ExportPort[], parameters: Tensors): readonly Weight[] {
  return inputs.flatMap(({ name, role }) => {
    if (role !== "parameter") return [];
    const tensor = parameters.get(name);
    if (tensor === undefined) throw new Error(`No weights are given for ${name}.`);
    return [{ name, dtype: "float32" as const, ...tensor }];
  });
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
export function emitExport({ name, opset, graph, ports }: Lowered, { doc, metadata }: Words): Promise<Uint8Array> {
  const { inputs, outputs } = ports;
  return emitModel(graph, {
    name,
    opset,
    irVersion: irVersionOf(opset),
    inputs: inputs.map((port) => port.name),
    outputs: outputs.map((port) => port.name),
    initializers: inputs.filter(({ role }) => role === "parameter").map((port) => port.name),
    docs: Object.fromEntries([...inputs, ...outputs].map((port) => [port.name, port.doc])),
    doc,
    metadata,
  });
}

/** The forward pass as training evaluates it, to hold an export against: parameters are inputs, states too. */
export async function referenceModel(spec: NormalSpec, signature: Signature) {
  const program = forwardPart(spec, withAnyBatch(signature), "evaluation", ["prediction"]);
  const expected = new Map(Object.entries(signature.expected));
  const graph = runPasses(program.graph, stepPasses, { expected });
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
