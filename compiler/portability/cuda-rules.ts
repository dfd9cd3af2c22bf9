/**
 * The rules of ONNX Runtime's CUDA provider. Source: the provider of each node in the log of its CUDA provider of 1.29, for
 * 8,000 models of one operator (operators, element types, attributes, opset 18 to 26) and the 1,884 node tests of ONNX.
 */
import type { Condition, Rule } from "./rules.js";

/** Operators with the same kernels. A type in neither list has no kernel on either, and its model does not open. */
interface Kernels {
  readonly operators: string;
  /** Position of the input whose element type selects the kernel. Default: 0. */
  readonly input?: number;
  /** Element types with a CUDA kernel. Default: none. */
  readonly cuda?: string;
  /** Element types with a CPU kernel alone. Default: none. */
  readonly cpu?: string;
}

const float = "float32 float16 float64";
const floats = `${float} bfloat16`;
const int = "int32 int64";
const all = `${floats} ${int} int8 uint8 bool`;

const kernels: readonly Kernels[] = [
  {
    operators: `Cast CastLike CenterCropPad Compress Concat Constant ConstantOfShape Expand Flatten Gather
      GatherElements Identity If Loop Reshape ReverseSequence Scan Scatter ScatterElements ScatterND Shape Size Slice
      Split Squeeze TensorScatter Transpose Trilu Unsqueeze`,
    cuda: all,
  },
  { operators: "And Not Or Xor", cuda: "bool" },
  { operators: "Abs Add Div Mul Neg Sign Sub TopK", cuda: `${floats} ${int} int8 uint8` },
  { operators: "Shrink", cuda: `${float} ${int} int8 uint8` },
  { operators: "Pow ReduceSum", cuda: `${floats} ${int}` },
  { operators: "Max Min Mod", cuda: `${floats} ${int}`, cpu: "int8 uint8" },
  { operators: "MatMul ReduceSumSquare", cuda: floats, cpu: int },
  { operators: "Tile", cuda: `${floats} ${int}`, cpu: "int8 uint8 bool" },
  { operators: "GatherND", cuda: `${floats} int64 bool`, cpu: "int32 int8 uint8" },
  { operators: "Where", input: 1, cuda: `${floats} ${int} uint8` },
  { operators: "Relu", cuda: floats, cpu: "int32 int8" },
  {
    operators: `Attention AveragePool Conv Cos Erf Exp Gelu Gemm HardSigmoid HardSwish IsInf IsNaN LayerNormalization
      Mish RMSNormalization RandomNormalLike RandomUniformLike Sigmoid Sin Softmax Softplus Softsign Sqrt Sum Tanh`,
    cuda: floats,
  },
  { operators: "Swish", cuda: floats },
  { operators: "RotaryEmbedding", cuda: "float32 float16 bfloat16" },
  {
    operators: `BatchNormalization Bernoulli Ceil ConvTranspose Dropout Elu Floor GlobalAveragePool GlobalMaxPool
      GroupNormalization InstanceNormalization LRN LeakyRelu Log LogSoftmax PRelu Reciprocal Round Selu
      ThresholdedRelu`,
    cuda: float,
  },
  { operators: "DeformConv NegativeLogLikelihoodLoss NonMaxSuppression RoiAlign SoftmaxCrossEntropyLoss", cuda: float },
  { operators: "Range", cuda: `float32 float64 ${int}` },
  { operators: "Clip", cuda: `${float} int64 int8 uint8`, cpu: "int32" },
  { operators: "CumSum", cuda: `${float} ${int}` },
  { operators: "Greater GreaterOrEqual Less LessOrEqual", cuda: `${float} ${int}`, cpu: "int8 uint8" },
  { operators: "Equal", cuda: `${float} ${int} bool`, cpu: "int8 uint8" },
  { operators: "ReduceMax ReduceMin", cuda: `${float} ${int} int8 uint8`, cpu: "bool" },
  { operators: "ReduceMean ReduceProd", cuda: `${float} int32`, cpu: "int64" },
  { operators: "ReduceL1", cuda: `${floats} int32`, cpu: "int64" },
  { operators: "ReduceL2", cuda: `${float} int32`, cpu: "int64" },
  { operators: "ReduceLogSum ReduceLogSumExp", cuda: float, cpu: int },
  { operators: "Einsum", cuda: float, cpu: int },
  { operators: "ArgMax ArgMin", cuda: float, cpu: `${int} int8 uint8` },
  { operators: "Pad", cuda: `${float} bool`, cpu: `${int} int8 uint8` },
  { operators: "NonZero", cuda: `float32 float16 ${int} uint8 bool` },
  { operators: "OneHot", input: 2, cuda: "float32 float16 int64" },
  { operators: "MaxPool", cuda: `${float} int8 uint8` },
  { operators: "EyeLike", cuda: `float32 float64 ${int}`, cpu: "float16" },
  { operators: "LpNormalization", cuda: "float32 float16", cpu: "float64" },
  { operators: "GridSample", cuda: "float32", cpu: "float16" },
  { operators: "Resize", cuda: `${float} int32 uint8`, cpu: "int8" },
  { operators: "DepthToSpace SpaceToDepth", cuda: float, cpu: "int8 uint8" },
  { operators: "DequantizeLinear", cuda: "int8 uint8", cpu: "int32" },
  { operators: "QuantizeLinear", cuda: floats },
  { operators: "MatMulInteger", cuda: "int8", cpu: "uint8" },
  { operators: "LSTM GRU RNN", cuda: float },
  { operators: "RandomNormal RandomUniform", cuda: all },
  { operators: "Acos Acosh Asin Asinh Atan Atanh Cosh Det Hardmax LpPool Mean Sinh Tan", cpu: "float32 float16" },
  { operators: "Multinomial", cpu: "float32 float16" },
  { operators: "Unique", cpu: `${float} int64 int8` },
  { operators: "Celu", cpu: "float32" },
  { operators: "BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor", cpu: `${int} int8 uint8` },
];

