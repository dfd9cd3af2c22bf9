/** Products with scalar constants, written so that MatMulScaleFusion of ONNX Runtime 1.30 keeps all of them. */

import { at } from "../../ir/expect.js";
import { isFloat } from "../../ir/float16.js";
import { scalarTensor } from "../../ir/tensor.js";
import type { FloatType, NodeOf, Tensor, Value } from "../../ir/types.js";
import { constant, nameOf, type Scope } from "./scope.js";

/** Larger merged factors, or those below the inverse, might leave the range of the dtype. */
const MAX_FACTOR: { readonly [F in FloatType]: number } = { float32: 2 ** 60, float16: 2 ** 10 };

/**
 * The operator and operands of a Mul or Div. A value that is scaled twice is written as the original value scaled once:
 * ONNX Runtime 1.30 fuses scalings into the MatMul that they feed (MatMulScaleFusion). If a value and its scaling are
 * both scaled and both multiplied, that pass removes the inner scaling although the outer product reads it.
 */
export function mulOperands(
  node: NodeOf<"Mul" | "Div">,
  scope: Scope,
): readonly [op: string, operands: readonly string[]] {
  const unchanged = [node.op, node.inputs.map((input) => nameOf(scope, input))] as const;
  const scaling = scalingOf(node, scope);
  if (scaling === undefined) return unchanged;
  const { value, factor, dtype } = scaling;
  const previous = scope.scaled.get(value);
  const [base, total] =
    previous === undefined ? [nameOf(scope, value), factor] : [previous.base, previous.factor * factor];
  const magnitude = Math.abs(total);
  if (!(magnitude < MAX_FACTOR[dtype] && magnitude > 1 / MAX_FACTOR[dtype])) return unchanged;
  scope.scaled.set(at(node.outputs, 0), { base, factor: total });
  return previous === undefined ? unchanged : ["Mul", [base, constant(scope, scalarTensor(total, dtype), "scale")]];
}

interface Scaling {
  readonly value: Value;
  readonly factor: number;
  readonly dtype: FloatType;
}

/** The value and the factor of a product with a constant of rank 0, which keeps the value's shape. */
function scalingOf(node: NodeOf<"Mul" | "Div">, scope: Scope): Scaling | undefined {
  const [x, y] = [at(node.inputs, 0), at(node.inputs, 1)];
  const { dtype } = x.type;
  if (!isFloat(dtype)) return undefined;
  const scalar = (value: Value): Tensor | undefined => scope.model.scalars.get(nameOf(scope, value));
  const [leftFactor, rightFactor] = [scalar(x)?.data[0], scalar(y)?.data[0]];
  if (rightFactor !== undefined) return { value: x, dtype, factor: node.op === "Mul" ? rightFactor : 1 / rightFactor };
  return leftFactor !== undefined && node.op === "Mul" ? { value: y, dtype, factor: leftFactor } : undefined;
}
