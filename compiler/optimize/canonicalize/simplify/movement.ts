/** Rules for data movement. */
import type { RewriteRule } from "../../../graph/rewrite.js";
import { sameShape } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";
import type { Value } from "../../../ir/types.js";

/** Movement that changes nothing. */
const identityMoves: RewriteRule = (node, { inputs }) => {
  const x = inputs[0];
  if (x === undefined) return undefined;
  switch (node.op) {
    case "Reshape":
    case "Expand":
      return sameShape(x.type.shape, node.attributes.shape) ? [x] : undefined;
    case "Transpose":
      return node.attributes.perm.every((axis, index) => axis === index) ? [x] : undefined;
    case "Unsqueeze":
    case "Squeeze":
      return node.attributes.axes.length === 0 ? [x] : undefined;
    case "Concat":
    case "Split":
      return inputs.length === 1 && node.outputs.length === 1 ? [x] : undefined;
    case "Slice":
      return node.attributes.start === 0 && node.attributes.end === x.type.shape[node.attributes.axis]
        ? [x]
        : undefined;
    case "Pad":
      return node.attributes.before === 0 && node.attributes.after === 0 ? [x] : undefined;
    default:
      return undefined;
  }
};

/** Two consecutive moves → one, or none. */
const composeMoves: RewriteRule = (node, { b, inputs, producer }) => {
  const x = inputs[0];
  const inner = x && producer(x);
  if (inner === undefined) return undefined;
  const source = inner.inputs[0];
  if (source === undefined) return undefined;
  if (node.op === "Reshape" && (inner.op === "Reshape" || inner.op === "Unsqueeze" || inner.op === "Squeeze"))
    return [b.reshape(source, node.attributes.shape)];
  if (node.op === "Expand" && inner.op === "Expand") return [b.expand(source, node.attributes.shape)];
  if (node.op === "Transpose" && inner.op === "Transpose")
    return [
      b.transpose(
        source,
        node.attributes.perm.map((axis) => at(inner.attributes.perm, axis)),
      ),
    ];
  if (
    ((node.op === "Squeeze" && inner.op === "Unsqueeze") || (node.op === "Unsqueeze" && inner.op === "Squeeze")) &&
    sameShape(node.attributes.axes, inner.attributes.axes)
  )
    return [source];
  return undefined;
};

/** Split(Concat(x, y)) → x, y, and Concat(Split(x)) → x. */
const splitOfConcat: RewriteRule = (node, { inputs, producer }) => {
  const x = inputs[0];
  const inner = x && producer(x);
  if (inner === undefined) return undefined;
  if (node.op === "Split" && inner.op === "Concat" && inner.attributes.axis === node.attributes.axis) {
    const { axis, sizes } = node.attributes;
    return sameShape(
      sizes,
      inner.inputs.map((operand) => at(operand.type.shape, axis)),
    )
      ? inner.inputs
      : undefined;
  }
  if (node.op === "Concat" && inner.op === "Split" && inner.attributes.axis === node.attributes.axis) {
    const source: Value = at(inner.inputs, 0);
    const inOrder =
      inputs.length === inner.outputs.length && inputs.every((operand, i) => operand === inner.outputs[i]);
    return inOrder ? [source] : undefined;
  }
  return undefined;
};

export const movementRules: readonly RewriteRule[] = [identityMoves, composeMoves, splitOfConcat];
