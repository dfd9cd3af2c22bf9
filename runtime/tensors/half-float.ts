/** Decoders of float16 and bfloat16; every value is exact in float32. */

/** IEEE 754 binary16. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16: the upper half of a float32. */
export function bfloat16ToNumber(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? 0;
}
