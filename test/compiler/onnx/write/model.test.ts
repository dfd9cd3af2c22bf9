/** The parts of a model around its nodes: names, versions, constants, metadata, and weights that are added later. */
import pkg from "onnx-proto";
import { expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { scan } from "../../../../compiler/graph/scan.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph } from "../../../../compiler/ir/types.js";
import { readModel } from "../../../../compiler/onnx/read/model.js";
import { withWeights } from "../../../../compiler/onnx/splice/weights.js";
import { encodeModel } from "../../../../compiler/onnx/write/messages.js";
import { emitModel } from "../../../../compiler/onnx/write/model.js";
import { int } from "../../../../compiler/onnx/write/proto.js";
import { run } from "../../../support/run-graph.js";

const { onnx } = pkg;

function dense(): Graph {
  const b = graphBuilder("dense");
  const x = b.input("inputs", { dtype: "float32", shape: ["batch", 3] });
  const w = b.input("dense/W", { dtype: "float32", shape: [3, 2] });
  const c = b.input("dense/b", { dtype: "float32", shape: [2] });
  return b.finish([b.softmax(b.add(b.matmul(x, w), c))]);
}

const options = {
  name: "a dense layer",
  opset: 17,
  irVersion: 8,
  inputs: ["inputs", "dense/W", "dense/b"],
  outputs: ["outputs"],
  initializers: ["dense/W", "dense/b"],
  metadata: { "rnnx.name": "dense", empty: "" },
  doc: "Made by a test.",
};

const weights = [
  { name: "dense/W", dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: "dense/b", dtype: "float32", shape: [2], data: new Uint8Array(Float32Array.of(0.5, -0.5).buffer) },
] as const;

test("versions, metadata and doc strings", async () => {
  expect(readModel(emitModel(dense(), options))).toEqual({
    ok: true,
    model: {
      name: "a dense layer",
      producer: "rnnx",
      doc: "Made by a test.",
      irVersion: 8,
      opsets: { "ai.onnx": 17 },
      inputs: [{ name: "inputs", dtype: "float32", shape: ["batch", 3] }],
      outputs: [{ name: "outputs", dtype: "float32", shape: ["batch", 2] }],
      initializers: [],
      operators: [
        { domain: "ai.onnx", operator: "Add", count: 1 },
        { domain: "ai.onnx", operator: "MatMul", count: 1 },
        { domain: "ai.onnx", operator: "Softmax", count: 1 },
      ],
      metadata: { "rnnx.name": "dense", empty: "" },
    },
  });
});

test("weights that are added later give the results of weights as inputs", async () => {
  const { initializers: _, ...allInputs } = options;
  const x = tensor("float32", [2, 3], [0.1, 0.2, -0.3, 0, 1, -1]);
  const numbers = weights.map(({ shape, data }) =>
    tensor("float32", [...shape], data instanceof Float32Array ? data : new Float32Array(data.buffer)),
  );
  const expected = await run(emitModel(dense(), allInputs), [x, ...numbers]);
  const complete = withWeights(emitModel(dense(), options), weights);
  expect(await run(complete, [x])).toEqual(expected);
});

test("weights are added to the one graph field, for readers that do not merge repeated fields", async () => {
  const complete = withWeights(emitModel(dense(), options), weights);
  const decoded = onnx.ModelProto.decode(complete);
  expect(decoded.graph?.node?.map(({ opType }) => opType)).toEqual(["MatMul", "Add", "Softmax"]);
  expect(decoded.graph?.initializer?.map(({ name, dims }) => [name, dims?.map(Number)])).toEqual([
    ["dense/W", [3, 2]],
    ["dense/b", [2]],
  ]);
  const summary = readModel(complete);
  expect(summary.ok && summary.model.initializers).toEqual([
    { name: "dense/W", dtype: "float32", shape: [3, 2] },
    { name: "dense/b", dtype: "float32", shape: [2] },
  ]);
  expect(summary.ok && summary.model.metadata).toEqual(options.metadata);
});

test("weights of another size are refused", async () => {
  const model = emitModel(dense(), options);
  const short = { name: "dense/b", dtype: "float32", shape: [3], data: Float32Array.of(1, 2) } as const;
  expect(() => withWeights(model, [short])).toThrow("8 bytes given for dense/b, float32[3]");
  expect(() => withWeights(new Uint8Array(), [])).toThrow("the model has no graph");
});

test("equal constants are one initializer of the main graph, in bodies too", async () => {
  const b = graphBuilder("constants");
  const x = b.input("x", { dtype: "float32", shape: ["time", 2] });
  const pair = () => tensor("float32", [2], [1, 2]);
  const { scanOutputs: stacked } = scan(b, "body", { initial: [], scans: [x] }, (inner, _, slices) => ({
    next: [],
    scanOutputs: slices.map((slice) => inner.add(inner.mul(slice, inner.constant(pair())), 3)),
  }));
  const results = stacked.map((value) => b.add(b.mul(value, b.constant(pair())), 3));
  const bytes = emitModel(b.finish(results), { ...options, inputs: ["x"], initializers: [] });
  const summary = readModel(bytes);
  expect(summary.ok && summary.model.initializers).toEqual([
    { name: "constant", dtype: "float32", shape: [2] },
    { name: "constant.1", dtype: "float32", shape: [] },
  ]);
});

test("public names are kept, and all names differ throughout a model", async () => {
  const b = graphBuilder("names");
  const x = b.input("add", { dtype: "float32", shape: ["time", 2] });
  const { scanOutputs: stacked } = scan(
    b,
    "body",
    { initial: [], scans: [b.withName(b.neg(x), "mul")] },
    (inner, _, slices) => ({
      next: [],
      scanOutputs: slices.map((slice) => inner.withName(inner.mul(inner.add(slice, 1), 2), "mul")),
    }),
  );
  const graph = b.finish([...stacked, x, ...stacked]);
  const bytes = emitModel(graph, {
    ...options,
    inputs: ["add"],
    outputs: ["mul", "x", "twice"],
    initializers: [],
  });
  const names: (string | null | undefined)[] = [];
  const collect = (graphProto: InstanceType<typeof onnx.GraphProto>) => {
    names.push(...(graphProto.input ?? []).map(({ name }) => name));
    for (const node of graphProto.node ?? []) {
      names.push(...(node.output ?? []));
      for (const { g } of node.attribute ?? []) if (g) collect(onnx.GraphProto.create(g));
    }
  };
  collect(onnx.GraphProto.create(onnx.ModelProto.decode(bytes).graph ?? {}));
  expect(names).toEqual(["add", "mul.1", "mul", "mul.2", "add.1", "mul.3", "x", "twice"]);
});

test("invalid options are refused", () => {
  expect(() => emitModel(dense(), { ...options, opset: 12 })).toThrow("opset 12 is not in 13 to 25");
  const b = graphBuilder("counting");
  const count = b.finish([b.range("nobody")]);
  const nothing = { name: "counting", opset: 18, irVersion: 8, inputs: [], outputs: ["y"] };
  expect(() => emitModel(count, nothing)).toThrow("no input has the size nobody");
  expect(() => int("axis", 0.5)).toThrow("0.5 is not a safe integer for an int64 field");
  expect(() => emitModel(dense(), { ...options, irVersion: 10 })).toThrow("IR version 10 is beyond 8");
  expect(() => emitModel(dense(), { ...options, inputs: ["x"] })).toThrow("1 names for 3 inputs");
  expect(() => emitModel(dense(), { ...options, outputs: ["inputs"] })).toThrow("duplicate public names: inputs");
  expect(() => emitModel(dense(), { ...options, initializers: ["W"] })).toThrow("initializers that are not inputs: W");
});

test("the bytes of a message are those of onnx-proto", () => {
  const tensor = { dims: [2, 0], dataType: 1, name: "t", rawData: new Uint8Array([1, 2, 255]) };
  const type = { tensorType: { elemType: 7, shape: { dim: [{ dimValue: 3 }, { dimParam: "batch" }] } } };
  const value = { name: "größe", type, docString: "a doc" };
  const empty = { node: [], name: "", input: [], output: [] };
  const attributes = [
    { f: -0.25, type: 1 },
    { i: -(2 ** 40), type: 2 },
    { s: new Uint8Array([226, 136, 145]), type: 3 },
    { t: tensor, type: 4 },
    { g: { ...empty, valueInfo: [value] }, type: 5 },
    { ints: [0, -1, 2 ** 52], type: 7 },
    { strings: [new Uint8Array(), new Uint8Array([65])], type: 8 },
  ];
  const attribute = attributes.map((each, index) => ({ name: `a${index}`, ...each }));
  const node = [{ input: ["x", ""], output: ["y"], name: "n", opType: "If", attribute }];
  const bytes = encodeModel({
    irVersion: 8,
    producerName: "p",
    docString: "doc",
    graph: { ...empty, node, initializer: [tensor], input: [value], output: [value] },
    opsetImport: [{ domain: "", version: 18 }],
    metadataProps: [{ key: "k", value: "v" }],
  });
  const decoded = onnx.ModelProto.decode(bytes);
  expect(decoded.graph?.node?.[0]?.attribute?.map(({ f, i, ints }) => f || Number(i) || ints?.map(Number))).toEqual([
    -0.25,
    -(2 ** 40),
    ...[[], [], [], [0, -1, 2 ** 52], []],
  ]);
  expect(Buffer.from(onnx.ModelProto.encode(decoded).finish()).equals(bytes)).toBe(true);
});
