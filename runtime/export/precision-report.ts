/** The cost of reduced precision: size, difference of outputs, and metrics. */
import type { Precision } from "../../compiler/export/options.js";
import { evaluateRun } from "../evaluation/evaluate-run.js";
import type { SplitMetrics } from "../events.js";
import type { WeightsSelector } from "../run/open.js";
import type { Tensors } from "../tensors/safetensors.js";

export interface PrecisionReport {
  readonly precision: Exclude<Precision, "float32">;
  /** Bytes of the weights in float32 and as stored. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** The largest difference from the trained model's outputs; null for the generate form. */
  readonly difference: number | null;
  /** On the run's own data; null if it cannot be read. */
  readonly metrics: { readonly before: SplitMetrics; readonly after: SplitMetrics } | null;
}

/** Metrics of the run's weights and of other weights, on its own data. */
export async function compareMetrics(
  run: string,
  weights: WeightsSelector,
  parameters: Tensors,
): Promise<PrecisionReport["metrics"]> {
  const request = { run, data: null, split: null, weights, device: "cpu" } as const;
  const before = await evaluateRun(request);
  const after = before.ok ? await evaluateRun({ ...request, parameters }) : before;
  return before.ok && after.ok ? { before: before.value.metrics, after: after.value.metrics } : null;
}
