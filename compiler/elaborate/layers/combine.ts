/** concat, add and multiply: several layers' outputs as one. */
import type { NormalCombine } from "../../../schema/normal.js";
import { at } from "../../ir/present.js";
import type { CombiningDefinition } from "../context.js";
import { sameSizes } from "../sizes.js";
import { describeWire, isIds } from "../wire.js";

export const combine: CombiningDefinition<NormalCombine> = {
  most: 64,
  combine(layer, inputs, { b, problem }) {
    const first = at(inputs, 0);
    const joins = layer.layer === "concat";
    const comparable = (wire: typeof first) => (joins ? wire.value.type.shape.slice(0, -1) : wire.value.type.shape);
    for (const [index, wire] of inputs.entries()) {
      const same = !isIds(wire) && wire.sequence === first.sequence && sameSizes(comparable(wire), comparable(first));
      if (same === true) continue;
      if (same === undefined) return undefined;
      return problem({
        part: layer,
        key: "from",
        code: "unlike-inputs",
        message: `${layer.name} ${joins ? "joins" : "combines"} ${describeWire(first)} with ${describeWire(wire)} (${layer.from[index]}).`,
        hint: joins ? "All but the last size must agree." : "All sizes must agree.",
      });
    }
    const values = inputs.map(({ value }) => value);
    const value = joins
      ? b.concat(values, -1)
      : values.reduce((x, y) => (layer.layer === "add" ? b.add(x, y) : b.mul(x, y)));
    const padding = inputs.every((wire) => wire.padding === "zeros") ? "zeros" : "first step";
    return { ...first, value: b.named(value, layer.name), padding, logits: null };
  },
};
