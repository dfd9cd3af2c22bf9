/** Operators of other models against ONNX Runtime, and their gradients against central differences in float64. */
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { importModel } from "../../../compiler/importer/index.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { differenceAt, gradients, weightedSum } from "../../support/finite-differences.js";
import { modelBytes, type TestNode, type TestTensor } from "../../support/onnx-models.js";

/** Numbers without a pattern, the same in every run, in (-1.5, 1.5) and not near a kink. */
const noise = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, index) => {
    const x = Math.sin(12.9898 * (index + 1) + 78.233 * (seed + 1)) * 43758.5453;
    const fraction = x - Math.floor(x);
    return Math.round((3 * fraction - 1.5) * 1000) / 1000 + 0.0005;
  });

const random = (shape: readonly number[], seed = 0): TestTensor => ({
  shape,
  data: noise(
    shape.reduce((product, size) => product * size, 1),
    seed,
  ),
});
const positive = (shape: readonly number[], seed = 0): TestTensor => {
  const { data } = random(shape, seed);
  return { shape, data: data.map((x) => Math.abs(x) + 0.5) };
};
const ints = (data: readonly number[], shape: readonly number[] = [data.length]): TestTensor => ({
  dtype: "int64",
  shape,
  data,
});

interface Case {
  readonly operator: string;
  readonly attributes?: TestNode["attributes"];
  /** Inputs of the model; "" is an omitted operand. */
  readonly inputs: readonly (TestTensor | "")[];
  /** Positions of operands that are constants of the model. */
  readonly constants?: readonly number[];
  readonly outputs?: number;
  readonly opset?: number;
  /** ONNX Runtime lacks the operator, or a form of it. */
  readonly runtimeLacks?: boolean;
}

const x = random([2, 3]);
const image = random([2, 4, 5, 6]);
const unary = (operator: string, attributes: Case["attributes"] = {}, input = x, opset = 17): Case => ({
  operator,
  attributes,
  inputs: [input],
  opset,
});
const sequence = [random([4, 2, 3]), random([2, 20, 3], 1), random([2, 20, 5], 2), random([2, 40], 3)] as const;
const gru = [random([4, 2, 3]), random([1, 15, 3], 1), random([1, 15, 5], 2), random([1, 30], 3)] as const;

