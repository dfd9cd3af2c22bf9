/** The portability report of models, compared with onnxruntime-node. */
import onnxProto from "onnx-proto";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { readNodes } from "../../../compiler/onnx/read/nodes.js";
import { portability, type RuntimeReport } from "../../../compiler/portability/report.js";
import { runtimes } from "../../../compiler/portability/runtimes.js";

const { onnx } = onnxProto;
type Node = Parameters<typeof onnx.NodeProto.create>[0];
type Graph = Parameters<typeof onnx.GraphProto.create>[0];

const value = (name: string, elemType: number, ...dims: readonly (number | string)[]) => {
  const dim = dims.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
};
const FLOAT = 1;
const INT64 = 7;

function model(graph: Graph, opset = 17): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ version: opset }],
    graph: { name: "g", ...graph },
  }).finish();
}

function reports(bytes: Uint8Array): readonly RuntimeReport[] {
  const read = readModel(bytes);
  if (!read.ok) throw new Error(read.problem.message);
  return portability(read.model, readNodes(bytes));
}

/** `runtime: outcome operator reason` of every finding. */
function findings(bytes: Uint8Array): readonly string[] {
  return reports(bytes).flatMap(({ runtime, findings: runtimeFindings }) =>
    runtimeFindings.map(({ outcome, operator, reason }) =>
      `${runtime}: ${outcome} ${operator} ${reason}`.replace(/ {2}/g, " "),
    ),
  );
}

const single = (node: Node, opset?: number, ...inputs: ReturnType<typeof value>[]) =>
  model({ node: [node ?? {}], input: inputs, output: [value(node?.output?.[0] ?? "", FLOAT)] }, opset);

const recurrent = (opType: string, extra: Node = {}, shape: readonly (number | string)[] = ["time", 2, 3]) => {
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[opType] ?? 1;
  return single(
    {
      opType,
      input: ["x", "w", "r"],
      output: ["y", "h"],
      ...extra,
      attribute: [{ name: "hidden_size", type: 2, i: 4 }, ...(extra?.attribute ?? [])],
    },
    17,
    value("x", FLOAT, ...shape),
    value("w", FLOAT, 1, gates * 4, 3),
    value("r", FLOAT, 1, gates * 4, 4),
  );
};

test("a plain model runs everywhere", () => {
  const bytes = single({ opType: "Tanh", input: ["x"], output: ["y"] }, 17, value("x", FLOAT, 1, 2));
  expect(reports(bytes).map(({ runtime, outcome, nodes }) => [runtime, outcome, nodes.runs])).toEqual(
    runtimes.map(({ name }) => [name, "runs", 1]),
  );
});

test("every runtime states the source of its rules", () => {
  for (const { source } of runtimes) expect(source).toMatch(/tested|kernel tables/);
});

describe("recurrent operators", () => {
  test("an LSTM as rnnx writes it", () => {
    expect(findings(recurrent("LSTM"))).toEqual([
      "OpenCV 5: unknown OpenCV.js supports inputs of one or two axes only; Python supports more",
    ]);
  });

  test("layout = 1 fails, as onnxruntime-node confirms", async () => {
    const bytes = recurrent("LSTM", { attribute: [{ name: "layout", type: 2, i: 1 }] }, [2, "time", 3]);
    expect(findings(bytes)).toEqual([
      ...["CPU", "web (wasm)", "CUDA", "WebGPU"].map(
        (name) => `ONNX Runtime, ${name}: fails LSTM with layout = 1 is not implemented`,
      ),
      "OpenCV 5: wrong LSTM silently treats layout = 1 as 0",
      "OpenCV 5: unknown OpenCV.js supports inputs of one or two axes only; Python supports more",
    ]);
    await expect(InferenceSession.create(bytes, { logSeverityLevel: 4 })).rejects.toThrow();
  });

  test("variants without a kernel on a device", () => {
    const on = (runtime: string, bytes: Uint8Array) =>
      findings(bytes).filter((line) => line.startsWith(`ONNX Runtime, ${runtime}`));
    const names = (...texts: readonly string[]) => ({
      name: "activations",
      type: 8,
      strings: texts.map((text) => Buffer.from(text)),
    });
    expect(on("CUDA", recurrent("GRU"))).toEqual([
      "ONNX Runtime, CUDA: cpu GRU has no kernel for linear_before_reset = 0",
    ]);
    expect(on("CUDA", recurrent("GRU", { attribute: [{ name: "linear_before_reset", type: 2, i: 1 }] }))).toEqual([]);
    expect(on("CUDA", recurrent("RNN", { attribute: [names("Tanh")] }))).toEqual([]);
    expect(on("CUDA", recurrent("RNN", { attribute: [names("Relu")] }))).toEqual([
      "ONNX Runtime, CUDA: cpu RNN has no kernel for these activations in this order",
    ]);
    expect(on("CUDA", recurrent("LSTM", { input: ["x", "w", "r", "", "", "", "", "w"] }))).toEqual([
      "ONNX Runtime, CUDA: cpu LSTM has no kernel for peepholes",
    ]);
    expect(on("WebGPU", recurrent("RNN"))).toEqual(["ONNX Runtime, WebGPU: cpu RNN has no kernel"]);
  });

  test("OpenCV's GRU needs both outputs", () => {
    expect(findings(recurrent("GRU", { output: ["y"] }))).toContain(
      "OpenCV 5: fails GRU must declare both of its outputs",
    );
    expect(findings(recurrent("GRU")).join()).not.toContain("must declare");
  });
});

