/** Losses that models contain, and numbers that are stored as integers. */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import type { ModelNode } from "../node.js";
import { alongAxis, axesOf, expectFloat, rankOf } from "./values.js";

/** -w log p of the class of each entry; log p has the classes along axis 1. */
function negativeLogLikelihood(node: ModelNode, b: Builder, logProbabilities: Value): Value {
  const labels = b.cast(node.x(1), "int64");
  const ignored = node.int("ignore_index");
  const isCounted = ignored === undefined ? undefined : b.not(b.equal(labels, ignored));
  const ids = isCounted === undefined ? labels : b.where(isCounted, labels, 0);
  const picked = b.squeeze(b.gatherElements(logProbabilities, b.unsqueeze(ids, [1]), 1), [1]);
  const ones = b.expand(b.scalar(1), labels.type.shape);
  const ofClass = node.has(2) ? b.gather(node.x(2), ids, 0) : ones;
  const weights = isCounted === undefined ? ofClass : b.mul(ofClass, b.cast(isCounted, "float32"));
  const losses = b.neg(b.mul(picked, weights));
  const reduction = node.text("reduction") ?? "mean";
  if (reduction === "none") return losses;
  return reduction === "sum" ? b.sum(losses) : b.div(b.sum(losses), b.sum(weights));
}

const integerWeightsNotice =
  "The model has integer weights (DequantizeLinear): they are computed in float32 and stay as they are. Tensors of floats are trained, and scales with axes are among them.";

/** (x - zero point) · scale, of a tensor, of each entry of an axis, or of blocks of one. */
function dequantize(node: ModelNode, b: Builder): Value {
  if (node.operand(0).kind === "known") node.notice(integerWeightsNotice);
  const x = b.cast(node.x(0), "float32");
  const axis = node.axis(node.int("axis") ?? 1, Math.max(rankOf(x), 2));
  const block = node.int("block_size") ?? 0;
  const spread = (value: Value): Value => {
    if (rankOf(value) === 0) return value;
    if (block > 0) {
      const { shape } = value.type;
      const repeated = b.expand(b.unsqueeze(value, [axis + 1]), shape.toSpliced(axis + 1, 0, block));
      return b.slice(
        b.reshape(repeated, shape.with(axis, Number(shape[axis]) * block)),
        axis,
        0,
        at(x.type.shape, axis),
      );
    }
    if (value.type.shape[0] === 1 && rankOf(value) === 1) return b.squeeze(value, [0]);
    return b.unsqueeze(
      value,
      axesOf(rankOf(x) - axis - 1).map((position) => position + 1),
    );
  };
  const scale = spread(node.x(1));
  const centered = node.has(2) ? b.sub(x, spread(b.cast(node.x(2), "float32"))) : x;
  return b.mul(centered, scale);
}

export const lossOperators: readonly Lowering[] = [
  single("NegativeLogLikelihoodLoss", (node, b) => negativeLogLikelihood(node, b, expectFloat(node.x(0)))),
  {
    operator: "SoftmaxCrossEntropyLoss",
    lower(node, b) {
      const scores = expectFloat(node.x(0));
      const logProbabilities = alongAxis(b, scores, 1, (moved) => b.logSoftmax(moved));
      return [negativeLogLikelihood(node, b, logProbabilities), logProbabilities];
    },
  },
  single("DequantizeLinear", dequantize, { opsets: [10, 26] }),
];