const resizes: readonly Case["attributes"][] = [
  { mode: "nearest" },
  { mode: "nearest", nearest_mode: "floor", coordinate_transformation_mode: "asymmetric" },
  { mode: "nearest", nearest_mode: "ceil" },
  { mode: "nearest", nearest_mode: "round_prefer_ceil", coordinate_transformation_mode: "align_corners" },
  { mode: "linear" },
  { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
  { mode: "linear", coordinate_transformation_mode: "asymmetric" },
  { mode: "cubic" },
  { mode: "cubic", exclude_outside: 1, cubic_coeff_a: { float: -0.5 } },
];

const cases: readonly Case[] = [
  ...(
    "Abs Neg Exp Sin Cos Tan Sinh Cosh Asinh Tanh Sigmoid Relu Softplus Softsign Erf Elu Selu LeakyRelu HardSigmoid " +
    "HardSwish Floor Ceil Round Sign Identity ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 " +
    "ReduceSumSquare ReduceLogSumExp ReduceProd Softmax LogSoftmax Hardmax Flatten Transpose Celu ThresholdedRelu"
  )
    .split(" ")
    .map((operator) => unary(operator)),
  ...["Log", "Sqrt", "Reciprocal", "ReduceLogSum"].map((operator) => unary(operator, {}, positive([2, 3]))),
  unary("Acosh", {}, { shape: [3], data: [1.5, 2, 3] }),
  unary("Atanh", {}, { shape: [3], data: [-0.5, 0.2, 0.9] }),
  unary("Mish", {}, x, 18),
  unary("Gelu", {}, x, 20),
  unary("Gelu", { approximate: "tanh" }, x, 20),
  unary("Shrink", { lambd: { float: 0.3 }, bias: { float: 0.1 } }),
  unary("Celu", { alpha: { float: 2 } }),
  unary("Softmax", { axis: 1 }, image),
  unary("Softmax", { axis: 1 }, image, 11),
  unary("LogSoftmax", { axis: 0 }, image),
  unary("ReduceMean", { axes: [1, -1], keepdims: 0 }, image),
  unary("LpNormalization", { axis: 1, p: 2 }, image),
  unary("MeanVarianceNormalization", {}, image),
  unary("GlobalAveragePool", {}, image),
  unary("GlobalMaxPool", {}, image),
  unary("GlobalLpPool", { p: 2 }, image),
  unary("DepthToSpace", { blocksize: 2 }, image),
  unary("SpaceToDepth", { blocksize: 2 }, random([1, 2, 4, 6])),
  unary("LRN", { size: 3, alpha: { float: 0.1 } }, image),
  unary("MaxPool", { kernel_shape: [2, 2], strides: [2, 2] }, image),
  unary(
    "MaxPool",
    { kernel_shape: [3, 3], pads: [1, 1, 1, 1], dilations: [1, 2], ceil_mode: 1, strides: [2, 1] },
    image,
  ),
  unary("AveragePool", { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [2, 1] }, image),
  unary("AveragePool", { kernel_shape: [3, 2], pads: [1, 0, 1, 1], count_include_pad: 1 }, image),
  unary("AveragePool", { kernel_shape: [2, 2], auto_pad: "SAME_UPPER", strides: [2, 2] }, image),
  unary("LpPool", { kernel_shape: [2, 2], p: 2 }, image),
  unary("ArgMax", { axis: 1, keepdims: 0 }),
  unary("ArgMin", { axis: 0 }),
  unary("Split", { axis: 1, split: [1, 2] }, x, 11),
  ...["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"].map((operator) => ({
    operator,
    inputs: [x, random([3], 5)],
  })),
  { operator: "Mod", attributes: { fmod: 1 }, inputs: [x, random([3], 5)] },
  { operator: "Pow", inputs: [positive([2, 3]), random([3], 6)] },
  { operator: "Pow", inputs: [x, { shape: [], data: [3] }], constants: [1] },
  { operator: "PRelu", inputs: [x, random([3], 4)] },
  { operator: "Where", inputs: [{ dtype: "bool", shape: [2, 3], data: [1, 0, 0, 1, 1, 0] }, x, random([2, 3], 2)] },
  { operator: "Clip", inputs: [x, { shape: [], data: [-0.7] }, { shape: [], data: [0.4] }], constants: [1, 2] },
  { operator: "Less", inputs: [x, random([3], 5)] },
  { operator: "MatMul", inputs: [random([2, 3, 4]), random([4, 5], 1)] },
  { operator: "MatMul", inputs: [random([4]), random([2, 4, 3], 1)] },
  {
    operator: "Gemm",
    attributes: { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
    inputs: [random([4, 2]), random([3, 4], 1), random([3], 2)],
  },
  {
    operator: "Einsum",
    attributes: { equation: "bhid,bhjd->bhij" },
    inputs: [random([2, 2, 3, 4]), random([2, 2, 5, 4], 1)],
  },
  { operator: "Einsum", attributes: { equation: "...ij,jk" }, inputs: [random([2, 3, 4]), random([4, 2], 1)] },
  { operator: "Einsum", attributes: { equation: "ii->i" }, inputs: [random([3, 3])] },
  {
    operator: "Einsum",
    attributes: { equation: "i,j,ij->" },
    inputs: [random([3]), random([4], 1), random([3, 4], 2)],
  },
  {
    operator: "Conv",
    attributes: { pads: [1, 0, 1, 2], strides: [2, 1], dilations: [1, 2], group: 2 },
    inputs: [image, random([6, 2, 3, 2], 1), random([6], 2)],
  },
  {
    operator: "Conv",
    attributes: { auto_pad: "SAME_LOWER", group: 4, kernel_shape: [3, 3] },
    inputs: [image, random([4, 1, 3, 3], 1)],
  },
  { operator: "Conv", inputs: [random([2, 3, 7]), random([4, 3, 2], 1)] },
  {
    operator: "ConvTranspose",
    attributes: { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 0], group: 2 },
    inputs: [random([1, 4, 3, 3]), random([4, 2, 2, 3], 1), random([4], 2)],
  },
  {
    operator: "BatchNormalization",
    inputs: [image, random([4], 1), random([4], 2), random([4], 3), positive([4], 4)],
    constants: [3, 4],
  },
  { operator: "InstanceNormalization", inputs: [image, random([4], 1), random([4], 2)] },
  { operator: "LayerNormalization", attributes: { axis: -1 }, inputs: [image, random([6], 1), random([6], 2)] },
  { operator: "LayerNormalization", attributes: { axis: 2 }, inputs: [image, random([5, 6], 1)] },
  {
    operator: "GroupNormalization",
    attributes: { num_groups: 2 },
    inputs: [image, random([4], 1), random([4], 2)],
    opset: 21,
  },
  { operator: "RMSNormalization", inputs: [image, random([6], 1)], opset: 23 },
  { operator: "Reshape", inputs: [image, ints([0, -1, 10])], constants: [1] },
  { operator: "Squeeze", inputs: [random([2, 1, 3, 1]), ints([1, -1])], constants: [1] },
  { operator: "Unsqueeze", inputs: [x, ints([0, -1])], constants: [1] },
  { operator: "Concat", attributes: { axis: -1 }, inputs: [x, random([2, 2], 3)] },
  { operator: "Slice", inputs: [image, ints([1, -3]), ints([3, 99]), ints([1, -1])], constants: [1, 2, 3] },
  {
    operator: "Slice",
    inputs: [image, ints([-1, 0]), ints([-99, 6]), ints([1, 3]), ints([-1, 2])],
    constants: [1, 2, 3, 4],
  },
  { operator: "Pad", inputs: [x, ints([0, 1, 2, 1]), { shape: [], data: [0.5] }], constants: [1, 2] },
  { operator: "Pad", attributes: { mode: "reflect" }, inputs: [x, ints([1, 2, 0, 1])], constants: [1] },
  { operator: "Pad", attributes: { mode: "edge" }, inputs: [x, ints([0, 2, 1, 1])], constants: [1] },
  { operator: "Expand", inputs: [random([3, 1]), ints([2, 1, 4])], constants: [1] },
  { operator: "Tile", inputs: [x, ints([2, 3])], constants: [1] },
  { operator: "Trilu", attributes: { upper: 0 }, inputs: [random([3, 4])] },
  {
    operator: "CumSum",
    attributes: { exclusive: 1, reverse: 1 },
    inputs: [random([2, 4]), ints([1], [])],
    constants: [1],
  },
  { operator: "CumSum", inputs: [random([2, 4]), ints([0], [])], constants: [1] },
  { operator: "TopK", attributes: { axis: 1 }, inputs: [random([3, 5]), ints([2])], constants: [1], outputs: 2 },
  { operator: "Gather", attributes: { axis: 1 }, inputs: [random([2, 4]), ints([0, -1, 2], [3])] },
  { operator: "GatherElements", attributes: { axis: 1 }, inputs: [random([2, 4]), ints([0, 3, -2, 1], [2, 2])] },
  ...["Asin", "Acos"].map((operator) => unary(operator, {}, { shape: [5], data: [-0.95, -0.4, 0.001, 0.3, 0.9] })),
  unary("Atan", {}, { shape: [7], data: [-1e20, -3, -0.99, 0.001, 0.5, 1.01, 1e4] }),
  ...["bilinear", "nearest", "bicubic"].flatMap((mode) =>
    ["zeros", "border", "reflection"].flatMap((padding_mode) =>
      [0, 1].map(
        (align_corners): Case => ({
          operator: "GridSample",
          attributes: { mode, padding_mode, align_corners },
          inputs: [random([2, 2, 3, 4]), random([2, 2, 3, 2], 1)],
        }),
      ),
    ),
  ),
  {
    operator: "GridSample",
    attributes: { mode: "linear" },
    inputs: [random([1, 2, 3, 4, 2]), random([1, 2, 2, 2, 3], 1)],
    opset: 20,
  },
  ...[0, 1].flatMap((align_corners): Case[] => [
    {
      operator: "AffineGrid",
      attributes: { align_corners },
      inputs: [random([2, 2, 3]), ints([2, 1, 3, 4])],
      constants: [1],
      opset: 20,
    },
    {
      operator: "AffineGrid",
      attributes: { align_corners },
      inputs: [random([2, 3, 4]), ints([2, 1, 2, 3, 2])],
      constants: [1],
      opset: 20,
    },
  ]),
  {
    operator: "Col2Im",
    attributes: { strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 2] },
    inputs: [random([2, 12, 9]), ints([4, 4]), ints([2, 2])],
    constants: [1, 2],
    opset: 18,
  },
  ...[0, 1].map(
    (reverse): Case => ({
      operator: "CumProd",
      attributes: { reverse, exclusive: 1 - reverse },
      inputs: [{ shape: [2, 5], data: [1.5, -2, 0, 0.7, 3, 0.5, 0, 2, 0, 1.1] }, ints([1], [])],
      constants: [1],
      opset: 26,
      runtimeLacks: true,
    }),
  ),
  { operator: "GatherND", inputs: [random([3, 4, 2]), ints([0, 1, 2, -1], [2, 2])] },
  {
    operator: "ScatterElements",
    attributes: { axis: 1 },
    inputs: [random([2, 4]), ints([0, 2, 1, 3], [2, 2]), random([2, 2], 1)],
  },
  { operator: "ScatterND", inputs: [random([4, 2]), ints([1, 3], [2, 1]), random([2, 2], 1)] },
  {
    operator: "OneHot",
    attributes: { axis: 0 },
    inputs: [ints([1, -1, 0]), ints([3], []), { shape: [2], data: [0.5, 2] }],
    constants: [1],
  },
  {
    operator: "ReverseSequence",
    attributes: { time_axis: 0, batch_axis: 1 },
    inputs: [random([4, 2, 3]), ints([3, 2])],
  },
  {
    operator: "LSTM",
    attributes: { hidden_size: 5, direction: "bidirectional" },
    inputs: [
      ...sequence,
      { dtype: "int32", shape: [2], data: [4, 2] },
      random([2, 2, 5], 4),
      random([2, 2, 5], 5),
      random([2, 15], 6),
    ],
    outputs: 3,
  },
  { operator: "GRU", attributes: { hidden_size: 5, linear_before_reset: 1 }, inputs: gru, outputs: 2 },
  {
    operator: "GRU",
    attributes: { hidden_size: 5, direction: "reverse" },
    inputs: [...gru, { dtype: "int32", shape: [2], data: [3, 4] }],
    outputs: 2,
  },
  {
    operator: "RNN",
    attributes: { hidden_size: 5, activations: ["Relu"] },
    inputs: [random([4, 2, 3]), random([1, 5, 3], 1), random([1, 5, 5], 2)],
    outputs: 2,
  },
  {
    operator: "Attention",
    attributes: { is_causal: 1 },
    inputs: [random([2, 4, 3, 4]), random([2, 2, 3, 4], 1), random([2, 2, 3, 5], 2)],
    opset: 23,
  },
  {
    operator: "RotaryEmbedding",
    inputs: [random([1, 2, 3, 4]), random([1, 3, 2], 1), random([1, 3, 2], 2)],
    opset: 23,
  },
  {
    operator: "DequantizeLinear",
    inputs: [
      { dtype: "int8", shape: [2, 3], data: [1, -2, 3, 4, -5, 6] },
      positive([3]),
      { dtype: "int8", shape: [3], data: [0, 1, 2] },
    ],
    constants: [0, 2],
  },
  {
    operator: "SoftmaxCrossEntropyLoss",
    attributes: { ignore_index: -1 },
    inputs: [random([4, 3]), ints([0, 2, -1, 1])],
  },
  {
    operator: "NegativeLogLikelihoodLoss",
    attributes: { reduction: "sum" },
    inputs: [random([4, 3]), ints([0, 2, 1, 1]), positive([3], 1)],
  },
  ...resizes.map((attributes, index) => ({
    operator: "Resize",
    attributes,
    inputs: [
      random([1, 2, 4, 5]),
      "" as const,
      { shape: [4], data: index % 2 === 0 ? [1, 1, 2, 0.6] : [1, 1, 0.75, 1.8] },
    ],
    constants: [2],
  })),
  {
    operator: "Resize",
    attributes: { mode: "linear", coordinate_transformation_mode: "align_corners" },
    inputs: [random([1, 1, 3, 4]), "", "", ints([1, 1, 5, 2])],
    constants: [3],
  },
  { operator: "IsInf", inputs: [{ shape: [3], data: [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] }] },
];

