/**
 * spec_augment: in training spans of steps and spans of features of each sequence are 0 (D. Park et al., SpecAugment,
 * 2019), otherwise the identity. In code, because it draws random numbers in training alone.
 */
import type { NormalSpecAugment } from "../../../schema/normal/index.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context, LayerDefinition } from "../context.js";
import { prime, uniform } from "../random.js";
import { checkNumericSequence } from "./numeric-input.js";

export const specAugment: LayerDefinition<NormalSpecAugment> = {
  elaborate(layer, input, context) {
    if (!checkNumericSequence(layer, input, context)) return undefined;
    const { b, mode, lengthsOf } = context;
    if (mode !== "training") return { ...input, logits: null };
    const { name, time_masks, time_width, feature_masks, feature_width } = layer;
    const [time, batch, width] = input.value.type.shape as readonly [Dim, Dim, Dim];
    const countOf = (size: Dim) => b.cast(b.size(b.range(size)), "float32");
    const steps = input.mask === null ? countOf(time) : b.unsqueeze(b.cast(lengthsOf(input.mask), "float32"), [1]);
    let { value } = input;
    if (time_masks > 0 && time_width > 0) {
      const spans = { site: `${name}/steps`, count: time_masks, share: time_width };
      const kept = outsideSpans(spans, steps, time, batch, context);
      value = b.mul(value, b.unsqueeze(b.transpose(kept, [1, 0]), [2]));
    }
    if (feature_masks > 0 && feature_width > 0) {
      const spans = { site: `${name}/features`, count: feature_masks, share: feature_width };
      value = b.mul(value, b.unsqueeze(outsideSpans(spans, countOf(width), width, batch, context), [0]));
    }
    return { ...input, value: b.withName(value, name), logits: null };
  },
};

interface Spans {
  /** The name of the random stream. */
  readonly site: string;
  readonly count: number;
  /** The largest width, as a share of the positions. */
  readonly share: number;
}

/** Below 1 in float32: the largest random number. */
const BELOW_ONE = 1 - 2 ** -24;

/**
 * 0 at the positions of random spans of each row and 1 at the others, [batch, size]. The width w of a span is a uniform
 * integer from 0 to floor(share · n), its start one from 0 to n - w, for n positions.
 *
 * @param positions n: a scalar, or one for each row, [batch, 1].
 */
function outsideSpans({ site, count, share }: Spans, positions: Value, size: Dim, batch: Dim, context: Context): Value {
  const { b } = context;
  const uniformIntegers = (draws: Value, largest: Value) => b.floor(b.mul(draws, b.add(largest, 1)));
  const drawn = b.mul(b.cast(uniform(context, site, [batch, 2 * count]), "float32"), 1 / prime);
  const [forWidths, forStarts] = b.split(b.min(drawn, BELOW_ONE), [count, count], 1) as readonly [Value, Value];
  const width = uniformIntegers(forWidths, b.floor(b.mul(positions, share)));
  const start = uniformIntegers(forStarts, b.sub(positions, width));
  const all = b.unsqueeze(b.cast(b.range(size), "float32"), [0, 1]);
  const isBefore = b.cast(b.less(all, b.unsqueeze(start, [2])), "float32");
  const isBeforeEnd = b.cast(b.less(all, b.unsqueeze(b.add(start, width), [2])), "float32");
  // A span has 1 at the positions before its end that are not before its start.
  return b.sub(1, b.reduceMax(b.sub(isBeforeEnd, isBefore), [1]));
}
