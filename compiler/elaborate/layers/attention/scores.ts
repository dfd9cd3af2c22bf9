/**
 * Attention without heads: the memory's steps weighted by a score of query and step. Scores: `dot` q·k and `general`
 * (q W)·k (M.-T. Luong et al., 2015), over √width when scaled (A. Vaswani et al., 2017); `additive` v·tanh(q Wq + k Wk)
 * (D. Bahdanau et al., 2015).
 */
import type { NormalAttention } from "../../../../schema/normal/index.js";
import { at } from "../../../ir/expect.js";
import type { Dim, Value } from "../../../ir/types.js";
import { sizesAgree } from "../../compare-sizes.js";
import type { Context } from "../../context.js";
import { glorotUniform } from "../../initializers.js";
import { swapBatchAndTime, width } from "../../wire.js";
import { withPast } from "./cache.js";
import { type AttentionInputs, attentionWeights, scoreBias } from "./weights.js";

/** Scores [batch, steps, memory steps] of queries [batch, steps, n] and keys [batch, memory steps, m]. */
function scoresOf(layer: NormalAttention, queries: Value, keys: Value, context: Context): Value | undefined {
  const { b, parameter, problem } = context;
  const owner = layer.weights ?? layer.name;
  const [n, m] = [width({ value: queries }), width({ value: keys })];
  if (layer.score === "additive") {
    const size: Dim = layer.size ?? m;
    const q = b.matmul(queries, parameter(`${owner}/Wq`, [n, size], glorotUniform));
    const k = b.matmul(keys, parameter(`${owner}/Wk`, [m, size], glorotUniform));
    const sum = b.tanh(b.add(b.unsqueeze(q, [2]), b.unsqueeze(k, [1])));
    return b.squeeze(b.matmul(sum, parameter(`${owner}/v`, [size, 1], glorotUniform)), [3]);
  }
  const isSameWidth = layer.score === "dot" ? sizesAgree(n, m) : true;
  if (isSameWidth === undefined) return undefined;
  if (!isSameWidth)
    return problem({
      part: layer,
      key: "score",
      code: "attention-width",
      message: `A dot score needs queries and memory of equal width, but ${layer.from[0]} has width ${n} and ${layer.from[1]} has width ${m}.`,
      hint: 'Write "score": "general", which adds a matrix between them, or make the widths equal.',
    });
  const q = layer.score === "dot" ? queries : b.matmul(queries, parameter(`${owner}/W`, [n, m], glorotUniform));
  const products = b.matmul(q, b.transpose(keys, [0, 2, 1]));
  return layer.scale && typeof m === "number" ? b.mul(products, 1 / Math.sqrt(m)) : products;
}

/** The output [steps, batch, m] of queries [steps, batch, n] and a memory [memory steps, batch, m]. */
export function attendByScore(layer: NormalAttention, inputs: AttentionInputs, context: Context): Value | undefined {
  const { b } = context;
  const queries = swapBatchAndTime(b, inputs.query);
  const parts = withPast(layer, "memory", swapBatchAndTime(b, inputs.memory.value), 1, context);
  const keys = parts.length === 1 ? at(parts, 0) : b.concat(parts, 1);
  const scores = scoresOf(layer, queries, keys, context);
  if (scores === undefined) return undefined;
  const bias = scoreBias(layer, inputs, context);
  return swapBatchAndTime(b, b.matmul(attentionWeights(layer, scores, bias, context), keys));
}
