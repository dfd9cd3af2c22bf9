/** Models for arrays of known sizes, without loops, in what WebGPU has kernels for. */
import { copyOf, magnitudes, type Ports, type Role, report } from "./artifact.js";
import { bind } from "./graph/bind.js";
import { graphBuilder } from "./graph/build.js";
import { inline } from "./graph/rewrite.js";
import { verify } from "./graph/verify.js";
import { elements } from "./ir/dims.js";
import { at, present } from "./ir/present.js";
import { staticShape } from "./ir/tensor.js";
import type { Graph, Value } from "./ir/types.js";
import { runPasses, webgpuPasses } from "./passes/index.js";

/** A graph with the names of its inputs and outputs. */
export interface Bound {
  readonly graph: Graph;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What the output `report` holds, one after the other: everything for the host comes in one piece. Float32. */
  readonly report: readonly Section[];
}

export interface Section {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Binds a graph to sizes and lays its loops out. Its whole numbers are of 32 bits, at its inputs too; a size that is not given stays
 * open, and so does a loop of so many steps. The number of updates is left to whoever calls; of new parameters the magnitudes are told.
 *
 * @param staying roles of outputs that stay on the device, each by itself; the others are one vector.
 */
export function bound(
  graph: Graph,
  ports: Ports,
  sizes: ReadonlyMap<string, number>,
  staying: readonly Role[] = [],
): Bound {
  const { graph: whole, ...names } = withReport(bind(graph, sizes), ports, staying);
  const made = runPasses(verify(whole, "bind"), webgpuPasses, { expected: sizes, cached: false });
  return { graph: made, inputs: ports.inputs.map(({ name }) => name), ...names };
}

function withReport(graph: Graph, ports: Ports, staying: readonly Role[]): Omit<Bound, "inputs"> {
  const b = graphBuilder(graph.name);
  const values = inline(
    b,
    graph,
    graph.inputs.map(({ name, type }) => b.input(name, type)),
  );
  const given = ports.outputs.map(({ name, role }, index) => ({ name, role, value: at(values, index) }));
  const isAlone = ({ role, value }: (typeof given)[number]) =>
    staying.includes(role) || staticShape(value.type.shape) === undefined;
  const alone = given.filter((one) => one.role !== "step" && isAlone(one));
  const sums = given.filter(({ role }) => role === "parameter").map(({ value }) => b.reshape(b.sum(b.abs(value)), [1]));
  const joined = [
    ...given.filter((one) => one.role !== "step" && !isAlone(one)),
    // Evaluation gives no parameters.
    ...(sums.length > 0 ? [{ name: magnitudes, value: b.concat(sums, 0) }] : []),
  ];
  const flat = joined.map(({ value }) => b.reshape(value, [elements(value.type.shape)]));
  return {
    graph: b.finish([...alone.map(({ value }) => value), b.concat(flat, 0)]),
    outputs: [...alone.map(({ name }) => name), report],
    report: joined.map(({ name, value }) => ({ name, shape: present(staticShape(value.type.shape), name) })),
  };
}

/** What makes a number of 16 bits: for trying whether a device has such numbers. */
export function halfTrial(): Bound {
  const b = graphBuilder("half");
  const half = b.cast(b.input("x", { dtype: "float32", shape: [1] }), "float16");
  return { graph: b.finish([b.cast(b.add(half, half), "float32")]), inputs: ["x"], outputs: ["y"], report: [] };
}

/** What gives its inputs again: for reading what lies on a device. */
export function copies(ports: Ports["inputs"], sizes: ReadonlyMap<string, number>): Bound {
  const b = graphBuilder("copies");
  const inputs = ports.map(({ name, dtype, shape }): Value => b.input(name, { dtype, shape }));
  const graph = bind(b.finish(inputs.map((input) => b.identity(input))), sizes);
  const names = ports.map(({ name }) => name);
  return { graph, inputs: names, outputs: names.map(copyOf), report: [] };
}