test("random operators of opset 22, as onnxruntime-node confirms", async () => {
  const node = {
    opType: "RandomNormal",
    output: ["y"],
    attribute: [{ name: "shape", type: 7, ints: [2] }],
  };
  expect(findings(single(node, 22))).toContain(
    "ONNX Runtime, CPU: fails RandomNormal has no kernel for opset 22 and later",
  );
  await expect(InferenceSession.create(single(node, 22), { logSeverityLevel: 4 })).rejects.toThrow();
  expect(findings(single(node, 21)).filter((line) => line.startsWith("ONNX Runtime, CPU"))).toEqual([]);
  await InferenceSession.create(single(node, 21), { logSeverityLevel: 4 });
});

test("a graph with a cycle, or with a part missing, runs nowhere, as onnxruntime-node confirms", async () => {
  const missing = single({ opType: "Tanh", input: ["nowhere"], output: ["y"] }, 17, value("x", FLOAT, 2));
  const cyclic = model({
    node: [
      { opType: "Add", input: ["x", "b"], output: ["a"] },
      { opType: "Relu", input: ["a"], output: ["b"] },
    ],
    input: [value("x", FLOAT, 2)],
    output: [value("b", FLOAT, 2)],
  });
  for (const [bytes, finding] of [
    [missing, "Tanh reads nowhere, which nothing before it computes"],
    [cyclic, "Add reads b, which nothing before it computes"],
  ] as const) {
    expect(reports(bytes).map(({ outcome }) => outcome)).toEqual(runtimes.map(() => "fails"));
    expect(findings(bytes)).toContain(`ONNX Runtime, CPU: fails ${finding}`);
    await expect(InferenceSession.create(bytes, { logSeverityLevel: 4 })).rejects.toThrow();
  }
});

test("an operator of another domain", () => {
  const bytes = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ version: 17 }, { domain: "com.example", version: 1 }],
    graph: { node: [{ opType: "Magic", domain: "com.example" }] },
  }).finish();
  expect(reports(bytes).map(({ outcome }) => outcome)).toEqual(["fails", "fails", "fails", "fails", "unknown"]);
});

test("arithmetic with shapes is on the CPU, unless a kernel reads it there or it is float16", () => {
  const node = (
    opType: string,
    input: string[],
    output: string,
    ...attribute: NonNullable<NonNullable<Node>["attribute"]>
  ) => ({
    opType,
    input,
    output: [output],
    attribute,
  });
  const castTo = (type: number) => ({ name: "to", type: 2, i: type });
  const bytes = model({
    input: [value("x", FLOAT, "batch", 3), value("n", INT64)],
    initializer: [
      { name: "small", dataType: INT64, dims: [1], int64Data: [0] },
      { name: "large", dataType: INT64, dims: [101], int64Data: Array(101).fill(0) },
    ],
    node: [
      node("Shape", ["x"], "shape"),
      node("Gather", ["shape", "small"], "size"),
      node("Add", ["size", "n"], "more"),
      node("Gather", ["shape", "large"], "sizes"),
      node("Cast", ["more"], "number", castTo(1)),
      node("Cast", ["more"], "half", castTo(10)),
      node("Neg", ["half"], "negative"),
      node("Reshape", ["x", "more"], "y"),
      node("Mul", ["n", "small"], "constant"),
      node("Sqrt", ["y"], "z"),
    ],
    output: [{ name: "z" }],
  });
  const cuda = reports(bytes).find(({ runtime }) => runtime === "ONNX Runtime, CUDA");
  expect(cuda?.outcome).toBe("host");
  expect(cuda?.nodes).toEqual({ runs: 6, host: 4, cpu: 0, unknown: 0, wrong: 0, fails: 0 });
  expect(cuda?.findings.map(({ operator, count }) => [operator, count])).toEqual([
    ["Gather", 1],
    ["Add", 1],
    ["Cast", 2],
  ]);
});

