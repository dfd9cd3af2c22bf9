/** Runs a graph twice, in onnxruntime and in the reference evaluator, for tests that compare the two. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { verify } from "../../compiler/graph/verify.js";
import type { Graph, Tensor } from "../../compiler/ir/types.js";
import { emitModel } from "../../compiler/onnx/write/model.js";

export function modelOf(graph: Graph, opset: number): Uint8Array {
  const inputs = graph.inputs.map((input, index) => input.name ?? `input ${index}`);
  const outputs = graph.outputs.map((_, index) => `output ${index}`);
  return emitModel(verify(graph, "a test"), { name: graph.name, opset, irVersion: 8, inputs, outputs });
}

function toOrt({ dtype, shape, data }: Tensor): OrtTensor {
  const dims = [...shape];
  switch (dtype) {
    case "float32":
      return new OrtTensor("float32", Float32Array.from(data), dims);
    case "float16":
      throw new Error("models take no float16");
    case "int32":
      return new OrtTensor("int32", Int32Array.from(data), dims);
    case "int64":
      return new OrtTensor("int64", BigInt64Array.from([...data], BigInt), dims);
    case "bool":
      return new OrtTensor("bool", Uint8Array.from(data), dims);
  }
}

function fromOrt(tensor: OrtTensor): Tensor {
  const dtype = tensor.type as Tensor["dtype"];
  return { dtype, shape: tensor.dims, data: Float64Array.from(tensor.data as ArrayLike<number>, Number) };
}

/** Loads a model and feeds its inputs by position. */
export async function run(model: Uint8Array, inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const feeds = Object.fromEntries(session.inputNames.map((name, index) => [name, toOrt(inputs[index] as Tensor)]));
  const results = await session.run(feeds);
  const tensors = session.outputNames.map((name) => fromOrt(results[name] as OrtTensor));
  await session.release();
  return tensors;
}

/** Expects what onnxruntime makes of a graph to be what the evaluator makes of it, to float32's precision. */
export async function expectSame(graph: Graph, inputs: readonly Tensor[], opset: number): Promise<void> {
  const expected = evaluate(graph, inputs);
  const actual = await run(await modelOf(graph, opset), inputs);
  expected.forEach((tensor, index) => {
    const value = actual[index];
    expect(value?.dtype).toBe(tensor.dtype);
    expect(value?.shape).toEqual(tensor.shape);
    const data = value?.data ?? new Float64Array();
    const scale = tensor.data.filter(Number.isFinite).reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 1);
    const differs = (entry: number, position: number) =>
      entry !== data[position] && !(Math.abs(entry - (data[position] ?? Number.NaN)) < 2e-6 * scale);
    const mismatch = tensor.data.findIndex(differs);
    expect(
      mismatch === -1 ? "near" : `${data[mismatch]} for ${tensor.data[mismatch]}`,
      `output ${index} at ${mismatch}`,
    ).toBe("near");
  });
}
