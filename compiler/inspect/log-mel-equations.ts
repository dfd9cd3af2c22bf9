/** The equations of a log_mel layer. */
import { frameOf } from "../../schema/kinds/windows.js";
import type { NormalLogMel } from "../../schema/normal/index.js";
import { frequencyCount } from "../elaborate/mel-spectrum.js";
import { type LayerEquations, type LayerShapes, line, withWidth } from "./equation-lines.js";

export function logMelEquations(layer: NormalLogMel, { output }: LayerShapes): LayerEquations {
  const { samples, hop, size } = frameOf(layer);
  const { bands, scale, low, sample_rate: rate } = layer;
  const frequencies = frequencyCount(size);
  return {
    equations: [
      line(`s[t] = |Fourier(w[k] · x[${hop === 1 ? "t" : `${hop} t`} + k])|²`, withWidth(output, frequencies)),
      ...logMelSteps(layer).map((equation) => line(equation, withWidth(output, bands))),
      ...deltaSteps(layer).map((equation) => line(equation, withWidth(output, bands))),
      ...(layer.deltas === 0
        ? []
        : [line(`y[t] = ${deltaNames(layer).join(", ")}, joined along the features`, output)]),
    ],
    notes: [
      `k = 0, …, ${samples - 1}; w[k] = 0.5 - 0.5 cos(2π k / ${samples}).`,
      `Fourier: a transform of ${size} samples, zeros past the frame.`,
      `M: ${bands} triangles on the mel scale (${scale}) from ${low} to ${layer.high ?? rate / 2} Hz.`,
      `The output has floor((n - ${samples}) / ${hop}) + 1 steps.`,
    ],
  };
}

/** Equations from the powers s[t] of the frequencies to the output. */
function logMelSteps({ floor, range, mean_normalization: level, deltas }: NormalLogMel): readonly string[] {
  const decibels = (count: number) => `${count} ln(10) / 10`;
  const steps = [`log(max(s[t] @ M, ${floor}))`];
  if (range !== null) steps.push(`max(p[t], max(p) - ${decibels(range)})`);
  if (level !== null) {
    const frames = `u with log(sum(s[u] @ M)) >= max over v of log(sum(s[v] @ M)) - ${decibels(level)}`;
    const before = range === null ? "p" : "q";
    steps.push(`${before}[t] - mean of ${before}[u] over ${frames}`);
  }
  const last = deltas === 0 ? "y" : "c";
  return steps.map((step, index) => `${index === steps.length - 1 ? last : (["p", "q"][index] ?? "")}[t] = ${step}`);
}

/** The features and their deltas. */
function deltaNames({ deltas }: NormalLogMel): readonly string[] {
  return ["c[t]", "d[t]", "e[t]"].slice(0, deltas + 1);
}

function deltaSteps({ deltas }: NormalLogMel): readonly string[] {
  const slope = (name: string, of: string) =>
    `${name}[t] = (${of}[t + 1] - ${of}[t - 1] + 2 (${of}[t + 2] - ${of}[t - 2])) / 10`;
  return [slope("d", "c"), slope("e", "d")].slice(0, deltas);
}
