/**
 * concat, add and multiply: the combined outputs of several layers. In code, because they read any number of layers.
 */
import type { NormalAdd, NormalConcat, NormalMultiply } from "../../../schema/normal/index.js";
import { at } from "../../ir/expect.js";
import { shapesAgree } from "../compare-sizes.js";
import type { CombiningDefinition } from "../context.js";
import { describeWire, isIds } from "../wire.js";

export const combine: CombiningDefinition<NormalConcat | NormalAdd | NormalMultiply> = {
  maxInputs: 64,
  combine(layer, inputs, { b, problem }) {
    const first = at(inputs, 0);
    const isConcat = layer.layer === "concat";
    const comparedShape = (wire: typeof first) =>
      isConcat ? wire.value.type.shape.slice(0, -1) : wire.value.type.shape;
    for (const [index, wire] of inputs.entries()) {
      const isSameShape =
        !isIds(wire) && wire.sequence === first.sequence && shapesAgree(comparedShape(wire), comparedShape(first));
      if (isSameShape === true) continue;
      if (isSameShape === undefined) return undefined;
      return problem({
        part: layer,
        key: "from",
        code: "unlike-inputs",
        message: `${layer.name} ${isConcat ? "joins" : "combines"} ${describeWire(first)} with ${describeWire(wire)} (${layer.from[index]}).`,
        hint: isConcat ? "All but the last size must agree." : "All sizes must agree.",
      });
    }
    const values = inputs.map(({ value }) => value);
    const value = isConcat
      ? b.concat(values, -1)
      : values.reduce((x, y) => (layer.layer === "add" ? b.add(x, y) : b.mul(x, y)));
    const padding = inputs.every((wire) => wire.padding === "zeros") ? "zeros" : "first step";
    return { ...first, value: b.withName(value, layer.name), padding, logits: null };
  },
};
