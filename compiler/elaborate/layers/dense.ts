/**
 * dense and projection: x @ W + b with an activation; `<name>/W` [in, size], `<name>/b` [size], and twice as many
 * columns for gated activations. In code, because a softmax or sigmoid hands its logits to the loss, and the
 * kernel may be the table of an embedding.
 */
import type { NormalDense, NormalProjection } from "../../../schema/normal/index.js";
import type { Shape } from "../../ir/types.js";
import { activate, preActivationSize } from "../activations.js";
import type { Affine, Context, LayerDefinition } from "../context.js";
import { constantZero, glorotUniform } from "../initializers.js";
import { kernelOf } from "../weight-norm.js";
import { width } from "../wire.js";
import { checkNumbers } from "./numeric-input.js";

/**
 * The name of the layer's bias, and its kernel or that of another layer: an embedding's table is used transposed, and
 * has no bias. Undefined after a reported problem.
 */
function weightsOf(
  layer: NormalDense | NormalProjection,
  shape: Shape,
  context: Context,
): { readonly kernel: Affine["kernel"]; readonly bias: string } | undefined {
  const { parameter, earlierLayer, problem } = context;
  const owner = layer.weights ?? layer.name;
  const source = earlierLayer(owner)?.layer;
  if (source?.layer === "embedding") {
    if (layer.weight_norm)
      return problem({
        part: layer,
        key: "weight_norm",
        code: "shared-weights",
        message: `${layer.name} uses the table of ${owner}, an embedding, whose rows are not normalized.`,
        hint: 'Remove "weight_norm", or "weights".',
      });
    const value = parameter(`${owner}/W`, shape.toReversed(), glorotUniform);
    return { kernel: { value, outputAxis: 0 }, bias: `${layer.name}/b` };
  }
  // A layer without a bias has none to share.
  const hasBias = source === undefined || !("bias" in source) || source.bias;
  const kernel = { value: kernelOf(layer, owner, shape, context), outputAxis: 1 } as const;
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
    const weights = weightsOf(layer, [width(input), columns], context);
    if (weights === undefined) return undefined;
    const { kernel, bias: biasName } = weights;
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
