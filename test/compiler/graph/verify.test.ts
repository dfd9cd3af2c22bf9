/** Every invariant of a graph, violated on purpose: the error names the stage, the graph and the violation. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import type { Graph, Node, Type } from "../../../compiler/ir/types.js";

const row: Type = { dtype: "float32", shape: ["batch", 3] };

/** y = tanh(x @ W) */
function dense(): Graph {
  const b = graphBuilder("dense");
  const x = b.input("x", row);
  const w = b.input("W", { dtype: "float32", shape: [3, 3] });
  return b.finish([b.withName(b.tanh(b.withName(b.matmul(x, w), "product")), "y")]);
}

/** The states of h' = tanh(h + x). */
function recurrence(): Graph {
  const b = graphBuilder("recurrence");
  const xs = b.input("xs", { dtype: "float32", shape: ["time", "batch", 3] });
  const h = b.input("h", row);
  const { scanOutputs: stacked } = scan(b, "step", { initial: [h], scans: [xs] }, (inner, [state = h], [x = h]) => {
    const next = inner.tanh(inner.add(state, x));
    return { next: [next], scanOutputs: [next] };
  });
  return b.finish(stacked);
}

function withNode(graph: Graph, index: number, change: (node: Node) => Node): Graph {
  return { ...graph, nodes: graph.nodes.map((node, position) => (position === index ? change(node) : node)) };
}

function withBody(graph: Graph, change: (body: Graph) => Graph): Graph {
  return withNode(graph, 0, (node) =>
    node.op === "Scan" ? { ...node, attributes: { ...node.attributes, body: change(node.attributes.body) } } : node,
  );
}

test("returns a valid graph", () => {
  const graph = recurrence();
  expect(verify(graph, "test")).toBe(graph);
});

/** One violation each of a valid graph. */
const breaks: Readonly<Record<string, () => Graph>> = {
  "dense: Tanh reads product before it is defined": () => {
    const graph = dense();
    return { ...graph, nodes: [...graph.nodes].reverse() };
  },
  "dense: MatMul reads x before it is defined": () => {
    const graph = dense();
    return { ...graph, inputs: graph.inputs.slice(1) };
  },
  "dense: x is defined twice (as an input)": () => {
    const graph = dense();
    return { ...graph, inputs: [...graph.inputs, at(graph.inputs, 0)] };
  },
  "dense: product is defined twice (MatMul)": () => {
    const graph = dense();
    return { ...graph, nodes: [at(graph.nodes, 0), ...graph.nodes] };
  },
  "dense: x is defined twice (Tanh)": () => {
    const graph = dense();
    return withNode(graph, 1, (node) => ({ ...node, outputs: [at(graph.inputs, 0)] }));
  },
  "dense: output y is never defined": () => {
    const graph = dense();
    return { ...graph, nodes: graph.nodes.slice(0, 1) };
  },
  "dense: Tanh gives float32[batch, 3], not float32[3]": () =>
    withNode(dense(), 1, (node) => ({ ...node, outputs: [{ name: "y", type: { ...row, shape: [3] } }] })),
  "dense: Tanh gives float32[batch, 3], not int64[batch, 3]": () =>
    withNode(dense(), 1, (node) => ({
      ...node,
      outputs: [{ name: "y", type: { ...row, dtype: "int64" } }],
    })),
  "dense: Tanh has 1 outputs, not 2": () =>
    withNode(dense(), 1, (node) => ({ ...node, outputs: [...node.outputs, { name: "z", type: row }] })),
  "recurrence: Scan has 2 outputs, not 1": () =>
    withNode(recurrence(), 0, (node) => ({ ...node, outputs: node.outputs.slice(1) })),
  "step: Add reads a value before it is defined": () =>
    withBody(recurrence(), (body) => ({ ...body, nodes: body.nodes.map((node) => readForeign(node)) })),
  "step: Tanh gives float32[batch, 3], not float32[batch]": () =>
    withBody(recurrence(), (body) => {
      const wrongOutput = { name: "narrow", type: { ...row, shape: ["batch"] } };
      return withNode(body, 1, (node) => ({ ...node, outputs: [...node.outputs.slice(1), wrongOutput] }));
    }),
};

/** The node with a value of the right type that no graph defines. */
function readForeign(node: Node): Node {
  return { ...node, inputs: node.inputs.map(({ type }) => ({ name: undefined, type })) };
}

test.each(Object.entries(breaks))("%s", (message, broken) => {
  expect(() => verify(broken(), "test")).toThrow(`after test, in ${message}`);
});

test("refuses operands that break a primitive's rules", () => {
  const graph = withNode(dense(), 1, (node) => ({ ...node, op: "Softmax", attributes: {} }));
  expect(verify(graph, "test")).toBe(graph);
  const transposed = withNode(dense(), 1, (node) => ({ ...node, op: "Transpose", attributes: { perm: [0] } }) as Node);
  expect(() => verify(transposed, "test")).toThrow("Transpose(product[batch, 3]): [0] is not a permutation of rank 2");
});
