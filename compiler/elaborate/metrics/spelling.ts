/**
 * What a ctc model spells: its likeliest outputs, one per step, once repetitions and then blanks are taken out; and how far
 * that is from the labels, in insertions, deletions and substitutions (V. Levenshtein, 1966).
 */
import { scan } from "../../graph/scan.js";
import { at, present } from "../../ir/present.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { blankOf, labelCount, type NormalCtc } from "../losses/ctc.js";
import type { MetricOperands } from "./metric.js";

export interface Spelling {
  /** Edits between each spelling and its labels, [batch]. */
  readonly edits: Value;
  /** How many labels each sequence has, [batch]. */
  readonly count: Value;
}

/** More than any distance. */
const FAR = 1e9;

export function spelling({ wire, targets, live, loss }: MetricOperands, context: Context): Spelling {
  const { b } = context;
  const scores = (wire.logits ?? wire).value;
  // Of the losses ctc alone has labels for answers, and it has found the blank.
  const blank = present(blankOf(loss as NormalCtc, scores, context), "the blank");
  const labels = b.cast(b.transpose(targets, [1, 0]), "int64");
  const [batch = 1, longest = 1] = labels.type.shape;
  const alive = live ?? b.expand(b.scalar(1), scores.type.shape.slice(0, 2));
  const places = b.concat([b.range(longest), b.unsqueeze(b.size(b.slice(labels, 0, 0, 1)), [0])], 0);
  const place = b.cast(places, "float32");
  // From a later place of the labels to an earlier one there is no way.
  const backward = b.greater(b.unsqueeze(places, [0]), b.unsqueeze(places, [1]));
  const barrier = b.unsqueeze(b.where(backward, b.scalar(FAR), 0), [0]);
  const first = b.expand(b.unsqueeze(place, [0]), [batch, at(place.type.shape, 0)]);
  const none = b.expand(b.scalar(blank, "int64"), [batch, 1]);
  // State: the last step's class, and the distance of what is spelled so far to each beginning of the labels.
  const { final } = scan(
    b,
    "spelling",
    { initial: [none, first], scans: [b.argmax(scores, -1), alive] },
    (inner, states, slices) => {
      const [before, distance] = [at(states, 0), at(states, 1)];
      const [step, lives] = [at(slices, 0), at(slices, 1)];
      const given = inner.unsqueeze(step, [1]);
      const isLive = inner.greater(inner.unsqueeze(lives, [1]), 0);
      const isNew = inner.and(inner.not(inner.equal(given, before)), inner.not(inner.equal(given, blank)));
      const wrong = inner.cast(inner.not(inner.equal(labels, given)), "float32");
      const inserted = inner.add(distance, 1);
      const shorter = inner.slice(distance, 1, 0, longest);
      const substituted = inner.concat([inner.slice(inserted, 1, 0, 1), inner.add(shorter, wrong)], 1);
      // Labels left out: the least over all earlier places, a label of distance for each place between.
      const reached = inner.unsqueeze(inner.sub(inner.min(inserted, substituted), place), [1]);
      const least = inner.neg(inner.reduceMax(inner.neg(inner.add(reached, barrier)), [2], false));
      const next = inner.add(least, place);
      return {
        next: [inner.where(isLive, given, before), inner.where(inner.and(isLive, isNew), next, distance)],
        stacked: [],
      };
    },
  );
  const count = labelCount(b, labels, blank);
  const edits = b.squeeze(b.gatherElements(at(final, 1), count, 1), [1]);
  return { edits, count: b.cast(b.squeeze(count, [1]), "float32") };
}
