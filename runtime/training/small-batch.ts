/** A few rows and time steps of a batch, with lengths that differ, for computations by the reference evaluator. */
import { isSequence, lengthsOfInput, type Signature, targetArrays } from "../../compiler/signature.js";
import { targetPort } from "../../schema/kinds/outputs.js";
import type { Batch } from "../data/source.js";
import { elementCount, type NumericArray } from "../tensors/array.js";
import { gatherRows } from "../tensors/rows.js";

/** The largest sizes; undefined for all. */
export interface Limits {
  readonly rows: number;
  readonly steps: number | undefined;
  /** Of targets and other sequences with a time axis of their own. */
  readonly otherSteps: number | undefined;
}

export interface SmallBatch {
  readonly batch: Batch;
  readonly signature: Signature;
  readonly rows: number;
  /** The time steps of the inputs; null where they have none. */
  readonly steps: number | null;
}

/**
 * The first rows and steps. Where all rows have the same length after that, the last row gets a shorter one, so that
 * padding is computed.
 */
export function smallBatch(batch: Batch, signature: Signature, limits: Limits): SmallBatch {
  const mainTime = isSequence(signature.inputs) ? signature.inputs.shape[1] : undefined;
  const limitOf = (dim: number | string | undefined) => {
    // An axis whose size is part of the model keeps it.
    if (typeof dim !== "string") return undefined;
    return dim === mainTime ? limits.steps : limits.otherSteps;
  };
  const rowsIn = batch.values().next().value?.shape[0] ?? 1;
  const rows = Math.min(rowsIn, limits.rows);
  const chosen = Array.from({ length: rows }, (_, row) => row);
  const axes = timeAxes(signature);
  const smaller = new Map(
    [...batch].map(([name, array]) => {
      const limit = limitOf(axes.get(name));
      const gathered = gatherRows(array, chosen);
      return [name, limit === undefined ? gathered : firstSteps(gathered, limit)] as const;
    }),
  );
  const lengthsOf = (name: string, dim: number | string | undefined) => {
    const lengths = smaller.get(name);
    const longest = [...axes].flatMap(([array, axis]) => (axis === dim ? (smaller.get(array)?.shape[1] ?? []) : []))[0];
    if (lengths !== undefined && longest !== undefined) smaller.set(name, differentLengths(lengths, longest));
  };
  lengthsOf("lengths", mainTime);
  for (const name of Object.keys(signature.side_lengths ?? {})) lengthsOf(lengthsOfInput(name), axes.get(name));
  lengthsOf("target_lengths", [...axes.values()].find((dim) => dim !== mainTime) ?? mainTime);
  const steps = mainTime === undefined ? null : (smaller.get("inputs")?.shape[1] ?? null);
  return { batch: smaller, signature: withSteps(signature, steps, rows, limits), rows, steps };
}

/** The time axis of each array of a batch that has one. */
function timeAxes({
  inputs,
  side_inputs = {},
  weights,
  ...signature
}: Signature): ReadonlyMap<string, number | string> {
  const arrays = [
    ...Object.entries({ inputs, ...side_inputs, ...(weights && { weights }) }),
    ...[...targetArrays(signature)].map(([name, array]) => [targetPort(name), array] as const),
  ];
  return new Map(
    arrays.flatMap(([name, { shape }]) => {
      const [, dim] = shape;
      return typeof dim === "string" && /time$/.test(dim) ? [[name, dim] as const] : [];
    }),
  );
}

function withSteps(signature: Signature, steps: number | null, rows: number, { otherSteps }: Limits): Signature {
  const { side_steps, expected } = signature;
  const smallSides = Object.entries(side_steps ?? {}).map(
    ([axis, size]) => [axis, Math.min(size, otherSteps ?? size)] as const,
  );
  return {
    ...signature,
    ...(steps !== null && { steps }),
    ...(side_steps && { side_steps: Object.fromEntries(smallSides) }),
    expected: { ...expected, batch: rows, ...(steps !== null && { time: steps }) },
  };
}

/** The first entries of axis 1. */
function firstSteps(array: NumericArray, limit: number): NumericArray {
  const [rows = 0, steps = 0, ...rest] = array.shape;
  if (steps <= limit) return array;
  const width = elementCount(rest);
  const asSteps = { ...array, shape: [rows * steps, width] } as NumericArray;
  const kept = Array.from({ length: rows * limit }, (_, index) => Math.floor(index / limit) * steps + (index % limit));
  return { ...gatherRows(asSteps, kept), shape: [rows, limit, ...rest] } as NumericArray;
}

/** Lengths of at most `longest`, not all of them `longest` where there are several rows. */
function differentLengths(lengths: NumericArray, longest: number): NumericArray {
  const data = BigInt64Array.from(
    Array.from<number | bigint, bigint>(lengths.data, (length) => BigInt(Math.min(Number(length), longest))),
  );
  if (data.length > 1 && longest > 1 && data.every((length) => length === BigInt(longest)))
    data[data.length - 1] = BigInt(Math.max(1, longest - 2));
  return { dtype: "int64", shape: lengths.shape, data };
}
