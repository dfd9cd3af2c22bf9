/**
 * Edit distance of a ctc model's greedy decoding from the labels, in insertions, deletions and substitutions (V.
 * Levenshtein, 1966). Greedy decoding: the most probable class of each step, without repetitions and then without
 * blanks.
 */
import { scan } from "../../graph/scan.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { blankClass, labelCount, type NormalCtc } from "../losses/ctc.js";
import type { MetricOperands } from "./metric.js";

export interface EditDistance {
  /** Edit distance of each sequence, [batch]. */
  readonly edits: Value;
  /** Number of labels of each sequence, [batch]. */
  readonly count: Value;
}

/** A number above any distance. */
const UNREACHABLE = 1e9;

export function editDistance({ wire, targets, mask, loss }: MetricOperands, context: Context): EditDistance {
  const { b } = context;
  const scores = (wire.logits ?? wire).value;
  // The targets are labels, so the loss is ctc, which has checked the blank.
  const blank = expectDefined(blankClass(loss as NormalCtc, scores, context), "the blank");
  const labels = b.cast(b.transpose(targets, [1, 0]), "int64");
  const [batch = 1, maxLabels = 1] = labels.type.shape;
  const stepMask = mask ?? b.expand(b.scalar(1), scores.type.shape.slice(0, 2));
  const positions = b.concat([b.range(maxLabels), b.unsqueeze(b.size(b.slice(labels, 0, 0, 1)), [0])], 0);
  const floatPositions = b.cast(positions, "float32");
  // No path leads from a later position of the labels to an earlier one.
  const backward = b.greater(b.unsqueeze(positions, [0]), b.unsqueeze(positions, [1]));
  const barrier = b.unsqueeze(b.where(backward, b.scalar(UNREACHABLE), 0), [0]);
  const initialDistance = b.expand(b.unsqueeze(floatPositions, [0]), [batch, at(floatPositions.type.shape, 0)]);
  const initialClass = b.expand(b.scalar(blank, "int64"), [batch, 1]);
  // Carry: the class of the previous step, and the distance of the decoded prefix from each prefix of the labels.
  const { final } = scan(
    b,
    "edit_distance",
    { initial: [initialClass, initialDistance], scans: [b.argmax(scores, -1), stepMask] },
    (inner, states, slices) => {
      const [previous, distance] = [at(states, 0), at(states, 1)];
      const [predicted, maskSlice] = [at(slices, 0), at(slices, 1)];
      const symbol = inner.unsqueeze(predicted, [1]);
      const isValid = inner.greater(inner.unsqueeze(maskSlice, [1]), 0);
      const isNew = inner.and(inner.not(inner.equal(symbol, previous)), inner.not(inner.equal(symbol, blank)));
      const substitutionCost = inner.cast(inner.not(inner.equal(labels, symbol)), "float32");
      const insertion = inner.add(distance, 1);
      const diagonal = inner.slice(distance, 1, 0, maxLabels);
      const substitution = inner.concat([inner.slice(insertion, 1, 0, 1), inner.add(diagonal, substitutionCost)], 1);
      // Deletions: the minimum over all earlier positions, plus one per label in between.
      const candidates = inner.unsqueeze(inner.sub(inner.min(insertion, substitution), floatPositions), [1]);
      const best = inner.neg(inner.reduceMax(inner.neg(inner.add(candidates, barrier)), [2], false));
      const next = inner.add(best, floatPositions);
      return {
        next: [inner.where(isValid, symbol, previous), inner.where(inner.and(isValid, isNew), next, distance)],
        scanOutputs: [],
      };
    },
  );
  const count = labelCount(b, labels, blank);
  const edits = b.squeeze(b.gatherElements(at(final, 1), count, 1), [1]);
  return { edits, count: b.cast(b.squeeze(count, [1]), "float32") };
}
