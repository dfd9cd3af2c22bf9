/**
 * attention: for each step of the first input, the sum of the second input's steps weighted by softmax(score). Scores:
 * `dot` q·k and `general` (q W)·k (M.-T. Luong et al., 2015), over √width when scaled (A. Vaswani et al., 2017);
 * `additive` v·tanh(q Wq + k Wk) (D. Bahdanau et al., 2015).
 */
import type { NormalAttention } from "../../../schema/normal/index.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { sizesAgree } from "../compare-sizes.js";
import type { CombiningDefinition, Context } from "../context.js";
import { glorotUniform } from "../initializers.js";
import { describeWire, isIds, swapBatchAndTime, width } from "../wire.js";

/** The score of padding: its weight is 0, and its gradient is finite. */
const MASKED_SCORE = -1e9;

/** Scores [batch, steps, memory steps] of queries [batch, steps, n] and keys [batch, memory steps, m]. */
function scoresOf(layer: NormalAttention, queries: Value, keys: Value, context: Context): Value | undefined {
  const { b, parameter, problem } = context;
  const [n, m] = [width({ value: queries }), width({ value: keys })];
  if (layer.score === "additive") {
    const size: Dim = layer.size ?? m;
    const q = b.matmul(queries, parameter(`${layer.name}/Wq`, [n, size], glorotUniform));
    const k = b.matmul(keys, parameter(`${layer.name}/Wk`, [m, size], glorotUniform));
    const sum = b.tanh(b.add(b.unsqueeze(q, [2]), b.unsqueeze(k, [1])));
    return b.squeeze(b.matmul(sum, parameter(`${layer.name}/v`, [size, 1], glorotUniform)), [3]);
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
  const q = layer.score === "dot" ? queries : b.matmul(queries, parameter(`${layer.name}/W`, [n, m], glorotUniform));
  const products = b.matmul(q, b.transpose(keys, [0, 2, 1]));
  return layer.scale && typeof m === "number" ? b.mul(products, 1 / Math.sqrt(m)) : products;
}

export const attention: CombiningDefinition<NormalAttention> = {
  maxInputs: 2,
  combine(layer, inputs, context) {
    const { b, problem } = context;
    const [query, source] = [at(inputs, 0), at(inputs, 1)];
    const invalid = [query, source].find((wire) => isIds(wire)) ?? (source.sequence ? undefined : source);
    if (invalid !== undefined)
      return problem({
        part: layer,
        key: "from",
        code: "needs-sequence",
        message: `An attention layer reads numbers, and a sequence as its second input, but an input of ${layer.name} is ${describeWire(invalid)}.`,
        hint: 'For example "from": ["decoder", "encoder"], where both return sequences.',
      });
    const queries = query.sequence ? swapBatchAndTime(b, query.value) : b.unsqueeze(query.value, [1]);
    const keys = swapBatchAndTime(b, source.value);
    const scores = scoresOf(layer, queries, keys, context);
    if (scores === undefined) return undefined;
    // The mask of the memory, [batch, 1, memory steps].
    const maskedScores =
      source.mask === null ? scores : b.where(b.transpose(source.mask, [1, 2, 0]), scores, MASKED_SCORE);
    const weighted = b.matmul(b.softmax(maskedScores), keys);
    const value = query.sequence ? swapBatchAndTime(b, weighted) : b.squeeze(weighted, [1]);
    return { ...query, value: b.withName(value, layer.name), padding: "first step", logits: null };
  },
};
