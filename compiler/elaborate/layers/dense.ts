/** dense and projection: x @ W + b with an activation; `<name>/W` [in, size], `<name>/b` [size], and twice as many columns for gated
 * activations. */
import type { NormalDense, NormalProjection } from "../../../schema/normal/index.js";
import type { Shape } from "../../ir/types.js";
import { activate, preActivationSize } from "../activations.js";
import type { Affine, Context, LayerDefinition } from "../context.js";
import { constantZero, glorotUniform } from "../initializers.js";
import { describeWire, isIds, width } from "../wire.js";

/** The layer's kernel, or that of another layer: an embedding's table is used transposed. */
function kernelOf(layer: NormalDense | NormalProjection, shape: Shape, context: Context): Affine["kernel"] {
  const { parameter } = context;
  if (layer.weights === null) return { value: parameter(`${layer.name}/W`, shape, glorotUniform), outputAxis: 1 };
  const isTransposed = context.earlierLayer(layer.weights)?.layer.layer === "embedding";
  const value = parameter(`${layer.weights}/W`, isTransposed ? shape.toReversed() : shape, glorotUniform);
  return { value, outputAxis: isTransposed ? 0 : 1 };
}

export const dense: LayerDefinition<NormalDense | NormalProjection> = {
  elaborate(layer, input, context) {
    const { b, size, problem } = context;
    if (isIds(input))
      return problem({
        part: layer,
        code: "needs-numbers",
        message: `A ${layer.layer} layer reads numbers, but the input of ${layer.name} is ${describeWire(input)}.`,
        hint: `Put a one_hot or an embedding layer before ${layer.name}.`,
      });
    const { activation } = layer;
    const outputSize = size(layer.size, layer, "size");
    if (outputSize === undefined) return undefined;
    const columns = preActivationSize(activation, outputSize);
    const kernel = kernelOf(layer, [width(input), columns], context);
    const product = b.matmul(input.value, kernel.outputAxis === 0 ? b.transpose(kernel.value, [1, 0]) : kernel.value);
    const bias = layer.bias ? context.parameter(`${layer.name}/b`, [columns], constantZero) : null;
    const preActivation = bias === null ? product : b.add(product, bias);
    context.recordAffine(preActivation, { input: input.value, kernel, bias });
    const { value, logits } = activate(b, activation, b.withName(preActivation, layer.name));
    return { ...input, value: b.withName(value, layer.name), padding: "first step", logits };
  },
};
