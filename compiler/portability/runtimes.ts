/**
 * The runtimes. "Tried" says that models were run there and compared with float64 numbers; "read" that it is in the runtime's
 * own tables of kernels.
 */
import type { Rule, Runtime } from "./rules.js";

const recurrentOperators = ["LSTM", "GRU", "RNN"];
const randomOperators = [
  "RandomUniform",
  "RandomUniformLike",
  "RandomNormal",
  "RandomNormalLike",
  "Multinomial",
  "Bernoulli",
];
const knownDomains = ["ai.onnx", "ai.onnx.ml", "com.microsoft"];

const commonRules: readonly Rule[] = [
  { domainsOtherThan: knownDomains, outcome: "fails", reason: "is of a domain that the runtime does not have" },
  {
    operators: recurrentOperators,
    when: { attribute: { name: "layout", is: [1] } },
    outcome: "fails",
    reason: "with layout = 1 is not implemented",
  },
  {
    operators: randomOperators,
    when: { opsetAbove: 21 },
    outcome: "fails",
    reason: "has no kernel for opset 22 and later",
  },
];

const modelLimits: Runtime["model"] = [
  { opsetAbove: 26, outcome: "fails", reason: "the opset is newer than the runtime" },
  { irAbove: 13, outcome: "fails", reason: "the file format is newer than the runtime" },
];

const cpu: Runtime = {
  name: "ONNX Runtime, CPU",
  source: "onnxruntime-node 1.30, tried",
  model: modelLimits,
  rules: commonRules,
  fallback: "runs",
};

const web: Runtime = {
  ...cpu,
  name: "ONNX Runtime, web (wasm)",
  source: "onnxruntime-web 1.30 in Node and Chromium, tried",
};

/** A kernel that is registered for a version and later serves only operators that were last changed in exactly that version. */
function kernelUpTo(opset: number, operators: readonly string[]): Rule {
  return { operators, when: { opsetAbove: opset }, outcome: "cpu", reason: `has a kernel up to opset ${opset}` };
}

const floatTypes = ["float32", "float16", "float64", "bfloat16", "unknown"];

const cuda: Runtime = {
  name: "ONNX Runtime, CUDA",
  source: "the CUDA provider's kernel tables of 1.30, read; not run",
  model: modelLimits,
  rules: [
    ...commonRules,
    { operators: ["Multinomial", "Bernoulli"], outcome: "cpu", reason: "has no kernel" },
    kernelUpTo(18, ["Equal", "Pad"]),
    kernelUpTo(19, ["ReduceMax", "ConstantOfShape"]),
    kernelUpTo(20, ["Scan", "Loop", "If", "Identity"]),
    kernelUpTo(21, [...recurrentOperators, "Dropout", ...randomOperators, "Softplus"]),
    {
      operators: ["GRU"],
      when: { attribute: { name: "linear_before_reset", not: 1 } },
      outcome: "cpu",
      reason: "has a kernel for linear_before_reset = 1 only",
    },
    {
      operators: recurrentOperators,
      when: { attribute: { name: "clip" } },
      outcome: "cpu",
      reason: "has no kernel with clip",
    },
    ...Object.entries({ LSTM: ["sigmoid", "tanh"], GRU: ["sigmoid", "tanh"], RNN: ["tanh"] }).map(
      ([operator, beyond]): Rule => ({
        operators: [operator],
        when: { attribute: { name: "activations", beyond } },
        outcome: "cpu",
        reason: "has a kernel for the usual activations only",
      }),
    ),
    {
      operators: ["LSTM"],
      when: { attribute: { name: "input_forget", is: [1] } },
      outcome: "cpu",
      reason: "has no kernel with input_forget",
    },
    { operators: ["LSTM"], when: { inputPresent: 7 }, outcome: "cpu", reason: "has no kernel with peepholes" },
    {
      operators: ["Log", "LogSoftmax", "ArgMax", "Einsum", "ReduceSumSquare"],
      when: { type: { input: 0, notIn: floatTypes } },
      outcome: "cpu",
      reason: "has a kernel for floats only",
    },
    {
      operators: ["ReduceMean", "ReduceL2"],
      when: { type: { input: 0, in: ["int64"] } },
      outcome: "cpu",
      reason: "has no kernel for int64",
    },
    {
      operators: ["OneHot"],
      when: { type: { input: 2, notIn: ["float32", "float16", "int64", "unknown"] } },
      outcome: "cpu",
      reason: "has a kernel for float32, float16 and int64 values only",
    },
    {
      operators: ["Where"],
      when: { type: { input: 1, in: ["bool"] } },
      outcome: "cpu",
      reason: "has no kernel for bool",
    },
    {
      operators: ["Clip", "GatherND"],
      when: { type: { input: 0, in: ["int32"] } },
      outcome: "cpu",
      reason: "has no kernel for int32",
    },
  ],
  fallback: "runs",
};

