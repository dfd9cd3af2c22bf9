/** dense and projection: x @ W + b with an activation; `<name>/W` [in, size], `<name>/b` [size]. */
import type { Activation, NormalDense, NormalProjection } from "../../../schema/normal.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { describeWire, isIds, type LayerDefinition, width } from "../context.js";
import { constantZero, glorotUniform } from "../initializers.js";

const activations: Readonly<Record<Activation, (b: Builder, x: Value) => Value>> = {
  none: (_, x) => x,
  softmax: (b, x) => b.softmax(x),
  sigmoid: (b, x) => b.sigmoid(x),
  tanh: (b, x) => b.tanh(x),
  relu: (b, x) => b.relu(x),
};

export const dense: LayerDefinition<NormalDense | NormalProjection> = {
  elaborate(layer, input, { b, size, parameter, problem }) {
    if (isIds(input))
      return problem({
        part: layer,
        code: "needs-numbers",
        message: `${layer.layer} reads numbers, but is given ${describeWire(input)}`,
        hint: `Put a one_hot or an embedding layer before ${layer.name}.`,
      });
    const columns = size(layer.size, layer, "size");
    if (columns === undefined) return undefined;
    const kernel = parameter(`${layer.name}/W`, [width(input), columns], glorotUniform);
    const product = b.matmul(input.value, kernel);
    const sum = layer.bias ? b.add(product, parameter(`${layer.name}/b`, [columns], constantZero)) : product;
    const { activation } = layer;
    const value = b.named(activations[activation](b, b.named(sum, layer.name)), layer.name);
    const logits = activation === "softmax" || activation === "sigmoid" ? { value: sum, activation } : null;
    return { ...input, value, logits };
  },
};
