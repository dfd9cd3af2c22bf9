/** What a loss and its metrics read, and what a loss is worth. */
import type { Value } from "../../ir/types.js";
import type { Wire } from "../wire.js";

/** What a loss compares. Sequences are time-major. */
export interface LossOperands {
  /** The last layer's output. */
  readonly wire: Wire;
  /** Class ids, or numbers of the output's shape. */
  readonly targets: Value;
  /** The data's factors of each step's loss, [time, batch] (or [batch]); null for all ones. */
  readonly weights: Value | null;
  /** 1 at live steps and 0 past the lengths, [time, batch]; null where all are live. */
  readonly mask: Value | null;
}

export interface LossValue {
  /** What the loss is worth, as its definition gives it. Not a scalar where an average is switched off: then batch-major. */
  readonly value: Value;
  /** Sum and count over the batch, scalars: over several batches the loss is the sum of sums by the sum of counts. */
  readonly total: Value;
  readonly count: Value;
  /**
   * How the loss of a batch follows from its parts: `mean`, sum of totals by sum of counts; `sum`, the totals add up;
   * `whole`, the parts do not say.
   */
  readonly batching: "mean" | "sum" | "whole";
}
