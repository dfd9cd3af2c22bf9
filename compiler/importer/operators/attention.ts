/** Attention and rotary position embeddings. */
import type { Builder } from "../../ir/builder.js";
import { addDims, subDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";
import { expectFloat, lessOrEqual, rankOf } from "./values.js";

/** [batch, steps, heads * size] as [batch, heads, steps, size]. */
function splitHeads(b: Builder, x: Value, heads: number | undefined): Value {
  if (rankOf(x) === 4) return x;
  if (heads === undefined) return refuse("has no number of heads");
  const [batch = 1, steps = 1, width] = x.type.shape;
  const size = staticDim(width, "a width") / heads;
  return b.transpose(b.reshape(x, [batch, steps, heads, size]), [0, 2, 1, 3]);
}

/** [batch, heads, steps, size] as [batch, steps, heads * size]. */
function joinHeads(b: Builder, x: Value): Value {
  const [batch = 1, heads = 1, steps = 1, size = 1] = x.type.shape;
  return b.reshape(b.transpose(x, [0, 2, 1, 3]), [batch, steps, Number(heads) * Number(size)]);
}

/** Each head of keys as often as heads of queries share it. */
function repeatHeads(b: Builder, x: Value, heads: number): Value {
  const [batch = 1, own = 1, steps = 1, size = 1] = x.type.shape;
  const times = heads / staticDim(own, "a number of heads");
  if (times === 1) return x;
  return b.reshape(b.expand(b.unsqueeze(x, [2]), [batch, own, times, steps, size]), [batch, heads, steps, size]);
}

/** softmax(scale · q kᵀ + mask) v. A. Vaswani et al., Attention Is All You Need (2017). */
function attention(node: ModelNode, b: Builder): readonly (Value | undefined)[] {
  if (node.wants(3)) return refuse("returns its scores");
  if (node.has(6)) return refuse("has lengths of its memory");
  const isFlat = node.shape(0).length === 3;
  const [queryHeads, memoryHeads] = [node.int("q_num_heads"), node.int("kv_num_heads")];
  const q = splitHeads(b, expectFloat(node.x(0)), queryHeads);
  const fresh = [1, 2].map((index) => splitHeads(b, node.x(index), memoryHeads)) as [Value, Value];
  const [keys, values] = fresh.map((value, index) =>
    node.has(4 + index) ? b.concat([node.x(4 + index), value], 2) : value,
  ) as [Value, Value];
  const heads = staticDim(q.type.shape[1], "a number of heads");
  const [k, v] = [repeatHeads(b, keys, heads), repeatHeads(b, values, heads)];
  const scale = node.float("scale") ?? 1 / Math.sqrt(staticDim(q.type.shape[3], "a size of heads"));
  let isMasked = false;
  let scores = b.mul(b.matmul(q, b.transpose(k, [0, 1, 3, 2])), scale);
  const cap = node.float("softcap") ?? 0;
  if (cap > 0) scores = b.mul(b.tanh(b.div(scores, cap)), cap);
  const [steps, memory] = [at(q.type.shape, 2), at(k.type.shape, 2)];
  const masked = (isAllowed: Value) => {
    isMasked = true;
    return b.where(isAllowed, scores, Number.NEGATIVE_INFINITY);
  };
  if (node.has(3)) {
    const mask = node.x(3);
    if (mask.type.shape.at(-1) !== memory) return refuse("has a mask for some of its memory");
    scores = mask.type.dtype === "bool" ? masked(mask) : b.add(scores, mask);
  }
  if (node.int("is_causal") === 1)
    scores = masked(causalMask(b, steps, memory, node.has(4) ? subDims(memory, at(fresh[0].type.shape, 2)) : 0));
  const result = b.matmul(isMasked ? weightsOf(b, scores) : b.softmax(scores), v);
  return [
    isFlat ? joinHeads(b, result) : result,
    node.wants(1) ? b.identity(keys) : undefined,
    node.wants(2) ? b.identity(values) : undefined,
  ];
}

/** The softmax of each row; zeros for a row that may read nothing. */
function weightsOf(b: Builder, scores: Value): Value {
  const isDead = b.equal(b.reduceMax(scores, [-1], true), Number.NEGATIVE_INFINITY);
  return b.where(isDead, 0, b.softmax(b.where(isDead, 0, scores)));
}

/** True where a step may read an entry of the memory: its own and earlier ones. */
function causalMask(b: Builder, steps: Dim, memory: Dim, past: Dim): Value {
  const position = past === 0 ? b.range(steps) : b.slice(b.range(addDims(past, steps)), 0, past, addDims(past, steps));
  return lessOrEqual(b, b.unsqueeze(b.range(memory), [0]), b.unsqueeze(position, [1]));
}

/** Pairs of features turned by an angle proportional to the step. J. Su et al., RoFormer (2021). */
function rotary(node: ModelNode, b: Builder): Value {
  const input = expectFloat(node.x(0));
  const x = splitHeads(b, input, node.int("num_heads"));
  const size = staticDim(x.type.shape[3], "a size of heads");
  const turned = node.int("rotary_embedding_dim") || size;
  const table = (index: number) => {
    const cache = node.x(index);
    const rows = node.has(3) ? b.gather(cache, node.x(3), 0) : cache;
    return b.unsqueeze(b.slice(rows, 2, 0, turned / 2), [1]);
  };
  const [cos, sin] = [table(1), table(2)];
  const [batch = 1, heads = 1, steps = 1] = x.type.shape;
  const part = b.slice(x, 3, 0, turned);
  const isInterleaved = node.int("interleaved") === 1;
  const pairs = isInterleaved ? b.reshape(part, [batch, heads, steps, turned / 2, 2]) : part;
  const half = (index: number): Value =>
    isInterleaved
      ? b.squeeze(b.slice(pairs, 4, index, index + 1), [4])
      : b.slice(part, 3, (index * turned) / 2, ((index + 1) * turned) / 2);
  const [first, second] = [half(0), half(1)];
  const real = b.sub(b.mul(cos, first), b.mul(sin, second));
  const imaginary = b.add(b.mul(sin, first), b.mul(cos, second));
  const result = isInterleaved
    ? b.reshape(b.concat([b.unsqueeze(real, [4]), b.unsqueeze(imaginary, [4])], 4), [batch, heads, steps, turned])
    : b.concat([real, imaginary], 3);
  const whole = turned === size ? result : b.concat([result, b.slice(x, 3, turned, size)], 3);
  return rankOf(input) === 3 ? joinHeads(b, whole) : whole;
}

export const attentionOperators: readonly Lowering[] = [
  { operator: "Attention", opsets: [23, 26], lower: attention },
  single("RotaryEmbedding", rotary, { opsets: [23, 26] }),
];
