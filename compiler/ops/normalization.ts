/** Primitives that normalize each vector of the last axis. */
import type { Builder } from "../ir/builder.js";
import { printShape, sameShape } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import { floatTypes } from "../ir/float16.js";
import type { NodeOf, Shape, Tensor, Type, Value } from "../ir/types.js";
import { dimAt, expectDType, type Family } from "./rule.js";

/** The types of operands that are normalized vectors x [..., n] and vectors [n] of features. */
export function checkVectors(inputs: readonly Type[]): Type {
  const x = at(inputs, 0);
  const dtype = expectDType(x, ...floatTypes);
  const features: Shape = [dimAt(x.shape, x.shape.length - 1)];
  for (const { dtype: other, shape } of inputs.slice(1)) {
    if (other !== dtype || !sameShape(shape, features))
      throw new Error(`the features are ${other}${printShape(shape)}, not ${dtype}${printShape(features)}`);
  }
  return { dtype, shape: x.shape };
}

/** The sum over all axes but the last. */
function sumOverVectors(b: Builder, x: Value): Value {
  const leading = x.type.shape.slice(0, -1).map((_, axis) => axis);
  return leading.length === 0 ? x : b.sum(x, leading);
}

/**
 * With n features, r = 1 / √(variance + ε), x̂ = (x - mean) r and t = ∂y · scale:
 *
 *   ∂x = r (t - mean(t) - x̂ mean(t x̂)) + ∂mean / n - ∂r r² x̂ / n
 */
function layerNormalizationVjp(
  b: Builder,
  { inputs, outputs }: NodeOf<"LayerNormalization">,
  [dy, dMean, dInverse]: readonly (Value | undefined)[],
): readonly (Value | undefined)[] {
  const [x, scale, shift] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const [mean, inverse] = [at(outputs, 1), at(outputs, 2)];
  const normalized = b.mul(b.sub(x, mean), inverse);
  const terms: Value[] = [];
  if (dy !== undefined) {
    const t = b.mul(dy, scale);
    const slope = b.mean(b.mul(t, normalized), [-1], true);
    terms.push(b.mul(b.sub(b.sub(t, b.mul(normalized, slope)), b.mean(t, [-1], true)), inverse));
  }
  if (dMean !== undefined || dInverse !== undefined) {
    const features = dimAt(x.type.shape, x.type.shape.length - 1);
    const count = typeof features === "number" ? features : b.cast(b.size(b.range(features)), x.type.dtype);
    if (dMean !== undefined) terms.push(b.expand(b.div(dMean, count), x.type.shape));
    if (dInverse !== undefined)
      terms.push(b.neg(b.mul(normalized, b.div(b.mul(dInverse, b.mul(inverse, inverse)), count))));
  }
  return [
    terms.reduce((sum, term) => b.add(sum, term)),
    dy && sumOverVectors(b, b.mul(dy, normalized)),
    ...(shift === undefined ? [] : [dy && sumOverVectors(b, dy)]),
  ];
}

/** The results of a layer normalization by other primitives. */
export function decomposeLayerNormalization(
  b: Builder,
  [x, scale, shift]: readonly Value[],
  epsilon: number,
): readonly Value[] {
  const [operand, factor] = [expectDefined(x, "the operand"), expectDefined(scale, "the scale")];
  const mean = b.mean(operand, [-1], true);
  const centered = b.sub(operand, mean);
  const inverse = b.div(1, b.sqrt(b.add(b.mean(b.mul(centered, centered), [-1], true), epsilon)));
  const scaled = b.mul(b.mul(centered, inverse), factor);
  return [shift === undefined ? scaled : b.add(scaled, shift), mean, inverse];
}

/** Mean 0 and variance 1, then scale and shift; the means; the inverse deviations. */
function layerNormalization(inputs: readonly Tensor[], epsilon: number): readonly Tensor[] {
  const [x, scale, shift] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const size = at(x.shape, x.shape.length - 1);
  const statisticsShape = [...x.shape.slice(0, -1), 1];
  const count = statisticsShape.reduce((product, each) => product * each, 1);
  const [data, means, inverses] = [x.data.length, count, count].map((length) => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let row = 0; row < count; row++) {
    const entries = x.data.subarray(row * size, (row + 1) * size);
    const mean = entries.reduce((total, entry) => total + entry, 0) / size;
    const variance = entries.reduce((total, entry) => total + (entry - mean) ** 2, 0) / size;
    const inverse = 1 / Math.sqrt(variance + epsilon);
    means[row] = mean;
    inverses[row] = inverse;
    entries.forEach((entry, index) => {
      data[row * size + index] = (entry - mean) * inverse * at(scale.data, index) + (shift?.data[index] ?? 0);
    });
  }
  return [
    { ...x, data },
    { dtype: x.dtype, shape: statisticsShape, data: means },
    { dtype: x.dtype, shape: statisticsShape, data: inverses },
  ];
}

export const normalizations: Family<"LayerNormalization"> = {
  LayerNormalization: {
    traits: {
      family: "reduction",
      broadcasting: false,
      commutative: false,
      bitExact: "unproven",
      flops: "per-entry",
      worthStacking: false,
    },
    infer: (inputs) => {
      const x = checkVectors(inputs);
      const statistics: Type = { dtype: x.dtype, shape: x.shape.with(-1, 1) };
      return [x, statistics, statistics];
    },
    vjp: layerNormalizationVjp,
    // Each entry of the new axis would have features of its own.
    batch: (b, { op, attributes }, inputs, [, ...areFeaturesBatched]) =>
      areFeaturesBatched.includes(true) ? undefined : b.apply(op, inputs, attributes),
    evaluate: (inputs, { epsilon }) => layerNormalization(inputs, epsilon),
  },
};
