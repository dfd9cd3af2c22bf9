/**
 * Kernels of affine maps, with weight normalization where a layer has it: W = g v / ‖v‖ for each output unit, with the
 * parameters `<name>/v`, of the kernel's shape, and `<name>/g` [units]. T. Salimans and D. P. Kingma, Weight
 * Normalization, 2016.
 */
import type { NormalConv1d, NormalDense, NormalProjection } from "../../schema/normal/index.js";
import { staticShape } from "../ir/tensor.js";
import type { Shape, Value } from "../ir/types.js";
import type { Context } from "./context.js";
import { distributions } from "./initializers.js";

type Affine = NormalConv1d | NormalDense | NormalProjection;

/**
 * The kernel of a layer.
 *
 * @param owner the layer whose parameters these are.
 * @param shape the units are the last axis.
 */
export function kernelOf(layer: Affine, owner: string, shape: Shape, { b, parameter }: Context): Value {
  const distribution = distributions[layer.initializer];
  if (!layer.weight_norm) return parameter(`${owner}/W`, shape, distribution);
  const name = `${owner}/v`;
  const direction = parameter(name, shape, distribution);
  const sizes = staticShape(shape);
  const norms = sizes && ({ type: "norms", of: { name, shape: sizes, initializer: distribution(sizes) } } as const);
  const length = parameter(`${owner}/g`, shape.slice(-1), () => norms ?? null);
  const axes = shape.slice(0, -1).map((_, axis) => axis);
  const squares = b.sum(b.mul(direction, direction), axes);
  return b.withName(b.mul(direction, b.div(length, b.sqrt(squares))), `${owner}/W`);
}