test("element types are inferred through nodes and into loops, and nodes in loops are marked", () => {
  const body = {
    name: "body",
    node: [
      { opType: "Shape", input: ["slice"], output: ["sizes"] },
      { opType: "Equal", input: ["sizes", "sizes"], output: ["same"] },
      { opType: "Cast", input: ["same"], output: ["number"], attribute: [{ name: "to", type: 2, i: INT64 }] },
      { opType: "ReduceMean", input: ["number"], output: ["mean"] },
      { opType: "Less", input: ["outer", "outer"], output: ["less"] },
    ],
    input: [{ name: "slice" }],
    output: [{ name: "mean" }],
  };
  const bytes = model({
    node: [
      { opType: "Size", input: ["x"], output: ["outer"] },
      {
        opType: "Scan",
        input: ["x"],
        output: ["means"],
        attribute: [
          { name: "num_scan_inputs", type: 2, i: 1 },
          { name: "body", type: 5, g: body },
        ],
      },
      { opType: "ReduceMean", input: ["means"], output: ["y"] },
    ],
    input: [value("x", FLOAT, 3, 2)],
    output: [{ name: "y" }],
  });
  const nodes = readNodes(bytes);
  expect(
    nodes.map(({ operator, inputs, inLoop }) => `${operator}(${inputs.join(", ")})${inLoop ? " in a loop" : ""}`),
  ).toEqual([
    "Size(float32)",
    "Scan(float32)",
    "Shape(float32) in a loop",
    "Equal(int64, int64) in a loop",
    "Cast(bool) in a loop",
    "ReduceMean(int64) in a loop",
    "Less(int64, int64) in a loop",
    "ReduceMean(int64)",
  ]);
  const [, , cuda, webgpu] = reports(bytes);
  expect(cuda?.findings).toEqual([
    {
      outcome: "cpu",
      operator: "ReduceMean",
      count: 2,
      inLoops: 1,
      reason: "has CUDA kernels for float32, float16, float64, int32 only",
    },
    { outcome: "host", operator: "Equal", count: 1, inLoops: 1, reason: "computes shapes" },
    { outcome: "host", operator: "Cast", count: 1, inLoops: 1, reason: "computes shapes" },
  ]);
  expect(webgpu?.findings.map(({ operator, inLoops }) => [operator, inLoops])).toEqual([
    ["Scan", 0],
    ["Equal", 1],
    ["ReduceMean", 1],
    ["Less", 1],
  ]);
});

test("operators without a CUDA kernel of newer versions, and operators that were not tested", () => {
  const ofCuda = (opType: string, opset: number) =>
    findings(single({ opType, input: ["x"], output: ["y"] }, opset, value("x", FLOAT, 2)))
      .filter((line) => line.includes("CUDA"))
      .map((line) => line.replace("ONNX Runtime, CUDA: ", ""));
  expect(ofCuda("Elu", 21)).toEqual([]);
  expect(ofCuda("Elu", 22)).toEqual(["cpu Elu has no kernel for opset 22 and later"]);
  expect(ofCuda("SequenceEmpty", 20)).toEqual(["unknown SequenceEmpty was not tested"]);
});

test("a file newer than the runtimes", () => {
  const bytes = single({ opType: "Tanh", input: ["x"], output: ["y"] }, 30, value("x", FLOAT, 2));
  expect(findings(bytes)).toContain("ONNX Runtime, CPU: fails the opset is newer than the runtime");
});