const operand = ({ dtype = "float32", shape, data }: TestTensor): Tensor =>
  tensor(dtype === "int8" || dtype === "uint8" ? "int32" : dtype, shape, data);

function feed({ dtype = "float32", shape, data }: TestTensor): ort.Tensor {
  const arrays = {
    float32: () => Float32Array.from(data),
    int64: () => BigInt64Array.from(data, BigInt),
    int32: () => Int32Array.from(data),
    bool: () => Uint8Array.from(data),
    int8: () => Int8Array.from(data),
    uint8: () => Uint8Array.from(data),
  };
  return new ort.Tensor(dtype, arrays[dtype]() as never, shape);
}

function modelOf({ operator, attributes = {}, inputs, constants = [], outputs = 1, opset = 17 }: Case) {
  const names = inputs.map((input, index) => (input === "" ? "" : `in${index}`));
  const tensors = inputs.flatMap((input, index) =>
    input === "" ? [] : [[`in${index}`, input, constants.includes(index)] as const],
  );
  const results = Array.from({ length: outputs + (operator === "Split" ? 1 : 0) }, (_, index) => `out${index}`);
  const bytes = modelBytes(
    {
      inputs: Object.fromEntries(tensors.flatMap(([name, input, isConstant]) => (isConstant ? [] : [[name, input]]))),
      initializers: Object.fromEntries(
        tensors.flatMap(([name, input, isConstant]) => (isConstant ? [[name, input]] : [])),
      ),
      nodes: [{ operator, attributes, inputs: names, outputs: results }],
      outputs: results,
    },
    opset,
  );
  return { bytes, fed: tensors.filter(([, , isConstant]) => !isConstant) };
}

