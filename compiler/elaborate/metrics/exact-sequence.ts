/**
 * exact_sequence: the share of sequences that are right at every live step. With ctc: whose most likely outputs spell the
 * labels once repetitions and then blanks are taken out.
 */
import type { NormalMetric } from "../../../schema/normal.js";
import { scan } from "../../graph/scan.js";
import type { Value } from "../../ir/types.js";
import { at } from "../../ops/rule.js";
import type { Context } from "../context.js";
import { blankOf, labelCount } from "../losses/ctc.js";
import { classOperands } from "./classes.js";
import { type MetricDefinition, type MetricOperands, meanTallies } from "./metric.js";

type ExactSequence = Extract<NormalMetric, { type: "exact_sequence" }>;

export const exactSequence: MetricDefinition<ExactSequence> = {
  name: () => "exact_sequence",
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const wrong = operands.answers === "labels" ? misspelt(operands, context) : mistakes(metric, operands, context);
    if (wrong === undefined) return undefined;
    const right = b.cast(b.less(wrong, 0.5), "float32");
    return meanTallies(b, { total: b.sum(right), count: b.cast(b.size(right), "float32") });
  },
};

/** Live steps of each sequence whose class is wrong, [batch]. */
function mistakes(metric: ExactSequence, operands: MetricOperands, context: Context): Value | undefined {
  const { b, problem } = context;
  if (!operands.wire.sequence)
    return problem({
      part: metric,
      key: "type",
      code: "metric-targets",
      message: "exact_sequence compares sequences, but the model puts out one value for each.",
      hint: 'Use "accuracy".',
    });
  const read = classOperands(metric, operands, context);
  if (read === undefined) return undefined;
  const wrong = b.cast(b.not(b.equal(b.argmax(read.scores, -1), read.wanted)), "float32");
  return b.sum(operands.live === null ? wrong : b.mul(wrong, operands.live), [0]);
}

/** How far each sequence's spelling is from its labels, [batch]: 0 where it is the same. */
function misspelt({ wire, targets, live, loss }: MetricOperands, context: Context): Value | undefined {
  const { b } = context;
  const scores = (wire.logits ?? wire).value;
  const blank = loss.type === "ctc" ? blankOf(loss, scores, context) : undefined;
  if (blank === undefined) return undefined;
  const labels = b.cast(b.transpose(targets, [1, 0]), "int64");
  const [batch = 1] = labels.type.shape;
  const alive = live ?? b.expand(b.scalar(1), scores.type.shape.slice(0, 2));
  const column = (value: number) => b.expand(b.scalar(value, "int64"), [batch, 1]);
  const last = b.sub(b.size(b.slice(labels, 0, 0, 1)), 1);
  const zero = b.expand(b.scalar(0), [batch, 1]);
  // State: the last step's class, how many labels have been spelled, and how many of them were wrong.
  const { final } = scan(
    b,
    "spelling",
    { initial: [column(blank), column(0), zero], scans: [b.argmax(scores, -1), alive] },
    (inner, [before, spelled, wrong], [step, lives]) => {
      if (before === undefined || spelled === undefined || wrong === undefined)
        throw new Error("a loop without states");
      if (step === undefined || lives === undefined) throw new Error("a loop without its operands");
      const given = inner.unsqueeze(step, [1]);
      const isLive = inner.greater(inner.unsqueeze(lives, [1]), 0);
      const isNew = inner.and(inner.not(inner.equal(given, before)), inner.not(inner.equal(given, blank)));
      const counts = inner.and(isLive, isNew);
      // What is spelled beyond the last place is told by the count.
      const wanted = inner.gatherElements(labels, inner.min(spelled, last), 1);
      const isWrong = inner.and(counts, inner.not(inner.equal(given, wanted)));
      return {
        next: [
          inner.where(isLive, given, before),
          inner.add(spelled, inner.cast(counts, "int64")),
          inner.add(wrong, inner.cast(isWrong, "float32")),
        ],
        stacked: [],
      };
    },
  );
  const missing = b.abs(b.sub(b.cast(at(final, 1), "float32"), b.cast(labelCount(b, labels, blank), "float32")));
  return b.squeeze(b.add(at(final, 2), missing), [1]);
}
