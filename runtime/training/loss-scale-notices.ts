/** What a training in float16 says: of the scale of its loss in its records, of updates that were left out, and where it is of no use. */
import type { NormalPrecision } from "../../schema/normal/index.js";
import type { TrainEvent } from "../events.js";
import type { Device } from "../sessions/session.js";
import type { LossScaleLog } from "./loss-scale.js";
import type { Trainer } from "./trainer.js";

/** What the record of a step says of it. */
export function lossScaleFields(
  lossScales: LossScaleLog | null,
  index: number,
): { loss_scale?: number; skipped?: true } {
  if (lossScales === null) return {};
  return {
    loss_scale: lossScales.scales[index] ?? 0,
    ...((lossScales.skipped[index] ?? 0) > 0 && { skipped: true as const }),
  };
}

/** What is said of float16 where it is of no use. */
export function float16Notices(precision: NormalPrecision, device: Device): readonly string[] {
  if (precision === "float32" || device !== "cpu") return [];
  return [
    "Processors have no arithmetic for float16: this training turns its numbers to and fro, and is slower than in float32.",
  ];
}

/** What is said when an update is left out for the first time; `first` is the step of the call's first update. */
export function skipNotice(firstStep: number, lossScales: LossScaleLog | null): TrainEvent | undefined {
  const index = lossScales?.skipped.findIndex((isSkipped) => isSkipped > 0) ?? -1;
  if (lossScales === null || index < 0) return undefined;
  const scale = (lossScales.scales[index] ?? 0).toLocaleString("en-US");
  const message = `The update of step ${firstStep + index} was left out: float16 could not hold its gradient at a loss scale of ${scale}, which is halved until it can. This is usual; steps without an update say "skipped" in the run's metrics.`;
  return { event: "notice", message };
}

/** Updates left out since the run began; undefined where none can be. Slots may lie on a device, and are asked for only where they say it. */
export async function skippedUpdates(
  precision: NormalPrecision,
  trainer: Pick<Trainer, "tensors">,
): Promise<number | undefined> {
  return precision === "float32" ? undefined : (await trainer.tensors("slot")).get("loss_scale/skipped")?.data[0];
}
