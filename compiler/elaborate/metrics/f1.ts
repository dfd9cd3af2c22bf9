/**
 * f1, precision, recall: of each class, then their mean over the classes that occur (macro). Tallies are the hits, the
 * answers and the targets of each class, [3, classes]. Where each output is a yes or no, outputs are classes.
 */
import type { NormalMetric } from "../../../schema/normal.js";
import type { Value } from "../../ir/types.js";
import type { Context } from "../context.js";
import { perEntry } from "../entries.js";
import { classOperands } from "./classes.js";
import type { MetricDefinition, MetricOperands } from "./metric.js";
import { comparedTargets } from "./number.js";

type Counted = Extract<NormalMetric, { type: "f1" | "precision" | "recall" }>;

/** 1 where an answer, or a target, is of a class: both [..., classes]. */
function memberships(metric: Counted, operands: MetricOperands, context: Context) {
  const { b } = context;
  if (operands.answers === "yes_or_no") {
    const targets = comparedTargets(metric, operands, context);
    const logits = (operands.wire.logits ?? operands.wire).value;
    return {
      given: b.cast(b.greater(logits, 0), "float32"),
      wanted: b.cast(b.greater(targets, 0.5), "float32"),
    };
  }
  const read = classOperands(metric, operands, context);
  return (
    read && {
      given: b.oneHot(b.argmax(read.scores, -1), read.classes),
      wanted: b.oneHot(read.wanted, read.classes),
    }
  );
}

function counted<K extends Counted["type"]>(type: K): MetricDefinition<Extract<Counted, { type: K }>> {
  return {
    name: () => type,
    finish: `macro_${type}`,
    elaborate(metric, operands, context) {
      const { b } = context;
      const members = memberships(metric, operands, context);
      if (members === undefined) return undefined;
      const mask = operands.live && perEntry(b, operands.live, members.given);
      const ofClass = (entries: Value): Value => {
        const live = mask === null ? entries : b.mul(entries, mask);
        return b.unsqueeze(b.sum(live, [...entries.type.shape.keys()].slice(0, -1)), [0]);
      };
      const hits = b.mul(members.given, members.wanted);
      return b.concat([ofClass(hits), ofClass(members.given), ofClass(members.wanted)], 0);
    },
  };
}

export const f1 = counted("f1");
export const precision = counted("precision");
export const recall = counted("recall");
