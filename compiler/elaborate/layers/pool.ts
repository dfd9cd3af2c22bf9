/** pool: one vector from a sequence, its padding left out: the largest, mean, sum or last of the live steps. */
import type { NormalPool } from "../../../schema/normal.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import type { LayerDefinition } from "../context.js";
import { describeWire, isIds, lastLive } from "../wire.js";

/** Below every float32 that a layer puts out: padding never wins the maximum. */
const LOWEST = -3.4e38;

/** Reductions of [time, batch, width] over time; live is [time, batch, 1] bool or null. */
const modes: Readonly<Record<NormalPool["mode"], (b: Builder, sequence: Value, live: Value | null) => Value>> = {
  max: (b, sequence, live) => b.reduceMax(live === null ? sequence : b.where(live, sequence, LOWEST), [0]),
  sum: (b, sequence, live) => b.sum(live === null ? sequence : b.where(live, sequence, 0), [0]),
  mean: (b, sequence, live) =>
    live === null
      ? b.mean(sequence, [0])
      : b.div(b.sum(b.where(live, sequence, 0), [0]), b.max(b.sum(b.cast(live, "float32"), [0]), 1)),
  last: (b, sequence, live) => lastLive(b, sequence, live),
};

export const pool: LayerDefinition<NormalPool> = {
  elaborate(layer, input, { b, problem }) {
    if (!input.sequence || isIds(input))
      return problem({
        part: layer,
        code: isIds(input) ? "needs-numbers" : "needs-sequence",
        message: `A pool layer reads sequences of numbers [batch, time, features], but ${layer.name} is given ${describeWire(input)}.`,
        hint: isIds(input)
          ? `Put an embedding or rnn layer before ${layer.name}.`
          : 'Let the layer before return the whole sequence ("return": "sequence").',
      });
    const value = modes[layer.mode](b, input.value, input.live);
    return { value: b.named(value, layer.name), sequence: false, live: null, padding: "zeros", logits: null };
  },
};
