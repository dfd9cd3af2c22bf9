/**
 * Multi-head attention (A. Vaswani et al., 2017), with grouped keys and values (J. Ainslie et al., 2023).
 *
 * Heads are axes of the time-major projections [steps, batch, heads, head_size], and the operands of the products are
 * their transposes [batch, heads, steps, head_size], which a runtime that reads strided matrices need not compute.
 */
import type { NormalAttention } from "../../../../schema/normal/index.js";
import { addDims, mulDims } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";
import type { Dim, Value } from "../../../ir/types.js";
import type { Context } from "../../context.js";
import { constantZero, glorotUniform } from "../../initializers.js";
import { positionsOf } from "../../positions.js";
import { width } from "../../wire.js";
import { withPast } from "./cache.js";
import { rotate, rotationOf } from "./rotary.js";
import { type AttentionInputs, attentionWeights, scoreBias } from "./weights.js";

export interface HeadSizes {
  readonly heads: number;
  readonly headSize: number;
  /** A divisor of `heads`. */
  readonly keyValueHeads: number;
}

/** Columns of the projections, as a product of all that read one value: [n, columns], [columns]. */
interface Projection {
  readonly kernel: Value;
  readonly bias: Value | null;
}

/** x @ [W₁ W₂ …] + [b₁ b₂ …]: one product. */
function project(b: Context["b"], x: Value, projections: readonly Projection[]): Value {
  const kernels = projections.map(({ kernel }) => kernel);
  const biases = projections.flatMap(({ bias }) => bias ?? []);
  const product = b.matmul(x, b.concat(kernels, 1));
  return biases.length === 0 ? product : b.add(product, b.concat(biases, 0));
}

/** The output [steps, batch, n] of a query [steps, batch, n] and a memory. */
export function attendByHeads(
  layer: NormalAttention,
  sizes: HeadSizes,
  inputs: AttentionInputs,
  context: Context,
): Value {
  const { b } = context;
  const { heads, headSize, keyValueHeads } = sizes;
  const { query, memory, isSelfAttention } = inputs;
  const owner = layer.weights ?? layer.name;
  const projection = (letter: string, rows: Dim, columns: Dim): Projection => ({
    kernel: context.parameter(`${owner}/W${letter}`, [rows, columns], glorotUniform),
    bias: layer.bias ? context.parameter(`${owner}/b${letter}`, [columns], constantZero) : null,
  });
  const [n, m] = [width({ value: query }), width(memory)];
  const queryWidth = heads * headSize;
  const keyWidth = keyValueHeads * headSize;
  const q = projection("q", n, queryWidth);
  const k = projection("k", m, keyWidth);
  const v = projection("v", m, keyWidth);
  const o = projection("o", queryWidth, n);
  // The scale 1/√head_size on the weights of the query, which are fewer numbers than scores.
  const scale = 1 / Math.sqrt(headSize);
  const scaledQ = { kernel: b.mul(q.kernel, scale), bias: q.bias && b.mul(q.bias, scale) };

  const withHeads = (value: Value, count: number) =>
    b.reshape(value, [at(value.type.shape, 0), "batch", count, headSize]);
  const queriesAndKeys = (): readonly Value[] => {
    if (!isSelfAttention) {
      const [keys, values] = b.split(project(b, memory.value, [k, v]), [keyWidth, keyWidth], 2);
      return [
        withHeads(project(b, query, [scaledQ]), heads),
        ...[keys, values].map((x) => withHeads(x as Value, keyValueHeads)),
      ];
    }
    const joined = project(b, query, [scaledQ, k, v]);
    if (!layer.rotary)
      return b
        .split(joined, [queryWidth, keyWidth, keyWidth], 2)
        .map((value, index) => withHeads(value, index === 0 ? heads : keyValueHeads));
    const [turning, values] = b.split(joined, [queryWidth + keyWidth, keyWidth], 2);
    const rotation = rotationOf(b, positionsOf(context, query), headSize);
    const rotated = rotate(b, withHeads(turning as Value, heads + keyValueHeads), rotation);
    return [...b.split(rotated, [heads, keyValueHeads], 2), withHeads(values as Value, keyValueHeads)];
  };
  const [queries, keys, values] = queriesAndKeys() as readonly [Value, Value, Value];
  const attended = attend(layer, sizes, { queries, keys, values }, inputs, context);
  return project(b, attended, [o]);
}

interface Heads {
  /** [steps, batch, heads, head_size]. */
  readonly queries: Value;
  /** [memory steps, batch, key and value heads, head_size]. */
  readonly keys: Value;
  readonly values: Value;
}

/** The joined results of the heads, [steps, batch, heads * head_size]. */
function attend(
  layer: NormalAttention,
  { heads, headSize, keyValueHeads }: HeadSizes,
  { queries, keys, values }: Heads,
  inputs: AttentionInputs,
  context: Context,
): Value {
  const { b } = context;
  const headFirst = (value: Value) => b.transpose(value, [1, 2, 0, 3]);
  const keyParts = withPast(layer, "keys", headFirst(keys), 2, context);
  const valueParts = withPast(layer, "values", headFirst(values), 2, context);
  const steps = at(queries.type.shape, 0);
  const partSteps = keyParts.map(({ type }) => at(type.shape, 2));
  const memorySteps = partSteps.reduce(addDims, 0);
  const batch = at(queries.type.shape, 1);
  const group = heads / keyValueHeads;
  // The queries of one group are rows of one product: [batch, key and value heads, group * steps, head_size].
  const grouped = (value: Value) =>
    group === 1
      ? b.transpose(value, [1, 2, 0, 3])
      : b.reshape(b.transpose(b.reshape(value, [steps, batch, keyValueHeads, group, headSize]), [1, 2, 3, 0, 4]), [
          batch,
          keyValueHeads,
          mulDims(group, steps),
          headSize,
        ]);
  const perHead = (value: Value, columns: Dim) =>
    group === 1 ? value : b.reshape(value, [batch, heads, steps, columns]);
  const rows = grouped(queries);
  const products = keyParts.map((part) => b.matmul(rows, b.transpose(part, [0, 1, 3, 2])));
  const scores = perHead(products.length === 1 ? at(products, 0) : b.concat(products, 3), memorySteps);
  const weights = attentionWeights(layer, scores, scoreBias(layer, inputs, context), context);
  const groupedWeights =
    group === 1 ? weights : b.reshape(weights, [batch, keyValueHeads, mulDims(group, steps), memorySteps]);
  let start: Dim = 0;
  const sums = valueParts.map((part, index) => {
    const from = start;
    start = addDims(from, at(partSteps, index));
    const own = valueParts.length === 1 ? groupedWeights : b.slice(groupedWeights, 3, from, start);
    return b.matmul(own, part);
  });
  const results = perHead(
    sums.reduce((sum, part) => b.add(sum, part)),
    headSize,
  );
  return b.reshape(b.transpose(results, [2, 0, 1, 3]), [steps, batch, heads * headSize]);
}