/** Operators without a CUDA kernel that run on the CPU with every type that was tested. */
const onCpu = `AffineGrid BlackmanWindow Col2Im ConvInteger CumProd DFT DynamicQuantizeLinear HammingWindow HannWindow
  MaxUnpool MeanVarianceNormalization MelWeightMatrix QLinearConv QLinearMatMul RegexFullMatch STFT
  SplitToSequence StringConcat StringNormalizer StringSplit TfIdfVectorizer`;

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

function rulesOf({ operators: text, input = 0, cuda = "", cpu = "" }: Kernels): readonly Rule[] {
  const operators = words(text);
  const onCuda = words(cuda);
  const elsewhere = words(cpu);
  const none = words(all).filter((type) => !onCuda.includes(type) && !elsewhere.includes(type));
  const reason = onCuda.length === 0 ? "has no CUDA kernel" : `has CUDA kernels for ${onCuda.join(", ")} only`;
  return [
    { operators, when: { type: { input, in: elsewhere } }, outcome: "cpu", reason },
    { operators, when: { type: { input, in: none } }, outcome: "fails", reason: `${reason}, and no CPU kernel` },
    {
      operators,
      when: { type: { input, notIn: [...words(all), "unknown"] } },
      outcome: "unknown",
      reason: "was not tested with this element type",
    },
  ];
}

/** Element types without a CPU kernel, by operator, for nodes that CUDA has no kernel for. Default: bfloat16. */
const withoutCpuKernel: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  ["RNN", "Elu", "InstanceNormalization", "Selu", "ThresholdedRelu"].map((name) => [name, ["float64", "bfloat16"]]),
);

/** Rules of operators that have no CUDA kernel under a condition, and a CPU kernel for most types. */
function onCpuWith(operators: readonly string[], when: Omit<Condition, "type">, named: string): readonly Rule[] {
  const lacking = operators.flatMap((name) => withoutCpuKernel[name] ?? ["bfloat16"]);
  const reason = `has no kernel for ${named}`;
  return [
    { operators, when: { ...when, type: { input: 0, in: lacking } }, outcome: "fails", reason },
    { operators, when, outcome: "cpu", reason },
  ];
}

/** Rules about attributes and versions, which come before those about element types. */
const variants: readonly Rule[] = [
  ...onCpuWith(["GRU"], { attribute: { name: "linear_before_reset", not: 1 } }, "linear_before_reset = 0"),
  ...Object.entries({ LSTM: ["sigmoid", "tanh", "tanh"], GRU: ["sigmoid", "tanh"], RNN: ["tanh"] }).flatMap(
    ([operator, otherThan]) => [
      ...onCpuWith([operator], { attribute: { name: "clip" } }, "clip"),
      ...onCpuWith([operator], { attribute: { name: "activations", otherThan } }, "these activations in this order"),
    ],
  ),
  ...onCpuWith(["LSTM"], { attribute: { name: "input_forget", is: [1] } }, "input_forget = 1"),
  ...onCpuWith(["LSTM"], { inputPresent: 7 }, "peepholes"),
  ...onCpuWith(["ArgMax", "ArgMin"], { attribute: { name: "select_last_index", is: [1] } }, "select_last_index = 1"),
  ...["Dropout", "Elu", "InstanceNormalization", "MaxPool", "Selu", "ThresholdedRelu"].flatMap((operator) =>
    onCpuWith([operator], { opsetAbove: 21 }, "opset 22 and later"),
  ),
  {
    operators: ["EyeLike"],
    when: { opsetAbove: 21, type: { input: 0, in: ["float32", "float64", "int32", "int64"] } },
    outcome: "cpu",
    reason: "has no kernel for opset 22 and later",
  },
  {
    operators: ["BatchNormalization"],
    when: { attribute: { name: "training_mode", is: [1] } },
    outcome: "fails",
    reason: "has no kernel for training_mode = 1",
  },
  {
    operators: ["Swish"],
    when: { opsetAbove: 25, type: { input: 0, notIn: ["bfloat16"] } },
    outcome: "fails",
    reason: "has no kernel for opset 26",
  },
  {
    operators: ["Multinomial"],
    when: { opsetAbove: 21 },
    outcome: "fails",
    reason: "has no kernel for opset 22 and later",
  },
];

/** The first that matches a node determines its outcome; a node without one was not tested. */
export const cudaRules: readonly Rule[] = [
  ...variants,
  { operators: words(onCpu), outcome: "cpu", reason: "has no kernel" },
  ...kernels.flatMap(rulesOf),
  { when: { shapes: true }, outcome: "host", reason: "computes shapes" },
  { operators: kernels.flatMap(({ operators }) => words(operators)), outcome: "runs", reason: "" },
];
