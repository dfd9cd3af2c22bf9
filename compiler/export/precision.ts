/**
 * Weight quantization: float16, or int8 with a scale for each row or column of a kernel. Arithmetic is in float32: the
 * model dequantizes its weights at run time.
 *
 * The parameters themselves are rounded, so that the quantized model can be evaluated and compared with the file. The
 * file then stores weights in the fewest bits that represent them exactly.
 */

import { at } from "../ir/expect.js";
import { fromFloat16Bits, toFloat16Bits } from "../ir/float16.js";
import type { PackedWeight, WeightStorage } from "../onnx/splice/quantize-weights.js";
import type { Weight } from "../onnx/splice/weights.js";
import type { Tensors } from "./fold-weights.js";
import type { Precision } from "./options.js";

/** The parameters rounded to a precision. With int8 vectors stay float32: they are small, and are added to sums. */
export function quantizeParameters(parameters: Tensors, precision: Precision): Tensors {
  return new Map(
    [...parameters].map(([name, { shape, data }]) => {
      const encoding = precision === "float32" ? undefined : encoders[precision](shape, data);
      return [name, { shape, data: encoding?.values ?? data }] as const;
    }),
  );
}

/** Weights from rounded parameters: `packed` are exact in fewer bits, `plain` are not, after folding. */
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

/** Relative to the largest magnitude: one or two units in the last place of float32. */
const exactTolerance = 3e-7;

interface Encoding {
  /** Dequantized values. */
  readonly values: Float32Array;
  /** The largest error, relative to the largest magnitude. */
  readonly error: number;
  /** The sum of squared errors. */
  readonly noise: number;
  readonly stored: WeightStorage;
}

type Encode = (shape: readonly number[], data: Float32Array) => Encoding | undefined;

const encoders: { readonly [P in Exclude<Precision, "float32">]: Encode } = {
  float16(_, data) {
    const bits = Uint16Array.from(data, toFloat16Bits);
    const values = Float32Array.from(bits, fromFloat16Bits);
    // Values out of float16's range would become infinite.
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

/** For smaller tensors the scales cost more than int8 saves. */
const minInt8Size = 64;

function quantize(data: Float32Array, rows: number, columns: number, axis: 0 | 1) {
  const channel = (index: number) => (axis === 0 ? Math.floor(index / columns) : index % columns);
  const scales = new Float32Array(axis === 0 ? rows : columns);
  data.forEach((value, index) => {
    const channelIndex = channel(index);
    scales[channelIndex] = Math.max(at(scales, channelIndex), Math.abs(value) / maxInt8);
  });
  // A channel of zeros can have any scale.
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
