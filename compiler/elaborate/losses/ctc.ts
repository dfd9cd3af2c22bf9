/**
 * ctc: -log of the probability of the labels, summed over all alignments with the outputs (connectionist temporal
 * classification; A. Graves et al., ICML 2006). The forward recursion in log space, one Scan over time. In code,
 * because it is a recursion over the steps and the labels, of other lengths.
 */
import { formatInteger } from "../../../schema/counts.js";
import { blankClassOf } from "../../../schema/kinds/losses.js";
import type { NormalLoss } from "../../../schema/normal/index.js";
import { scan } from "../../graph/scan.js";
import type { Builder } from "../../ir/builder.js";
import { addDims, mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { describeWire } from "../wire.js";
import { logitsFor } from "./class-targets.js";
import { type LossDefinition, type LossOperands, reduceEntries, shapeText } from "./loss.js";

export type NormalCtc = Extract<NormalLoss, { type: "ctc" }>;

/** The logarithm of probability 0: finite, because the gradient of `where` and log-sum-exp at -∞ is NaN. */
const LOG_ZERO = -1e30;

export const ctc: LossDefinition<NormalCtc> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "softmax", operands, context);
    const labels = logits && labelsFor(loss, operands, context);
    const blank = logits && blankClass(loss, logits, context);
    if (logits === undefined || labels === undefined || blank === undefined) return undefined;

    const extended = extendedLabels(b, labels, blank);
    const [time = 1, batch = 1] = logits.type.shape;
    const positions = at(extended.ids.type.shape, 1);
    const pathIndices = b.expand(b.unsqueeze(extended.ids, [0]), [time, batch, positions]);
    const emissions = b.gatherElements(b.logSoftmax(logits), pathIndices, 2);
    // Before the first step all paths are at the first blank.
    const initialAlpha = b.mul(b.cast(b.greater(b.range(positions), 0), "float32"), LOG_ZERO);
    const maskScans = operands.mask === null ? [] : [b.unsqueeze(operands.mask, [2])];
    const { final } = scan(
      b,
      "ctc",
      { initial: [b.expand(initialAlpha, [batch, positions])], scans: [emissions, ...maskScans] },
      (inner, states, slices) => {
        const [alpha, emission, mask] = [at(states, 0), at(slices, 0), slices[1]];
        const shifted = (by: number) => {
          const fill = inner.expand(inner.scalar(LOG_ZERO), [batch, by]);
          return inner.concat([fill, inner.slice(alpha, 1, 0, addDims(positions, -by))], 1);
        };
        const incoming = logSumExp(inner, [alpha, shifted(1), inner.add(shifted(2), extended.skip)]);
        const next = inner.add(incoming, emission);
        return {
          next: [mask === undefined ? next : inner.where(inner.greater(mask, 0), next, alpha)],
          scanOutputs: [],
        };
      },
    );
    const finalAlpha = b.add(at(final, 0), extended.end);
    const largest = b.reduceMax(finalAlpha, [1], true);
    const sum = b.log(b.sum(b.exp(b.sub(finalAlpha, largest)), [1]));
    const logLikelihood = b.add(b.squeeze(largest, [1]), sum);
    const losses = b.where(
      b.greater(logLikelihood, LOG_ZERO / 2),
      b.neg(logLikelihood),
      loss.zero_infinity ? 0 : Number.POSITIVE_INFINITY,
    );
    return reduceEntries(b, losses, { weights: null, mask: null }, loss.reduction);
  },
};

/** Label ids [batch, labels], int64, padded at their ends with the blank. */
function labelsFor(loss: NormalCtc, operands: LossOperands, { b, problem }: Context): Value | undefined {
  const { wire, targets, weights } = operands;
  if (!wire.sequence)
    return problem({
      part: loss,
      key: "type",
      code: "needs-sequence",
      message: `ctc aligns labels with a sequence of outputs, but the model outputs ${describeWire(wire)}.`,
      hint: 'Write "return": "sequence" in the last rnn layer, or use cross_entropy.',
    });
  if (weights !== null)
    return problem({
      part: loss,
      key: "type",
      code: "step-weights",
      message: "ctc has one loss per sequence, so the data cannot have weights of steps.",
      hint: "Remove the weights from the data.",
    });
  if (targets.type.dtype === "float32" || targets.type.shape.length !== 2)
    return problem({
      part: loss,
      key: "type",
      code: "target-shape",
      message: `ctc needs integer labels [batch, labels], but the targets are ${
        targets.type.dtype === "float32" ? "numbers" : "ids"
      } ${shapeText(targets, wire)}.`,
      hint: "Provide one row of labels per sequence, padded at its end with the blank.",
    });
  return b.cast(b.transpose(targets, [1, 0]), "int64");
}

/** The class of the blank; undefined after a reported problem, or where the number of classes depends on the data. */
export function blankClass(loss: NormalCtc, logits: Value, { problem }: Context): number | undefined {
  const classes = logits.type.shape.at(-1);
  if (typeof classes !== "number") return undefined;
  const blank = blankClassOf(loss, classes);
  if (blank < classes) return blank;
  return problem({
    part: loss,
    key: "blank",
    code: "blank-class",
    message: `The blank is class ${blank}, but the model has ${formatInteger(classes)} classes.`,
    hint: `Write a class from 0 to ${classes - 1}, or "last".`,
  });
}

/** The number of labels per row of [batch, labels], [batch, 1]: those before the padding, which is blank. */
export function labelCount(b: Builder, labels: Value, blank: number): Value {
  return b.sum(b.cast(b.not(b.equal(labels, blank)), "int64"), [1], true);
}

/** The positions of paths: the labels with blanks around and between them, [batch, 2 * labels + 1]. */
function extendedLabels(b: Builder, labels: Value, blank: number) {
  const [batch = 1, count = 1] = labels.type.shape;
  const blanks = b.expand(b.scalar(blank, "int64"), [batch, count]);
  const pairs = b.concat([b.unsqueeze(blanks, [2]), b.unsqueeze(labels, [2])], 2);
  const last = b.expand(b.scalar(blank, "int64"), [batch, 1]);
  const ids = b.concat([b.reshape(pairs, [batch, mulDims(2, count)]), last], 1);

  // A path may skip the blank between two labels that differ. Blanks are equal, so none is reached by a skip.
  const positions = addDims(mulDims(2, count), 1);
  const twoBefore = b.concat(
    [b.expand(b.scalar(blank, "int64"), [batch, 2]), b.slice(ids, 1, 0, addDims(positions, -2))],
    1,
  );
  const skip = b.where(b.equal(ids, twoBefore), b.scalar(LOG_ZERO), 0);

  // A path ends at the last label of its row, or at the blank after it.
  const distanceToEnd = b.sub(b.unsqueeze(b.range(positions), [0]), b.mul(labelCount(b, labels, blank), 2));
  const end = b.where(b.or(b.equal(distanceToEnd, 0), b.equal(distanceToEnd, -1)), b.scalar(0), LOG_ZERO);
  return { ids, skip, end };
}

/** log Σ exp of values of one shape. */
function logSumExp(b: Builder, values: readonly Value[]): Value {
  const largest = values.reduce((x, y) => b.max(x, y));
  const sum = values.map((value) => b.exp(b.sub(value, largest))).reduce((x, y) => b.add(x, y));
  return b.add(largest, b.log(sum));
}
