/** The dynamic loss scale of float16 training: its values, the updates that it skipped, and the notices about both. */

import type { Port } from "../../compiler/artifact.js";
import type { NormalPrecision } from "../../schema/normal/index.js";
import type { TrainEvent } from "../events.js";
import { formatInteger } from "../format.js";
import type { Feeds } from "../sessions/runner.js";
import { floatsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";

/** One number for each update of a call. */
export interface LossScaleLog {
  readonly scales: Float32Array;
  /** 1 where the update was skipped, else 0. */
  readonly skipped: Float32Array;
}

/** Null where the loss has no dynamic scale. */
export function readLossScales(ports: readonly Port[], outputs: Feeds): LossScaleLog | null {
  const [scale, skipped] = (["loss_scale", "skipped"] as const).map((role) => ports.find((port) => port.role === role));
  if (scale === undefined || skipped === undefined) return null;
  return { scales: floatsOf(outputs, scale), skipped: floatsOf(outputs, skipped) };
}

/** The logs of consecutive calls as that of one. */
export function concatenateLossScales(logs: readonly (LossScaleLog | null)[]): LossScaleLog | null {
  const present = logs.filter((log) => log !== null);
  if (present.length === 0) return null;
  const concatenate = (valuesOf: (log: LossScaleLog) => Float32Array) =>
    Float32Array.from(present.flatMap((log) => [...valuesOf(log)]));
  return { scales: concatenate(({ scales }) => scales), skipped: concatenate(({ skipped }) => skipped) };
}

/** The members of a step's record. */
export function lossScaleFields(log: LossScaleLog | null, index: number): { loss_scale?: number; skipped?: true } {
  if (log === null) return {};
  const isSkipped = (log.skipped[index] ?? 0) > 0;
  return { loss_scale: log.scales[index] ?? 0, ...(isSkipped && { skipped: true as const }) };
}

export function float16Notices(precision: NormalPrecision, device: string): readonly string[] {
  if (precision === "float32" || device !== "cpu") return [];
  return [
    "float16 is emulated on the CPU and slower than float32. Use --device cuda or webgpu, or remove train.precision.",
  ];
}

/** The notice of the first skipped update of a call; undefined where none was skipped. */
export function skipNotice(firstStep: number, log: LossScaleLog | null): TrainEvent | undefined {
  const index = log?.skipped.findIndex((isSkipped) => isSkipped > 0) ?? -1;
  if (log === null || index < 0) return undefined;
  const scale = formatInteger(log.scales[index] ?? 0);
  const message = `Step ${formatInteger(firstStep + index)} made no update: its float16 gradient was not finite at a loss scale of ${scale}, which is halved until it is. This is usual; metrics.jsonl marks such steps as "skipped".`;
  return { event: "notice", message };
}

/** Updates skipped since the run began; undefined in float32, where none can be. */
export async function skippedUpdates(
  precision: NormalPrecision,
  trainer: { tensors(role: "slot"): Promise<Tensors> },
): Promise<number | undefined> {
  return precision === "float32" ? undefined : (await trainer.tensors("slot")).get("loss_scale/skipped")?.data[0];
}
