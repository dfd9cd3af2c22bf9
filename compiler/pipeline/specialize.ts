/** Graphs for arrays of static shapes, without loops, in operators that have kernels on WebGPU. */
import { HOST_OUTPUT, PARAMETER_L1, type Ports, type Role, readbackName } from "../artifact.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { substituteDims } from "../graph/substitute-dims.js";
import { verify } from "../graph/verify.js";
import { elementCount } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import { staticShape } from "../ir/tensor.js";
import type { Graph, Value } from "../ir/types.js";
import { runPasses, webgpuPasses } from "../optimize/pipeline.js";
import { webgpu } from "../optimize/target/index.js";
import type { GraphWithPorts } from "./manifest.js";

/** A graph with the names of its inputs and outputs. */
export interface SpecializedGraph {
  readonly graph: Graph;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The tensors that the output `report`, float32, concatenates: all outputs for the host are read back at once. */
  readonly hostOutputs: readonly HostOutput[];
}

/** A tensor within the vector `report`. */
export interface HostOutput {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * A graph for WebGPU: symbols replaced by sizes, loops of a known length unrolled, int64 narrowed to int32 (inputs
 * too).
 *
 * A symbol without a size stays dynamic, and so does a loop of that length. The output `next/step` is dropped: the
 * caller counts steps. Where the graph returns parameters, an output `magnitudes`, float32 [parameters], holds the L1
 * norm of each.
 *
 * @param deviceResident roles of outputs that stay on the device, each as a tensor; the others are concatenated in
 * `report`.
 */
export function specialize(
  { graph, ports }: GraphWithPorts,
  sizes: ReadonlyMap<string, number>,
  deviceResident: readonly Role[] = [],
): SpecializedGraph {
  const { graph: specialized, ...names } = joinHostOutputs(substituteDims(graph, sizes), ports, deviceResident);
  const optimized = runPasses(verify(specialized, "bind"), webgpuPasses, { expected: sizes, target: webgpu });
  return { graph: optimized, inputs: ports.inputs.map(({ name }) => name), ...names };
}

/** The graph with all outputs for the host concatenated in one. */
function joinHostOutputs(
  graph: Graph,
  ports: Ports,
  deviceResident: readonly Role[],
): Omit<SpecializedGraph, "inputs"> {
  const b = graphBuilder(graph.name);
  const values = inline(
    b,
    graph,
    graph.inputs.map(({ name, type }) => b.input(name, type)),
  );
  const outputValues = ports.outputs.map(({ name, role }, index) => ({ name, role, value: at(values, index) }));
  const isSeparate = ({ role, value }: (typeof outputValues)[number]) =>
    deviceResident.includes(role) || staticShape(value.type.shape) === undefined;
  const separate = outputValues.filter((output) => output.role !== "step" && isSeparate(output));
  const l1Norms = outputValues
    .filter(({ role }) => role === "parameter")
    .map(({ value }) => b.reshape(b.sum(b.abs(value)), [1]));
  const hostOutputs = [
    ...outputValues.filter((output) => output.role !== "step" && !isSeparate(output)),
    // Evaluation returns no parameters.
    ...(l1Norms.length > 0 ? [{ name: PARAMETER_L1, value: b.concat(l1Norms, 0) }] : []),
  ];
  const flat = hostOutputs.map(({ value }) => b.reshape(value, [elementCount(value.type.shape)]));
  return {
    graph: b.finish([...separate.map(({ value }) => value), b.concat(flat, 0)]),
    outputs: [...separate.map(({ name }) => name), HOST_OUTPUT],
    hostOutputs: hostOutputs.map(({ name, value }) => ({
      name,
      shape: expectDefined(staticShape(value.type.shape), name),
    })),
  };
}

/** A graph that computes in float16, to find out whether a device supports it. */
export function float16Probe(): SpecializedGraph {
  const b = graphBuilder("float16_probe");
  const half = b.cast(b.input("x", { dtype: "float32", shape: [1] }), "float16");
  return { graph: b.finish([b.cast(b.add(half, half), "float32")]), inputs: ["x"], outputs: ["y"], hostOutputs: [] };
}

/** Copies of inputs, to read tensors back from a device. */
export function readbackGraph(ports: Ports["inputs"], sizes: ReadonlyMap<string, number>): SpecializedGraph {
  const b = graphBuilder("readback");
  const inputs = ports.map(({ name, dtype, shape }): Value => b.input(name, { dtype, shape }));
  const graph = substituteDims(b.finish(inputs.map((input) => b.identity(input))), sizes);
  const names = ports.map(({ name }) => name);
  return { graph, inputs: names, outputs: names.map(readbackName), hostOutputs: [] };
}
