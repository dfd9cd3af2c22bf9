/** The metrics that a run watches: each must be one that the model is measured by. */
import type { NormalSpec } from "../../schema/normal.js";
import { nearest } from "../../schema/wording.js";
import type { Context } from "./context.js";

/** Reports watched metrics that are not among `measured`. */
export function checkWatched(
  { loss, optimizer, train }: NormalSpec,
  measured: readonly string[],
  { problem }: Context,
): void {
  const { early_stopping, keep_best } = train;
  // Where the spec does not say what to keep, it is what early_stopping watches.
  const kept = keep_best?.metric === early_stopping?.metric ? null : keep_best;
  const plateau = optimizer.schedule.type === "plateau" ? optimizer.schedule : null;
  for (const part of [early_stopping, kept, plateau]) {
    if (part === null || measured.includes(part.metric)) continue;
    const meant = nearest(part.metric, measured);
    problem({
      part,
      key: "metric",
      code: "unknown-metric",
      message: `This model has no metric "${part.metric}".`,
      hint: meant === undefined ? `With ${loss.type} it has ${measured.join(", ")}.` : `Did you mean "${meant}"?`,
    });
  }
}
