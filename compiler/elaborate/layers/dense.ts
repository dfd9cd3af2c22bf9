/**
 * dense and projection: x @ W + b with an activation; `<name>/W` [in, size], `<name>/b` [size], and twice as many
 * columns for gated activations.
 */
import type { NormalDense, NormalProjection } from "../../../schema/normal/index.js";
import type { Shape } from "../../ir/types.js";
import { activate, preActivationSize } from "../activations.js";
import type { Affine, Context, LayerDefinition } from "../context.js";
import { constantZero, glorotUniform } from "../initializers.js";
import { width } from "../wire.js";
import { checkNumbers } from "./numeric-input.js";

/**
 * The name of the layer's bias, and its kernel or that of another layer: an embedding's table is used transposed, and
 * has no bias.
 */
function weightsOf(
  layer: NormalDense | NormalProjection,
  shape: Shape,
  { parameter, earlierLayer }: Context,
): { readonly kernel: Affine["kernel"]; readonly bias: string } {
  const owner = layer.weights ?? layer.name;
  const source = earlierLayer(owner)?.layer;
  if (source?.layer === "embedding") {
    const value = parameter(`${owner}/W`, shape.toReversed(), glorotUniform);
    return { kernel: { value, outputAxis: 0 }, bias: `${layer.name}/b` };
  }
  // A layer without a bias has none to share.
  const hasBias = source === undefined || !("bias" in source) || source.bias;
  const kernel = { value: parameter(`${owner}/W`, shape, glorotUniform), outputAxis: 1 } as const;
  return { kernel, bias: `${hasBias ? owner : layer.name}/b` };
}

export const dense: LayerDefinition<NormalDense | NormalProjection> = {
  elaborate(layer, input, context) {
    const { b, size } = context;
    if (!checkNumbers(layer, input, context)) return undefined;
    const outputSize = size(layer.size, layer, "size");
    if (outputSize === undefined) return undefined;
    const columns = preActivationSize(layer, outputSize, context);
    if (columns === undefined) return undefined;
    const { kernel, bias: biasName } = weightsOf(layer, [width(input), columns], context);
    const product = b.matmul(input.value, kernel.outputAxis === 0 ? b.transpose(kernel.value, [1, 0]) : kernel.value);
    const bias = layer.bias ? context.parameter(biasName, [columns], constantZero) : null;
    const preActivation = bias === null ? product : b.add(product, bias);
    context.recordAffine(preActivation, { input: input.value, kernel, bias });
    const activated = activate(layer, b.withName(preActivation, layer.name), () => input.mask, context);
    if (activated === undefined) return undefined;
    const { value, logits } = activated;
    return { ...input, value: b.withName(value, layer.name), padding: "first step", logits };
  },
};
