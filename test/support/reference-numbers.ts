/** The reference numbers of test/fixtures as tensors, and comparisons with them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { tensor } from "../../compiler/ir/tensor.js";
import type { DType, Tensor } from "../../compiler/ir/types.js";

/** A tensor as the files hold it: row-major, batch first. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export function readFixture<T>(file: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures", file), "utf8"));
}

export function tensorOf({ shape, data }: Numbers, dtype: DType = "float32"): Tensor {
  return tensor(dtype, shape, data);
}

type Nested = number | readonly Nested[];

/** As a spec writes it: nested lists. */
export function nested({ shape, data }: Numbers): Nested {
  const [first, ...rest] = shape;
  if (first === undefined) return data[0] ?? Number.NaN;
  const size = data.length / first;
  return Array.from({ length: first }, (_, index) =>
    nested({ shape: rest, data: data.slice(index * size, (index + 1) * size) }),
  );
}

/** Expects every entry within `tolerance` of the wanted tensor's largest magnitude, or of 1 where that is larger. */
export function expectClose(actual: Tensor | undefined, expected: Numbers, tolerance: number, label: string): void {
  expect(actual?.shape, label).toEqual(expected.shape);
  const scale = expected.data.reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 1);
  const difference = expected.data.reduce(
    (most, entry, index) => Math.max(most, Math.abs(entry - (actual?.data[index] ?? Number.NaN))),
    0,
  );
  expect(difference / scale, `${label} is off by ${difference}`).toBeLessThanOrEqual(tolerance);
}
