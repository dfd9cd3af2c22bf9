/** Random operands for tests: a type, and a generator in the domain where the primitive is smooth. */
import { evaluateDim } from "../../../compiler/ir/dims.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Dim, DType, Shape, Tensor, Type } from "../../../compiler/ir/types.js";
import type { RandomStream } from "../../../runtime/tensors/random.js";

/** The sizes of the symbols in shapes of samples. */
export const sizes: ReadonlyMap<string, number> = new Map([
  ["batch", 2],
  ["time", 3],
  ["rows", 5],
]);

export interface Sample {
  readonly type: Type;
  draw(random: RandomStream): Tensor;
}

export function staticSize(dim: Dim): number {
  const size = evaluateDim(dim, sizes);
  if (size === undefined) throw new Error(`no size is given for ${dim}`);
  return size;
}

export function staticSizes(shape: Shape): readonly number[] {
  return shape.map(staticSize);
}

function sample(dtype: DType, shape: Shape, entry: (random: RandomStream) => number): Sample {
  return {
    type: { dtype, shape },
    draw: (random) => tabulate(dtype, staticSizes(shape), () => entry(random)),
  };
}

export function normal(...shape: Shape): Sample {
  return sample("float32", shape, (random) => random.normal());
}

/** Between 0.5 and 2. */
export function positive(...shape: Shape): Sample {
  return sample("float32", shape, (random) => 0.5 + 1.5 * random.uniform());
}

/** Odd multiples of 0.5, plus or minus 0.3: away from integers and from zero. */
export function nonInteger(...shape: Shape): Sample {
  return sample("float32", shape, (random) => random.below(5) - 2.5 + 0.6 * (random.uniform() - 0.5));
}

/** Integers from 0 up to a limit, exclusive. */
export function below(limit: number, ...shape: Shape): Sample {
  return sample("int64", shape, (random) => random.below(limit));
}

export function skewedBelow(limit: number, ...shape: Shape): Sample {
  return sample("int32", shape, (random) => random.below(limit));
}

export function flags(...shape: Shape): Sample {
  return sample("bool", shape, (random) => random.below(2));
}

/** A constant tensor, the same in every draw. */
export function constant(dtype: DType, shape: readonly number[], ...data: readonly number[]): Sample {
  return { type: { dtype, shape }, draw: () => ({ dtype, shape, data: Float64Array.from(data) }) };
}
