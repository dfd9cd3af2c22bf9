/** The reader of ONNX files: valid models, models of other tools, and invalid bytes. */
import pkg from "onnx-proto";
import { expect, test } from "vitest";
import { readModel } from "../../../../compiler/onnx/read/model.js";

const { onnx } = pkg;

function problemOf(bytes: Uint8Array): unknown {
  const result = readModel(bytes);
  return result.ok ? "read" : result.problem;
}

const notAModel = {
  code: "not-a-model",
  message: "The file is not an ONNX model, or it is truncated.",
  hint: "Check that the file is complete.",
};

test("a foreign model: nested graphs, functions, other domains, inputs that are initializers", () => {
  const branch = onnx.GraphProto.create({ name: "then", node: [{ opType: "Add" }, { opType: "Relu" }] });
  const bytes = onnx.ModelProto.encode({
    irVersion: 7,
    producerName: "someone",
    opsetImport: [{ version: 12 }, { domain: "com.example", version: 3 }],
    functions: [{ name: "twice", node: [{ opType: "Add" }] }],
    graph: {
      name: "main",
      node: [
        { opType: "If", attribute: [{ name: "then_branch", type: 5, g: branch }] },
        { opType: "Add", domain: "ai.onnx" },
        { opType: "Magic", domain: "com.example" },
      ],
      input: [
        { name: "w", type: { tensorType: { elemType: 10, shape: { dim: [{ dimValue: 2 }] } } } },
        { name: "x", type: { tensorType: { elemType: 16, shape: { dim: [{ dimParam: "N" }, {}, { dimValue: 0 }] } } } },
        { name: "any", type: { tensorType: { elemType: 8 } } },
        { name: "list", type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } } },
      ],
      initializer: [{ name: "w", dataType: 10, dims: [2], rawData: new Uint8Array(4) }],
      sparseInitializer: [{ values: { name: "s", dataType: 1, dims: [1] }, dims: [100] }],
    },
  }).finish();
  expect(readModel(bytes)).toEqual({
    ok: true,
    model: {
      name: "main",
      producer: "someone",
      doc: "",
      irVersion: 7,
      opsets: { "ai.onnx": 12, "com.example": 3 },
      inputs: [
        { name: "x", dtype: "bfloat16", shape: ["N", "?", 0] },
        { name: "any", dtype: "string", shape: undefined },
        { name: "list", dtype: "unknown", shape: undefined },
      ],
      outputs: [],
      initializers: [
        { name: "w", dtype: "float16", shape: [2] },
        { name: "s", dtype: "float32", shape: undefined },
      ],
      operators: [
        { domain: "ai.onnx", operator: "Add", count: 3 },
        { domain: "ai.onnx", operator: "If", count: 1 },
        { domain: "ai.onnx", operator: "Relu", count: 1 },
        { domain: "com.example", operator: "Magic", count: 1 },
      ],
      metadata: {},
    },
  });
});

test("arbitrary bytes never throw", () => {
  expect(problemOf(new Uint8Array())).toEqual({
    code: "not-a-model",
    message: "The file is not an ONNX model: it has no graph.",
    hint: "",
  });
  expect(problemOf(new TextEncoder().encode('{ "name": "hihello" }'))).toEqual(notAModel);
  expect(problemOf(new Uint8Array(100).fill(255))).toEqual(notAModel);
});

test("a truncated file", () => {
  const bytes = onnx.ModelProto.encode({ irVersion: 8, graph: { name: "main", node: [{ opType: "Add" }] } }).finish();
  expect(problemOf(bytes)).toBe("read");
  expect(problemOf(bytes.subarray(0, -1))).toEqual(notAModel);
});

test("graphs nested too deep", () => {
  const nested = (depth: number): Uint8Array => {
    // Written from the inside out, as bytes: an encoder would exhaust the stack itself.
    const field = (number: number, content: Uint8Array): Uint8Array => {
      const length: number[] = [];
      for (let rest = content.length; ; rest >>>= 7) {
        length.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
      return Buffer.concat([Uint8Array.of((number << 3) | 2, ...length), content]);
    };
    let graph: Uint8Array = new Uint8Array();
    for (let level = 0; level < depth; level++) graph = field(1, field(5, field(6, graph)));
    return field(7, graph);
  };
  expect(problemOf(nested(100))).toBe("read");
  const tooDeep = { code: "model-too-deep", message: "The model nests graphs more than 100 levels deep.", hint: "" };
  expect(problemOf(nested(101))).toEqual(tooDeep);
  expect(problemOf(nested(5_000))).toEqual(tooDeep);
});

test("absent fields have ONNX's defaults", () => {
  const external = (...entries: readonly (readonly [string, string])[]) =>
    entries.map(([key, value]) => ({ key, value }));
  const bytes = onnx.ModelProto.encode({
    irVersion: 8,
    graph: {
      name: "main",
      input: [{ name: "x", type: { tensorType: { elemType: 77 } } }],
      initializer: [
        { name: "all", dataType: 1, dims: [2], dataLocation: 1, externalData: external(["location", "w.bin"]) },
        {
          name: "part",
          dataType: 1,
          dims: [2],
          dataLocation: 1,
          externalData: external(["location", "w.bin"], ["offset", "8"], ["length", "8"]),
        },
        { name: "nowhere", dataType: 1, dims: [2], dataLocation: 1 },
      ],
      sparseInitializer: [{ dims: [100] }],
    },
  }).finish();
  const read = readModel(bytes);
  if (!read.ok) throw new Error("it is a model");
  expect(read.model.inputs).toEqual([{ name: "x", dtype: "unknown", shape: undefined }]);
  expect(read.model.initializers).toEqual([
    { name: "all", dtype: "float32", shape: [2], external: { location: "w.bin", offset: 0, length: null } },
    { name: "part", dtype: "float32", shape: [2], external: { location: "w.bin", offset: 8, length: 8 } },
    { name: "nowhere", dtype: "float32", shape: [2], external: { location: "", offset: 0, length: null } },
    { name: "", dtype: "unknown", shape: undefined },
  ]);
});
