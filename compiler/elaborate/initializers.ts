/** Initializers of parameters. Fans follow Keras: for a kernel [...window, in, out], window size times in and out. */
import type { CellInitializer, DistributionName } from "../../schema/normal/index.js";
import type { DrawnInitializer } from "../artifact.js";
import { at } from "../ir/expect.js";
import type { Dim } from "../ir/types.js";
import { initialValue } from "../language/initial-expression.js";

const zeros: DrawnInitializer = { type: "constant", value: 0 };

interface Fans {
  readonly input: number;
  readonly output: number;
}

/** fan_in and fan_out of a kernel of rank 2 or more. */
function fansOf(shape: readonly number[]): Fans {
  const window = shape.slice(0, -2).reduce((size, dim) => size * dim, 1);
  return { input: window * at(shape, shape.length - 2), output: window * at(shape, shape.length - 1) };
}

type Distribution = (shape: readonly number[]) => DrawnInitializer;

/** Uniform around 0. */
const uniform =
  (limitOf: (fans: Fans) => number): Distribution =>
  (shape) => {
    const limit = limitOf(fansOf(shape));
    return { type: "uniform", minimum: -limit, maximum: limit };
  };

/** Normal around 0, not truncated. */
const normal =
  (deviationOf: (fans: Fans) => number): Distribution =>
  (shape) => ({ type: "normal", mean: 0, deviation: deviationOf(fansOf(shape)) });

export const glorotUniform = uniform(({ input, output }) => Math.sqrt(6 / (input + output)));

/**
 * Distributions by name. Glorot: X. Glorot and Y. Bengio, AISTATS 2010. He: K. He et al., ICCV 2015. LeCun: Y. LeCun et
 * al., Efficient BackProp, 1998. PyTorch: the default of its Linear and Conv1d, version 2.13. Orthogonal: A. Saxe et
 * al., ICLR 2014.
 */
export const distributions: Readonly<Record<DistributionName | "zeros", Distribution>> = {
  zeros: () => zeros,
  glorot_uniform: glorotUniform,
  glorot_normal: normal(({ input, output }) => Math.sqrt(2 / (input + output))),
  he_uniform: uniform(({ input }) => Math.sqrt(6 / input)),
  he_normal: normal(({ input }) => Math.sqrt(2 / input)),
  lecun_uniform: uniform(({ input }) => Math.sqrt(3 / input)),
  lecun_normal: normal(({ input }) => Math.sqrt(1 / input)),
  pytorch_uniform: uniform(({ input }) => Math.sqrt(1 / input)),
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
function defaultInitializer(shape: readonly number[]): DrawnInitializer {
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
