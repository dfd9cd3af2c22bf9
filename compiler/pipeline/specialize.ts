/** Graphs for arrays of static shapes, without loops, in operators that have kernels on CUDA or WebGPU. */
import { HOST_OUTPUT, PARAMETER_L1, type Ports, type Role, readbackName } from "../artifact.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { substituteDims } from "../graph/substitute-dims.js";
import { verify } from "../graph/verify.js";
import { elementCount } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import { staticShape } from "../ir/tensor.js";
import type { Graph, Value } from "../ir/types.js";
import { isCapturable } from "../optimize/legalize/kernel-arguments.js";
import { runPasses, staticPasses } from "../optimize/pipeline.js";
import { type StaticTarget, staticTargets } from "../optimize/target/index.js";
import type { GraphWithPorts } from "./manifest.js";

/** A graph with the names of its inputs and outputs. */
export interface SpecializedGraph {
  readonly graph: Graph;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The tensors that the output `report`, float32, concatenates: all outputs for the host are read back at once. */
  readonly hostOutputs: readonly HostOutput[];
  /** True for a graph that the CUDA provider can capture: it has no loop, and copies nothing from the host. */
  readonly isCapturable: boolean;
}

/** A tensor within the vector `report`. */
export interface HostOutput {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * A graph for a device: symbols replaced by sizes, loops of a known length unrolled; for WebGPU also int64 narrowed to
 * int32 (inputs too).
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
  target: StaticTarget,
  deviceResident: readonly Role[] = [],
): SpecializedGraph {
  const { graph: specialized, ...names } = joinHostOutputs(substituteDims(graph, sizes), ports, deviceResident);
  const optimized = runPasses(verify(specialized, "bind"), staticPasses[target], {
    expected: sizes,
    target: staticTargets[target],
  });
  const inputs = ports.inputs.map(({ name }) => name);
  return { graph: optimized, inputs, ...names, isCapturable: isCapturable(optimized) };
}

/** The graph with all outputs for the host concatenated in one. */
function joinHostOutputs(
  graph: Graph,
  ports: Ports,
  deviceResident: readonly Role[],
): Omit<SpecializedGraph, "inputs" | "isCapturable"> {
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
    ...outputValues
      .filter((output) => output.role !== "step" && !isSeparate(output))
      .map(({ name, value }) => ({
        name,
        shape: expectDefined(staticShape(value.type.shape), name),
        values: [b.reshape(value, [elementCount(value.type.shape)])],
      })),
    // Evaluation returns no parameters.
    ...(l1Norms.length > 0 ? [{ name: PARAMETER_L1, shape: [l1Norms.length], values: l1Norms }] : []),
  ];
  return {
    graph: b.finish([
      ...separate.map(({ value }) => value),
      b.concat(
        hostOutputs.flatMap(({ values }) => values),
        0,
      ),
    ]),
    outputs: [...separate.map(({ name }) => name), HOST_OUTPUT],
    hostOutputs: hostOutputs.map(({ name, shape }) => ({ name, shape })),
  };
}

/** A graph that computes in float16, to find out whether a device supports it. */
export function float16Probe(): SpecializedGraph {
  const b = graphBuilder("float16_probe");
  const half = b.cast(b.input("x", { dtype: "float32", shape: [1] }), "float16");
  const graph = b.finish([b.cast(b.add(half, half), "float32")]);
  return { graph, inputs: ["x"], outputs: ["y"], hostOutputs: [], isCapturable: true };
}

/** Copies of inputs, to read tensors back from a device. */
export function readbackGraph(ports: Ports["inputs"], sizes: ReadonlyMap<string, number>): SpecializedGraph {
  const b = graphBuilder("readback");
  const inputs = ports.map(({ name, dtype, shape }): Value => b.input(name, { dtype, shape }));
  const graph = substituteDims(b.finish(inputs.map((input) => b.identity(input))), sizes);
  const names = ports.map(({ name }) => name);
  return { graph, inputs: names, outputs: names.map(readbackName), hostOutputs: [], isCapturable: true };
}
