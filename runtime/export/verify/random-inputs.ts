/** Random inputs for the comparison of an exported model with the training's forward pass. */
import type { Port } from "../../../compiler/artifact.js";
import type { Signature } from "../../../compiler/signature.js";
import { shortestSteps } from "../../../schema/kinds/windows.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { idLimits } from "../../data/id-limits.js";
import { elementCount, type NumericArray } from "../../tensors/array.js";
import { type RandomStream, randomStream } from "../../tensors/random.js";

export interface Sizes {
  readonly batch: number;
  readonly time: number;
  /** Steps of the other time axes, such as that of a decoder; one more than `time` by default. */
  readonly otherTime?: number;
}

export type Arrays = ReadonlyMap<string, NumericArray>;

/** One array per data input of the training's forward pass. */
export function randomInputs(
  ports: readonly Port[],
  { spec, signature }: { readonly spec: NormalSpec; readonly signature: Signature },
  sizes: Sizes,
): Arrays {
  const limits = idLimits(spec, signature);
  const random = randomStream(spec.seed, "export", sizes.batch, sizes.time);
  return new Map(
    ports.map((port) => {
      const shape = port.shape.map((dim) => sizeOf(dim, sizes));
      const count = elementCount(shape);
      const options = {
        random,
        sizes,
        shortest: shortestSteps(spec.model),
        limit: limits.get(port.name)?.size ?? 1,
        isPositive: spec.data.type === "table" && spec.data.scale?.type === "log",
      };
      return [port.name, randomArray(port, shape, count, options)];
    }),
  );
}

function sizeOf(dim: number | string, { batch, time, otherTime = time + 1 }: Sizes): number {
  if (typeof dim === "number") return dim;
  return dim === "batch" ? batch : dim === "time" ? time : otherTime;
}

interface RandomOptions {
  readonly random: RandomStream;
  readonly sizes: Sizes;
  /** The shortest length of a sequence. */
  readonly shortest: number;
  /** The number of ids. */
  readonly limit: number;
  /** True for numbers whose logarithms the model reads. */
  readonly isPositive: boolean;
}

function randomArray(
  { name, dtype }: Port,
  shape: readonly number[],
  count: number,
  { random, sizes, shortest, limit, isPositive }: RandomOptions,
): NumericArray {
  const maxLength = name === "lengths" ? sizes.time : (sizes.otherTime ?? sizes.time + 1);
  // The first row has the maximum length.
  const randomInteger = name.endsWith("lengths")
    ? (row: number) => (row === 0 ? maxLength : shortest + random.below(maxLength - shortest + 1))
    : () => random.below(limit);
  switch (dtype) {
    case "int64":
      return { dtype, shape, data: BigInt64Array.from({ length: count }, (_, row) => BigInt(randomInteger(row))) };
    case "int32":
      return { dtype, shape, data: Int32Array.from({ length: count }, (_, row) => randomInteger(row)) };
    default: {
      const next = isPositive ? () => Math.exp(random.normal()) : () => random.normal();
      return { dtype: "float32", shape, data: Float32Array.from({ length: count }, next) };
    }
  }
}