/** Chains of sequence operators, from x [2, 7] to y. */
const chains: Readonly<Record<string, readonly TestNode[]>> = {
  "parts of a size, the last smaller": [
    { operator: "SplitToSequence", attributes: { axis: 1 }, inputs: ["x", "three"], outputs: ["s"] },
    { operator: "SequenceAt", inputs: ["s", "last"], outputs: ["y"] },
  ],
  "parts of sizes": [
    { operator: "SplitToSequence", attributes: { axis: -1, keepdims: 0 }, inputs: ["x", "sizes"], outputs: ["s"] },
    { operator: "SequenceAt", inputs: ["s", "one"], outputs: ["y"] },
  ],
  "parts of 1 without their axis, stacked": [
    { operator: "SplitToSequence", attributes: { axis: 1, keepdims: 0 }, inputs: ["x"], outputs: ["s"] },
    { operator: "ConcatFromSequence", attributes: { axis: 0, new_axis: 1 }, inputs: ["s"], outputs: ["y"] },
  ],
  "a sequence of values, longer by one": [
    { operator: "Tanh", inputs: ["x"], outputs: ["t"] },
    { operator: "SequenceConstruct", inputs: ["x", "t"], outputs: ["s"] },
    { operator: "SequenceInsert", inputs: ["s", "t", "one"], outputs: ["r"] },
    { operator: "SequenceLength", inputs: ["r"], outputs: ["n"] },
    { operator: "Cast", attributes: { to: 1 }, inputs: ["n"], outputs: ["count"] },
    { operator: "ConcatFromSequence", attributes: { axis: 1 }, inputs: ["r"], outputs: ["c"] },
    { operator: "Mul", inputs: ["c", "count"], outputs: ["y"] },
  ],
};

