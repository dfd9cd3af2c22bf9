/** The scale of the loss of a training in float16, as sessions report it: that of each step, and which updates were left out. */
import type { InferenceSession } from "onnxruntime-common";
import type { Port } from "../compiler/artifact.js";
import { floatsOf } from "./tensors.js";

/** One number for each update of a call. */
export interface Scaling {
  readonly scales: Float32Array;
  /** 1 where the update was left out, else 0. */
  readonly skipped: Float32Array;
}

/** Reads it from what a session gave; null where the loss has no scale that changes. */
export function scalingOf(ports: readonly Port[], outputs: InferenceSession.OnnxValueMapType): Scaling | null {
  const [scale, skipped] = (["loss_scale", "skipped"] as const).map((role) => ports.find((port) => port.role === role));
  if (scale === undefined || skipped === undefined) return null;
  return { scales: floatsOf(outputs, scale), skipped: floatsOf(outputs, skipped) };
}

/** That of several calls, one after the other. */
export function joined(parts: readonly (Scaling | null)[]): Scaling | null {
  const all = parts.filter((part) => part !== null);
  if (all.length === 0) return null;
  const whole = (of: (part: Scaling) => Float32Array) => Float32Array.from(all.flatMap((part) => [...of(part)]));
  return { scales: whole(({ scales }) => scales), skipped: whole(({ skipped }) => skipped) };
}
