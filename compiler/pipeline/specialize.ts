/** Models for arrays of known sizes, without loops, in what WebGPU has kernels for. */
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

/** A graph with the names of its inputs and outputs. */
export interface SpecializedGraph {
  readonly graph: Graph;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What the output `report` holds, one after the other: everything for the host comes in one piece. Float32. */
  readonly hostOutputs: readonly HostOutput[];
}

export interface HostOutput {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Binds a graph to sizes and lays its loops out. Its whole numbers are of 32 bits, at its inputs too; a size that is not given stays
 * open, and so does a loop of so many steps. The number of updates is left to whoever calls; of new parameters the magnitudes are told.
 *
 * @param deviceResident roles of outputs that stay on the device, each by itself; the others are one vector.
 */
export function specialize(
  graph: Graph,
  ports: Ports,
  sizes: ReadonlyMap<string, number>,
  deviceResident: readonly Role[] = [],
): SpecializedGraph {
  const { graph: specialized, ...names } = joinHostOutputs(substituteDims(graph, sizes), ports, deviceResident);
  const optimized = runPasses(verify(specialized, "bind"), webgpuPasses, { expected: sizes, target: webgpu });
  return { graph: optimized, inputs: ports.inputs.map(({ name }) => name), ...names };
}

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
    // Evaluation gives no parameters.
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

/** What makes a number of 16 bits: for trying whether a device has such numbers. */
export function float16Probe(): SpecializedGraph {
  const b = graphBuilder("half");
  const half = b.cast(b.input("x", { dtype: "float32", shape: [1] }), "float16");
  return { graph: b.finish([b.cast(b.add(half, half), "float32")]), inputs: ["x"], outputs: ["y"], hostOutputs: [] };
}

/** What gives its inputs again: for reading what lies on a device. */
export function readbackGraph(ports: Ports["inputs"], sizes: ReadonlyMap<string, number>): SpecializedGraph {
  const b = graphBuilder("copies");
  const inputs = ports.map(({ name, dtype, shape }): Value => b.input(name, { dtype, shape }));
  const graph = substituteDims(b.finish(inputs.map((input) => b.identity(input))), sizes);
  const names = ports.map(({ name }) => name);
  return { graph, inputs: names, outputs: names.map(readbackName), hostOutputs: [] };
}
