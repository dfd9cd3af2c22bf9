/** Floating-point element types, and conversion to and from IEEE 754 binary16. */
import type { DType, FloatType } from "./types.js";

export const floatTypes = ["float32", "float16"] as const satisfies readonly FloatType[];

export function isFloat(dtype: DType): dtype is FloatType {
  return dtype === "float32" || dtype === "float16";
}

/** The element type of a model's input or output. Floats there are float32. */
export function interfaceType(dtype: DType): Exclude<DType, "float16"> {
  if (dtype === "float16") throw new Error("float16 in the interface of a model");
  return dtype;
}

/** The largest finite float16. */
export const MAX_FLOAT16 = 65504;

/** The bits of the nearest IEEE 754 binary16, ties to even. */
export function toFloat16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(magnitude)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude || 1e-30)), -14);
  // Units in the last place. log2 may be one too small at a power of two: the carry in the sum below corrects it.
  const ulps = roundHalfToEven(magnitude / 2 ** (exponent - 10));
  return sign | (ulps >= 1024 || exponent > -14 ? (exponent + 14) * 1024 + ulps : ulps);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  return fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The float16 nearest to a number. */
export function roundToFloat16(value: number): number {
  return fromFloat16Bits(toFloat16Bits(value));
}
