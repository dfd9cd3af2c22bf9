/**
 * attention: for each step of a query, the mean of a memory's steps, weighted by the softmax of scores. In code, because
 * a query reads all steps of a memory.
 */
import type { NormalAttention } from "../../../../schema/normal/index.js";
import { at } from "../../../ir/expect.js";
import { sizesAgree } from "../../compare-sizes.js";
import type { CombiningDefinition, Context } from "../../context.js";
import { describeWire, isIds, type Wire, width } from "../../wire.js";
import { attendByHeads, type HeadSizes } from "./heads.js";
import { attendByScore } from "./scores.js";
import type { AttentionInputs } from "./weights.js";

export const attention: CombiningDefinition<NormalAttention> = {
  maxInputs: 2,
  combine(layer, inputs, context) {
    const { b } = context;
    const query = at(inputs, 0);
    const memory = inputs[1] ?? query;
    const isSelfAttention = memory === query;
    if (!isReadable(layer, query, memory, context) || !hasCompatibleOptions(layer, query, memory, context))
      return undefined;
    const steps = query.sequence ? query.value : b.unsqueeze(query.value, [0]);
    const attentionInputs: AttentionInputs = { query: steps, memory, isSelfAttention };
    const sizes = layer.heads === null ? null : headSizes(layer, layer.heads, query, context);
    if (sizes === undefined) return undefined;
    const attended =
      sizes === null
        ? attendByScore(layer, attentionInputs, context)
        : attendByHeads(layer, sizes, attentionInputs, context);
    if (attended === undefined) return undefined;
    const value = query.sequence ? attended : b.squeeze(attended, [0]);
    return { ...query, value: b.withName(value, layer.name), padding: "first step", logits: null };
  },
};

/** Reports inputs of ids, and a memory that is no sequence. */
function isReadable(layer: NormalAttention, query: Wire, memory: Wire, { problem }: Context): boolean {
  const invalid = [query, memory].find((wire) => isIds(wire)) ?? (memory.sequence ? undefined : memory);
  if (invalid === undefined) return true;
  problem({
    part: layer,
    key: "from",
    code: "needs-sequence",
    message: `An attention layer reads numbers, and a sequence as its memory, but an input of ${layer.name} is ${describeWire(invalid)}.`,
    hint: 'For example "from": "embedding", or "from": ["decoder", "encoder"], where both return sequences.',
  });
  return false;
}

/** Reports options that exclude each other. */
function hasCompatibleOptions(layer: NormalAttention, query: Wire, memory: Wire, { problem }: Context): boolean {
  const fail = (key: keyof NormalAttention & string, message: string, hint: string): false => {
    problem({ part: layer, key, code: "attention-option", message, hint });
    return false;
  };
  const { name, heads } = layer;
  if (heads === null) {
    const given = (["head_size", "key_value_heads", "rotary", "alibi"] as const).find((key) => layer[key]);
    const key = given ?? (layer.bias ? undefined : "bias");
    if (key !== undefined)
      return fail(key, `"${key}" of ${name} needs heads.`, `Add "heads", for example 1, or remove "${key}".`);
    if (layer.size !== null && layer.score !== "additive")
      return fail("size", `"size" of ${name} is the width of an additive score.`, 'Remove "size".');
  } else {
    const key = layer.size !== null ? "size" : layer.score !== "dot" ? "score" : layer.scale ? "scale" : undefined;
    if (key !== undefined)
      return fail(
        key,
        `"${key}" of ${name} is an option of attention without heads: the score of heads is q·k / √head_size.`,
        `Remove "${key}" or "heads".`,
      );
  }
  const relative = (["rotary", "alibi"] as const).find((key) => layer[key]);
  if (relative !== undefined && memory !== query)
    return fail(
      relative,
      `"${relative}" of ${name} needs self-attention: the steps of ${layer.from[0]} have no position in ${layer.from[1]}.`,
      `Name one layer in "from", or remove "${relative}".`,
    );
  const limit = layer.causal ? "causal" : layer.window !== null ? "window" : undefined;
  const isSameTime = query.sequence && sizesAgree(at(query.value.type.shape, 0), at(memory.value.type.shape, 0));
  if (limit !== undefined && isSameTime === false)
    return fail(
      limit,
      `"${limit}" of ${name} needs a query and a memory over the same time steps, but ${layer.from[0]} is ${describeWire(query)} and ${layer.from[1]} is ${describeWire(memory)}.`,
      `Remove "${limit}", or name layers over the same steps.`,
    );
  return true;
}

/** The sizes of the heads; undefined after a reported problem, or where the width depends on the data. */
function headSizes(layer: NormalAttention, heads: number, query: Wire, { problem }: Context): HeadSizes | undefined {
  const fail = (key: string, message: string, hint: string) =>
    problem({ part: layer, key, code: "attention-heads", message, hint });
  const keyValueHeads = layer.key_value_heads ?? heads;
  if (heads % keyValueHeads !== 0)
    return fail(
      "key_value_heads",
      `The ${heads} heads of ${layer.name} are not divisible by ${keyValueHeads} heads of keys and values.`,
      `Write a divisor of ${heads}.`,
    );
  const queryWidth = width(query);
  if (layer.head_size === null && typeof queryWidth !== "number") return undefined;
  const headSize = layer.head_size ?? Number(queryWidth) / heads;
  if (!Number.isInteger(headSize))
    return fail(
      "heads",
      `The width ${queryWidth} of ${layer.from[0]} is not divisible by the ${heads} heads of ${layer.name}.`,
      'Choose a number of heads that divides it, or write "head_size".',
    );
  if (layer.rotary && headSize % 2 !== 0)
    return fail(
      "rotary",
      `Rotary positions turn pairs of entries, but the head_size of ${layer.name} is ${headSize}.`,
      'Write an even "head_size", or remove "rotary".',
    );
  return { heads, headSize, keyValueHeads };
}
