/**
 * The runtimes and their rules. "Tested" means that models were run there and compared with float64 results; "kernel
 * tables" that the rules are from the runtime's source.
 */
import { cudaRules } from "./cuda-rules.js";
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

const domainAndLayoutRules: readonly Rule[] = [
  { domainsOtherThan: knownDomains, outcome: "fails", reason: "belongs to a domain that the runtime does not support" },
  {
    operators: recurrentOperators,
    when: { attribute: { name: "layout", is: [1] } },
    outcome: "fails",
    reason: "with layout = 1 is not implemented",
  },
];

const commonRules: readonly Rule[] = [
  ...domainAndLayoutRules,
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
  source: "onnxruntime-node 1.30, tested",
  model: modelLimits,
  rules: commonRules,
  fallback: "runs",
};

const web: Runtime = {
  ...cpu,
  name: "ONNX Runtime, web (wasm)",
  source: "onnxruntime-web 1.30 in Node and Chromium, tested",
};

const cuda: Runtime = {
  name: "ONNX Runtime, CUDA",
  source: "placement by the CUDA provider of 1.29 (kernel tables); numbers not run",
  model: modelLimits,
  rules: [...domainAndLayoutRules, ...cudaRules],
  fallback: "unknown",
};

const webgpu: Runtime = {
  name: "ONNX Runtime, WebGPU",
  source: "onnxruntime-node 1.30 on software Vulkan and on an NVIDIA H200, -web 1.30, tested",
  model: modelLimits,
  rules: [
    ...commonRules,
    {
      operators: ["Scan", "Loop"],
      outcome: "cpu",
      reason: "runs on the CPU, and the weights that its body reads are copied at every step",
    },
    {
      operators: [
        ..."RNN Sign LogSoftmax OneHot ConstantOfShape Or Dropout ReverseSequence Softsign Round Attention".split(" "),
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
      reason: "needs a buffer for each output, and the limit is 16",
    },
    {
      operators: ["LSTM", "GRU"],
      when: { opsetAbove: 21 },
      outcome: "cpu",
      reason: "has a kernel up to opset 21",
    },
  ],
  fallback: "runs",
};

/** Operators with correct results in every test in OpenCV.js, except for the cases of the rules. */
const opencvOperators = [
  ..."Abs Add And ArgMax Cast Concat Constant Cos DequantizeLinear Div Equal Exp Expand Floor Gather GatherElements".split(
    " ",
  ),
  ..."Gelu Gemm Greater RMSNormalization".split(" "),
  ..."GRU Identity LayerNormalization Less Log LogSoftmax LSTM MatMul Max Min Mod Mul Neg Not OneHot Or Pad Pow Range ReduceMax".split(
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
  source: "OpenCV.js 5.0.0 in Node and OpenCV 5 in Python, tested",
  model: [
    {
      inputRankAbove: 2,
      outcome: "unknown",
      reason: "OpenCV.js supports inputs of one or two axes only; Python supports more",
    },
  ],
  rules: [
    { domainsOtherThan: ["ai.onnx"], outcome: "unknown", reason: "belongs to a domain that was not tested" },
    { operators: ["RNN", "Scan"], outcome: "fails", reason: "is not supported" },
    { operators: ["Loop"], outcome: "wrong", reason: "is supported in Python only, and unreliable there" },
    {
      operators: ["LSTM", "GRU"],
      when: { attribute: { name: "layout", is: [1] } },
      outcome: "wrong",
      reason: "silently treats layout = 1 as 0",
    },
    ...[0, 1].map(
      (outputMissing): Rule => ({
        operators: ["GRU"],
        when: { outputMissing },
        outcome: "fails",
        reason: "must declare both of its outputs",
      }),
    ),
    {
      operators: ["Gelu"],
      when: { attribute: { name: "approximate", is: ["tanh"] } },
      outcome: "wrong",
      reason: 'silently treats approximate = "tanh" as "none", which differs by up to 5e-4',
    },
    { operators: reductions, when: { type: { input: 0, in: ["int64"] } }, outcome: "fails", reason: "fails on int64" },
    {
      operators: reductions,
      when: { attribute: { name: "keepdims", is: [0] } },
      outcome: "unknown",
      reason: "fails where it reduces all axes",
    },
    { operators: ["Abs"], when: { type: { input: 0, in: ["int32"] } }, outcome: "fails", reason: "fails on int32" },
    {
      operators: ["Mod"],
      when: { type: { input: 0, in: ["int64"] } },
      outcome: "wrong",
      reason: "is wrong beyond the range of int32",
    },
    { operators: opencvOperators, outcome: "runs", reason: "" },
  ],
  fallback: "unknown",
};

export const runtimes: readonly Runtime[] = [cpu, web, cuda, webgpu, opencv];