const webgpu: Runtime = {
  name: "ONNX Runtime, WebGPU",
  source: "onnxruntime-node 1.30 on software Vulkan and on an NVIDIA H200, -web 1.30, tried",
  model: modelLimits,
  rules: [
    ...commonRules,
    {
      operators: ["Scan", "Loop"],
      outcome: "cpu",
      reason: "runs on the processor, and the weights that its body reads are copied in every step",
    },
    {
      operators: [
        ..."RNN Sign LogSoftmax OneHot ConstantOfShape Or Dropout ReverseSequence Softsign Round".split(" "),
        ...randomOperators,
      ],
      outcome: "cpu",
      reason: "has no kernel",
    },
    { when: { type: { input: 0, in: ["int64"] } }, outcome: "cpu", reason: "has no kernel for int64" },
    {
      operators: ["Slice", "GatherElements", "Neg", "Abs", "Mod", "Range"],
      when: { type: { input: 0, in: ["int32"] } },
      outcome: "cpu",
      reason: "has no kernel for int32",
    },
    {
      operators: ["Slice", "Squeeze", "Transpose", "Concat", "Split", "Identity", "Pad", "GatherElements"],
      when: { type: { input: 0, in: ["bool"] } },
      outcome: "cpu",
      reason: "has no kernel for bool",
    },
    {
      operators: ["Split"],
      when: { outputsAbove: 15 },
      outcome: "fails",
      reason: "needs a buffer for each result, and there are 16 at most",
    },
    kernelUpTo(21, ["LSTM", "GRU"]),
  ],
  fallback: "runs",
};

/** Operators whose numbers in OpenCV.js were right in every case tried, save those that the rules name. */
const opencvOperators = [
  ..."Abs Add And ArgMax Cast Concat Constant Cos DequantizeLinear Div Equal Exp Expand Floor Gather GatherElements Gemm Greater".split(
    " ",
  ),
  ..."GRU Identity Less Log LogSoftmax LSTM MatMul Max Min Mod Mul Neg Not OneHot Or Pad Pow Range ReduceMax".split(
    " ",
  ),
  ..."ReduceMean ReduceSum Relu Reshape ScatterElements ScatterND Shape Sigmoid Sign Size Slice Softmax Softplus".split(
    " ",
  ),
  ..."Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where".split(" "),
];
const reductions = ["ReduceSum", "ReduceMean", "ReduceMax"];

const opencv: Runtime = {
  name: "OpenCV 5",
  source: "OpenCV.js 5.0.0 in Node and OpenCV 5 in Python, tried",
  model: [
    {
      inputRankAbove: 2,
      outcome: "unknown",
      reason: "OpenCV.js takes inputs of one or two axes only; Python takes more",
    },
  ],
  rules: [
    { domainsOtherThan: ["ai.onnx"], outcome: "unknown", reason: "is of a domain that was not tried" },
    { operators: ["RNN", "Scan"], outcome: "fails", reason: "is not known" },
    { operators: ["Loop"], outcome: "wrong", reason: "is known in Python, and is not to be relied on" },
    {
      operators: ["LSTM", "GRU"],
      when: { attribute: { name: "layout", is: [1] } },
      outcome: "wrong",
      reason: "takes layout = 1 for 0 without a word",
    },
    ...[0, 1].map(
      (outputMissing): Rule => ({
        operators: ["GRU"],
        when: { outputMissing },
        outcome: "fails",
        reason: "must declare both of its outputs",
      }),
    ),
    { operators: reductions, when: { type: { input: 0, in: ["int64"] } }, outcome: "fails", reason: "fails on int64" },
    {
      operators: reductions,
      when: { attribute: { name: "keepdims", is: [0] } },
      outcome: "unknown",
      reason: "fails where it leaves no axis",
    },
    { operators: ["Abs"], when: { type: { input: 0, in: ["int32"] } }, outcome: "fails", reason: "fails on int32" },
    {
      operators: ["Mod"],
      when: { type: { input: 0, in: ["int64"] } },
      outcome: "wrong",
      reason: "is wrong beyond 32 bits",
    },
    { operators: opencvOperators, outcome: "runs", reason: "" },
  ],
  fallback: "unknown",
};

export const runtimes: readonly Runtime[] = [cpu, web, cuda, webgpu, opencv];