test.each(Object.entries(chains))("%s: as by ONNX Runtime, with the gradient", async (_, nodes) => {
  const scalar = (value: number): TestTensor => ({ dtype: "int64", shape: [], data: [value] });
  const own = random([2, 7]);
  const initializers = { three: scalar(3), one: scalar(1), last: scalar(-1), sizes: ints([2, 4, 1]) };
  const bytes = modelBytes({ inputs: { x: own }, initializers, nodes, outputs: ["y"] }, 17);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { y } = await session.run({ x: feed(own) });
  const imported = importModel(bytes);
  if (!imported.ok) throw new Error(imported.problem.message);
  expect(imported.model.refused).toEqual([]);
  const { graph } = imported.model;
  const [actual] = evaluate(verify(graph, "import"), [operand(own)]);
  expect(actual?.shape).toEqual(y?.dims);
  for (const [entry, number] of Array.from(y?.data as ArrayLike<number>, Number).entries())
    expect(actual?.data[entry]).toBeCloseTo(number, 5);
  const loss = weightedSum(graph, [operand(own)], randomStream(1, "sequences"));
  const [gradient] = gradients(loss, [0]);
  for (const entry of own.data.keys()) expect(gradient?.data[entry]).toBeCloseTo(differenceAt(loss, 0, entry), 5);
});

