/**
 * Weights in fewer bits: float16, or int8 with a scale for each row or column of a kernel. Arithmetic stays in float32: the
 * model turns its weights back when it runs.
 *
 * What is rounded are the parameters, so that rounded weights are a model like any other, which can be evaluated and held
 * against the file. The file then stores whatever is made of them in the fewest bits that hold it exactly.
 */

import { at } from "../ir/expect.js";
import { fromFloat16Bits, toFloat16Bits } from "../ir/float16.js";
import type { PackedWeight, WeightStorage } from "../onnx/splice/quantized.js";
import type { Weight } from "../onnx/splice/weights.js";
import type { Precision } from "./options.js";

type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** The parameters as they are with so many bits. Vectors stay in float32 where kernels are int8: they are few, and added to sums. */
export function quantizeParameters(parameters: Tensors, precision: Precision): Tensors {
  return new Map(
    [...parameters].map(([name, { shape, data }]) => {
      const encoding = precision === "float32" ? undefined : encoders[precision](shape, data);
      return [name, { shape, data: encoding?.values ?? data }] as const;
    }),
  );
}

/** Weights made of rounded parameters: those that fewer bits hold, and those that are no longer such numbers. */
export function packWeights(
  weights: readonly Weight[],
  precision: Precision,
): { readonly plain: readonly Weight[]; readonly packed: readonly PackedWeight[] } {
  const plain: Weight[] = [];
  const packedWeights: PackedWeight[] = [];
  for (const weight of weights) {
    const { name, shape, data } = weight;
    const form =
      precision === "float32" || !(data instanceof Float32Array) ? undefined : encoders[precision](shape, data);
    if (form === undefined || form.error > exactTolerance) plain.push(weight);
    else packedWeights.push({ name, shape, ...form.stored });
  }
  return { plain, packed: packedWeights };
}

/** Of the largest number: a unit or two in float32's last place. */
const exactTolerance = 3e-7;

interface Encoding {
  /** What the stored numbers mean. */
  readonly values: Float32Array;
  /** The largest distance from what they stand for, as a part of the largest number. */
  readonly error: number;
  /** The sum of the squares of all such distances. */
  readonly noise: number;
  readonly stored: WeightStorage;
}

type Encode = (shape: readonly number[], data: Float32Array) => Encoding | undefined;

const encoders: { readonly [P in Exclude<Precision, "float32">]: Encode } = {
  float16(_, data) {
    const bits = Uint16Array.from(data, toFloat16Bits);
    const values = Float32Array.from(bits, fromFloat16Bits);
    // Numbers beyond float16's range would become infinite.
    if (!values.every(Number.isFinite)) return undefined;
    return { values, ...quantizationError(values, data), stored: { dtype: "float16", bits } };
  },
  int8(shape, data) {
    if (shape.length < 2 || data.length < minInt8Size) return undefined;
    const columns = at(shape, shape.length - 1);
    const rows = data.length / columns;
    const [byRow, byColumn] = [quantize(data, rows, columns, 0), quantize(data, rows, columns, 1)];
    const best = byRow.noise <= byColumn.noise ? byRow : byColumn;
    return best.stored.scales.length * 4 > data.length ? undefined : best;
  },
};

/** Fewer numbers are not worth their scales. */
const minInt8Size = 64;

function quantize(data: Float32Array, rows: number, columns: number, axis: 0 | 1) {
  const channel = (index: number) => (axis === 0 ? Math.floor(index / columns) : index % columns);
  const scales = new Float32Array(axis === 0 ? rows : columns);
  data.forEach((value, index) => {
    const channelIndex = channel(index);
    scales[channelIndex] = Math.max(at(scales, channelIndex), Math.abs(value) / maxInt8);
  });
  // Zeros have any scale.
  for (const [channelIndex, scale] of scales.entries()) if (scale === 0) scales[channelIndex] = 1;
  const numbers = Int8Array.from(data, (value, index) => Math.round(value / at(scales, channel(index))));
  const values = Float32Array.from(numbers, (value, index) => value * at(scales, channel(index)));
  const stored = { dtype: "int8" as const, rows, columns, axis, numbers, scales };
  return { values, ...quantizationError(values, data), stored };
}

/** Symmetric: -128 is not used. */
const maxInt8 = 127;

function quantizationError(values: Float32Array, data: Float32Array): Pick<Encoding, "error" | "noise"> {
  let [maxError, maxMagnitude, noise] = [0, 0, 0];
  data.forEach((value, index) => {
    const deviation = Math.abs(value - at(values, index));
    maxError = Math.max(maxError, deviation);
    maxMagnitude = Math.max(maxMagnitude, Math.abs(value));
    noise += deviation * deviation;
  });
  return { error: maxMagnitude === 0 ? 0 : maxError / maxMagnitude, noise };
}
