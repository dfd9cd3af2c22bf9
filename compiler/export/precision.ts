/**
 * Weights in fewer bits: float16, or int8 with a scale for each row or column of a kernel. Arithmetic stays in float32: the
 * model turns its weights back when it runs.
 *
 * What is rounded are the parameters, so that rounded weights are a model like any other, which can be evaluated and held
 * against the file. The file then stores whatever is made of them in the fewest bits that hold it exactly.
 */
import type { PackedWeight, Storage } from "../emit/packed.js";
import type { Weight } from "../emit/weights.js";
import { fromHalf, toHalf } from "../ir/floats.js";
import { at } from "../ir/present.js";
import type { Precision } from "./options.js";

type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** The parameters as they are with so many bits. Vectors stay in float32 where kernels are int8: they are few, and added to sums. */
export function rounded(parameters: Tensors, precision: Precision): Tensors {
  return new Map(
    [...parameters].map(([name, { shape, data }]) => {
      const packed = precision === "float32" ? undefined : forms[precision](shape, data);
      return [name, { shape, data: packed?.values ?? data }] as const;
    }),
  );
}

/** Weights made of rounded parameters: those that fewer bits hold, and those that are no longer such numbers. */
export function packed(
  weights: readonly Weight[],
  precision: Precision,
): { readonly plain: readonly Weight[]; readonly packed: readonly PackedWeight[] } {
  const plain: Weight[] = [];
  const small: PackedWeight[] = [];
  for (const weight of weights) {
    const { name, shape, data } = weight;
    const form = precision === "float32" || !(data instanceof Float32Array) ? undefined : forms[precision](shape, data);
    if (form === undefined || form.error > exact) plain.push(weight);
    else small.push({ name, shape, ...form.stored });
  }
  return { plain, packed: small };
}

/** Of the largest number: a unit or two in float32's last place. */
const exact = 3e-7;

interface Form {
  /** What the stored numbers mean. */
  readonly values: Float32Array;
  /** The largest distance from what they stand for, as a part of the largest number. */
  readonly error: number;
  /** The sum of the squares of all such distances. */
  readonly noise: number;
  readonly stored: Storage;
}

type MakeForm = (shape: readonly number[], data: Float32Array) => Form | undefined;

const forms: { readonly [P in Exclude<Precision, "float32">]: MakeForm } = {
  float16(_, data) {
    const bits = Uint16Array.from(data, toHalf);
    const values = Float32Array.from(bits, fromHalf);
    // Numbers beyond float16's range would become infinite.
    if (!values.every(Number.isFinite)) return undefined;
    return { values, ...distance(values, data), stored: { dtype: "float16", bits } };
  },
  int8(shape, data) {
    if (shape.length < 2 || data.length < fewest) return undefined;
    const columns = at(shape, shape.length - 1);
    const rows = data.length / columns;
    const [byRow, byColumn] = [quantized(data, rows, columns, 0), quantized(data, rows, columns, 1)];
    const best = byRow.noise <= byColumn.noise ? byRow : byColumn;
    return best.stored.scales.length * 4 > data.length ? undefined : best;
  },
};

/** Fewer numbers are not worth their scales. */
const fewest = 64;

function quantized(data: Float32Array, rows: number, columns: number, axis: 0 | 1) {
  const channel = (place: number) => (axis === 0 ? Math.floor(place / columns) : place % columns);
  const scales = new Float32Array(axis === 0 ? rows : columns);
  data.forEach((value, place) => {
    const own = channel(place);
    scales[own] = Math.max(at(scales, own), Math.abs(value) / largest);
  });
  // Zeros have any scale.
  for (const [own, scale] of scales.entries()) if (scale === 0) scales[own] = 1;
  const numbers = Int8Array.from(data, (value, place) => Math.round(value / at(scales, channel(place))));
  const values = Float32Array.from(numbers, (value, place) => value * at(scales, channel(place)));
  const stored = { dtype: "int8" as const, rows, columns, axis, numbers, scales };
  return { values, ...distance(values, data), stored };
}

/** Symmetric: -128 is not used. */
const largest = 127;

function distance(values: Float32Array, data: Float32Array): Pick<Form, "error" | "noise"> {
  let [far, top, noise] = [0, 0, 0];
  data.forEach((value, place) => {
    const off = Math.abs(value - at(values, place));
    far = Math.max(far, off);
    top = Math.max(top, Math.abs(value));
    noise += off * off;
  });
  return { error: top === 0 ? 0 : far / top, noise };
}