describe("an operator of another model", () => {
  test.each(cases.map((each) => [`${each.operator} ${JSON.stringify(each.attributes ?? {})}`, each] as const))(
    "%s is evaluated as by ONNX Runtime, with its gradient",
    async (_, each) => {
      const { bytes, fed } = modelOf(each);
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
      const expected = await session.run(Object.fromEntries(fed.map(([name, input]) => [name, feed(input)])));
      const imported = importModel(bytes);
      if (!imported.ok) throw new Error(imported.problem.message);
      const { graph, outputs, weights, refused } = imported.model;
      expect(refused).toEqual([]);
      verify(graph, "import");
      const operands = graph.inputs.map(({ name }) => {
        const input = fed.find(([other]) => other === name)?.[1];
        const weight = weights.find((stored) => stored.name === name);
        if (input !== undefined) return operand(input);
        return tensor("float32", weight?.shape as readonly number[], weight?.values() ?? []);
      });
      const results = evaluate(graph, operands);
      outputs.forEach(({ name }, index) => {
        const [actual, runtime] = [results[index], expected[name]];
        expect(actual?.shape).toEqual(runtime?.dims);
        Array.from(runtime?.data as ArrayLike<number>, Number).forEach((number, entry) => {
          expect(actual?.data[entry]).toBeCloseTo(number, 4);
        });
      });

      const loss = weightedSum(graph, operands, randomStream(1, each.operator));
      const wrt = graph.inputs.flatMap(({ type }, index) => (type.dtype === "float32" ? [index] : []));
      const actual = gradients(loss, wrt);
      for (const [position, index] of wrt.entries()) {
        const { data } = operands[index] as Tensor;
        for (const entry of new Set([0, Math.floor(data.length / 2), data.length - 1])) {
          const difference = differenceAt(loss, index, entry);
          expect(actual[position]?.data[entry]).toBeCloseTo(difference, 5);
        }
      }
    },
  );
});
