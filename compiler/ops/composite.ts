/** Gelu, RMSNormalization and Attention as ONNX defines them: in exported models they replace several primitives. */
import { printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Tensor, Type } from "../ir/types.js";
import { erf } from "./elementwise.js";
import { checkVectors } from "./normalization.js";
import { dimAt, expectDType, type Family, type Traits } from "./rule.js";

const traits: Traits = {
  family: "composite",
  broadcasting: false,
  commutative: false,
  bitExact: "unproven",
  flops: "per-entry",
  worthStacking: false,
};

/** x Φ(x), exactly or with the approximation of Φ by tanh. D. Hendrycks, K. Gimpel (2016). */
const gelu: { readonly [A in "none" | "tanh"]: (x: number) => number } = {
  none: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** x / √(mean(x²) + ε) · scale. */
function rmsNormalization(x: Tensor, scale: Tensor, epsilon: number): Tensor {
  const size = at(x.shape, x.shape.length - 1);
  const data = new Float64Array(x.data.length);
  for (let row = 0; row < data.length; row += size) {
    const entries = x.data.subarray(row, row + size);
    const meanSquare = entries.reduce((total, entry) => total + entry * entry, 0) / size;
    entries.forEach((entry, index) => {
      data[row + index] = (entry / Math.sqrt(meanSquare + epsilon)) * at(scale.data, index);
    });
  }
  return { ...x, data };
}

/** Checks queries [batch, heads, steps, size], keys, values and a bias, and returns the type of the result. */
function attentionType([queries, keys, values, bias]: readonly Type[]): Type {
  if (queries === undefined || keys === undefined || values === undefined) throw new Error("an operand is missing");
  for (const type of [queries, keys, values]) {
    expectDType(type, "float32");
    if (type.shape.length !== 4) throw new Error(`${printShape(type.shape)} has no four axes`);
  }
  const [batch, heads, steps, size] = queries.shape as readonly [Dim, Dim, Dim, Dim];
  const [, keyValueHeads, memorySteps] = keys.shape as readonly [Dim, Dim, Dim];
  const isDivisible =
    heads === keyValueHeads ||
    (typeof heads === "number" && typeof keyValueHeads === "number" && heads % keyValueHeads === 0);
  if (!isDivisible) throw new Error(`${heads} heads share ${keyValueHeads} heads of keys`);
  const expected = [
    [keys, [batch, keyValueHeads, memorySteps, size]],
    [values, [batch, keyValueHeads, memorySteps, dimAt(values.shape, 3)]],
  ] as const;
  for (const [{ shape }, shapeExpected] of expected) {
    if (!sameShape(shape, shapeExpected)) throw new Error(`${printShape(shape)} is not ${printShape(shapeExpected)}`);
  }
  if (bias !== undefined) {
    expectDType(bias, "float32");
    const isBias = sameShape(bias.shape.slice(-2), [steps, memorySteps]) && [2, 4].includes(bias.shape.length);
    const fits = bias.shape.slice(0, -2).every((dim, axis) => dim === 1 || dim === [batch, heads][axis]);
    if (!isBias || !fits) throw new Error(`the bias ${printShape(bias.shape)} does not fit the scores`);
  }
  return { dtype: queries.dtype, shape: [batch, heads, steps, dimAt(values.shape, 3)] };
}

/** softmax(scale · q kᵀ + bias) v for each head; consecutive heads share keys and values. */
function attention([q, k, v, bias]: readonly Tensor[], scale: number): Tensor {
  if (q === undefined || k === undefined || v === undefined) throw new Error("an operand is missing");
  const [batch = 0, heads = 0, steps = 0, size = 0] = q.shape;
  const [, keyValueHeads = 0, memorySteps = 0] = k.shape;
  const width = at(v.shape, 3);
  const data = new Float64Array(batch * heads * steps * width);
  const [biasBatch = 1, biasHeads = 1] = bias?.shape.length === 4 ? bias.shape : [];
  for (let row = 0; row < batch * heads * steps; row++) {
    const [n, head, step] = [Math.floor(row / (heads * steps)), Math.floor(row / steps) % heads, row % steps];
    const memory = (n * keyValueHeads + Math.floor((head * keyValueHeads) / heads)) * memorySteps;
    const biasMatrix = (biasBatch === 1 ? 0 : n) * biasHeads + (biasHeads === 1 ? 0 : head);
    const scores = Float64Array.from({ length: memorySteps }, (_, m) => {
      let product = 0;
      for (let i = 0; i < size; i++) product += at(q.data, row * size + i) * at(k.data, (memory + m) * size + i);
      return scale * product + (bias?.data[(biasMatrix * steps + step) * memorySteps + m] ?? 0);
    });
    const largest = scores.reduce((x, y) => Math.max(x, y), Number.NEGATIVE_INFINITY);
    const weights = scores.map((score) => Math.exp(score - largest));
    const total = weights.reduce((x, y) => x + y, 0);
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let m = 0; m < memorySteps; m++) sum += at(weights, m) * at(v.data, (memory + m) * width + i);
      data[row * width + i] = sum / total;
    }
  }
  return { dtype: q.dtype, shape: [batch, heads, steps, width], data };
}

export const composites: Family<"Gelu" | "RMSNormalization" | "Attention"> = {
  Gelu: {
    traits,
    infer: ([x]) => [{ dtype: expectDType(x as Type, "float32"), shape: (x as Type).shape }],
    vjp: "inference",
    batch: "stay",
    evaluate: ([x], { approximate }) => [{ ...(x as Tensor), data: (x as Tensor).data.map(gelu[approximate]) }],
  },
  RMSNormalization: {
    traits,
    infer: (inputs) => {
      expectDType(at(inputs, 0), "float32");
      return [checkVectors(inputs)];
    },
    vjp: "inference",
    batch: "stay",
    evaluate: (inputs, { epsilon }) => [rmsNormalization(at(inputs, 0), at(inputs, 1), epsilon)],
  },
  Attention: {
    traits: { ...traits, flops: "attention" },
    infer: (inputs) => [attentionType(inputs)],
    vjp: "inference",
    batch: "stay",
    evaluate: (inputs, { scale }) => [attention(inputs, scale)],
  },
};
