/** The nodes of foreign models: element types through loops, branches and constants, and graphs as names. */
import pkg from "onnx-proto";
import { expect, test } from "vitest";
import { countNodes, readGraph } from "../../../../compiler/onnx/read/graph.js";
import { readNodes } from "../../../../compiler/onnx/read/nodes.js";

const { onnx } = pkg;

const value = (name: string, elemType?: number) => ({
  name,
  ...(elemType !== undefined && { type: { tensorType: { elemType, shape: { dim: [{}] } } } }),
});
const identity = (input: string, output: string) => ({ opType: "Identity", input: [input], output: [output] });

const body = {
  name: "body",
  input: [value("step"), value("more"), value("sum")],
  node: [
    { opType: "Cast", input: ["step"], output: ["number"], attribute: [{ name: "to", type: 2, i: 1 }] },
    { opType: "Add", input: ["sum", "number"], output: ["next"] },
    { opType: "Equal", input: ["number", "s"], output: ["same"] },
    identity("more", "on"),
  ],
  output: [value("on"), value("next"), value("same")],
};

const bytes = onnx.ModelProto.encode({
  irVersion: 8,
  opsetImport: [{ version: 17 }],
  functions: [{ name: "twice", input: ["a"], node: [{ opType: "Add", input: ["a", "a"], output: ["b"] }] }],
  graph: {
    name: "main",
    input: [value("x", 1), value("w", 1)],
    initializer: [{ name: "w", dataType: 1, dims: [2], rawData: new Uint8Array(8) }],
    sparseInitializer: [{ values: { name: "s", dataType: 1, dims: [1] }, dims: [100] }],
    node: [
      { opType: "Constant", output: ["n"], attribute: [{ name: "value", type: 4, t: { dataType: 7, dims: [1, 2] } }] },
      { opType: "ConstantOfShape", input: ["n"], output: ["zeros"] },
      {
        opType: "Loop",
        input: ["n", "", "zeros"],
        output: ["sums", "flags"],
        attribute: [{ name: "body", type: 5, g: body }],
      },
      { opType: "Where", input: ["flags", "sums", "x"], output: ["chosen"] },
      {
        opType: "Magic",
        domain: "com.example",
        input: ["chosen", "stranger"],
        output: ["y", ""],
        attribute: [
          { name: "mode", type: 3, s: Buffer.from("fast") },
          { name: "names", type: 8, strings: [Buffer.from("a"), Buffer.from("b")] },
          { name: "rate", type: 1, f: 0.5 },
        ],
      },
    ],
    output: [value("y", 1)],
  },
}).finish();

test("element types of each node's inputs, in nested graphs too", () => {
  const nodes = readNodes(bytes).map(({ domain, operator, inputs, inLoop }) =>
    [domain === "ai.onnx" ? operator : `${domain}.${operator}`, ...inputs, ...(inLoop ? ["looped"] : [])].join(" "),
  );
  expect(nodes).toEqual([
    "Constant",
    "ConstantOfShape int64",
    "Loop int64  float32",
    "Cast int64 looped",
    "Add float32 float32 looped",
    "Equal float32 float32 looped",
    "Identity bool looped",
    "Where bool float32 float32",
    "com.example.Magic float32 unknown",
    "Add unknown unknown",
  ]);
  const magic = readNodes(bytes).find(({ operator }) => operator === "Magic");
  expect(magic?.outputs).toEqual([true, false]);
  expect([...(magic?.attributes ?? [])]).toEqual([
    ["mode", "fast"],
    ["names", ["a", "b"]],
    ["rate", null],
  ]);
});

test("the graph as names", () => {
  const graph = readGraph(bytes);
  expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
  expect(countNodes(graph)).toBe(9);
  expect(
    graph.nodes.map(({ operator, attributes, bodies }) => [
      operator,
      ...attributes,
      ...bodies.map((inner) => inner.attribute),
    ]),
  ).toEqual([
    ["Constant", "value=int64[1, 2]"],
    ["ConstantOfShape"],
    ["Loop", "body"],
    ["Where"],
    ["com.example.Magic", "mode=fast", "names", "rate"],
  ]);
  expect(readGraph(new Uint8Array())).toEqual({ name: "", inputs: [], outputs: [], initializers: [], nodes: [] });
});
