/** The scale of the loss of a training in float16, as sessions report it: that of each step, and which updates were left out. */
import type { InferenceSession } from "onnxruntime-common";
import type { Port } from "../../compiler/artifact.js";
import { floatsOf } from "../tensors/ort.js";

/** One number for each update of a call. */
export interface LossScaleLog {
  readonly scales: Float32Array;
  /** 1 where the update was left out, else 0. */
  readonly skipped: Float32Array;
}

/** Reads it from what a session gave; null where the loss has no scale that changes. */
export function readLossScales(
  ports: readonly Port[],
  outputs: InferenceSession.OnnxValueMapType,
): LossScaleLog | null {
  const [scale, skipped] = (["loss_scale", "skipped"] as const).map((role) => ports.find((port) => port.role === role));
  if (scale === undefined || skipped === undefined) return null;
  return { scales: floatsOf(outputs, scale), skipped: floatsOf(outputs, skipped) };
}

/** That of several calls, one after the other. */
export function concatenateLossScales(logs: readonly (LossScaleLog | null)[]): LossScaleLog | null {
  const present = logs.filter((log) => log !== null);
  if (present.length === 0) return null;
  const concatenate = (select: (log: LossScaleLog) => Float32Array) =>
    Float32Array.from(present.flatMap((log) => [...select(log)]));
  return { scales: concatenate(({ scales }) => scales), skipped: concatenate(({ skipped }) => skipped) };
}
