/** Initializers of parameters. Fans follow Keras: for a kernel [...window, in, out], window size times in and out. */
import type { CellInitializer, DistributionName } from "../../schema/normal/index.js";
import type { DrawnInitializer } from "../artifact.js";
import { at } from "../ir/expect.js";
import type { Dim } from "../ir/types.js";
import { initialValue } from "../language/initial-expression.js";

const zeros: DrawnInitializer = { type: "constant", value: 0 };

/** fan_in + fan_out of a kernel of rank 2 or more. */
function fans(shape: readonly number[]): number {
  const [input, output] = [at(shape, shape.length - 2), at(shape, shape.length - 1)];
  return shape.slice(0, -2).reduce((size, dim) => size * dim, 1) * (input + output);
}

export const glorotUniform = (shape: readonly number[]): DrawnInitializer => {
  const limit = Math.sqrt(6 / fans(shape));
  return { type: "uniform", minimum: -limit, maximum: limit };
};

/** Distributions by name. Glorot: X. Glorot and Y. Bengio, AISTATS 2010. Orthogonal: A. Saxe et al., ICLR 2014. */
const distributions: Readonly<Record<DistributionName | "zeros", (shape: readonly number[]) => DrawnInitializer>> = {
  zeros: () => zeros,
  glorot_uniform: glorotUniform,
  glorot_normal: (shape) => ({ type: "normal", mean: 0, deviation: Math.sqrt(2 / fans(shape)) }),
  orthogonal: () => ({ type: "orthogonal", gain: 1 }),
};

/** The initializer of a distribution for a tensor of a shape; undefined for an unknown name. */
export function distribution(name: string, shape: readonly number[]): DrawnInitializer | undefined {
  return Object.hasOwn(distributions, name) ? distributions[name as DistributionName](shape) : undefined;
}

export const constantZero = (): DrawnInitializer => zeros;
export const constantOne = (): DrawnInitializer => ({ type: "constant", value: 1 });
/** Rows of an embedding: uniform in ±0.05, as in Keras. */
export const embeddingUniform = (): DrawnInitializer => ({ type: "uniform", minimum: -0.05, maximum: 0.05 });

/** The default initializer of a cell's parameter: Glorot uniform for matrices, of which it may have several; zero for vectors. */
export function defaultInitializer(shape: readonly number[]): DrawnInitializer {
  return shape.length >= 2 ? glorotUniform(shape.slice(-2)) : zeros;
}

/**
 * The initializer of one parameter of a cell.
 *
 * @param names the numeric options and the sizes.
 * @param resolveEdge the value of an edge of a slice.
 */
export function cellInitializer(
  initializer: CellInitializer | undefined,
  shape: readonly number[],
  names: ReadonlyMap<string, Dim>,
  resolveEdge: (size: number | string) => number,
): DrawnInitializer {
  const fromName = (value: string | number): DrawnInitializer => {
    if (typeof value === "number") return { type: "constant", value };
    const named = distribution(value, shape.slice(-2));
    if (named !== undefined) return named;
    const parsed = initialValue(value, names);
    if (!parsed.ok) throw new Error(`the initial value ${value}: ${parsed.problem.message}`);
    return parsed.initializer;
  };
  if (initializer === undefined) return defaultInitializer(shape);
  if (typeof initializer !== "object") return fromName(initializer);
  const slices = initializer.map(({ from, to, value }) => ({
    from: resolveEdge(from),
    to: resolveEdge(to),
    initializer: fromName(value),
  }));
  return { type: "slices", base: zeros, slices };
}
