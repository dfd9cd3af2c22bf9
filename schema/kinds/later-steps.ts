/** Layers that read later steps of the sequence whose next steps are the targets: such a model can copy its targets. */
import type { NormalLayer, NormalSpec } from "../normal/index.js";
import { outputIsSequence, outputTimeAxis } from "./layers.js";

/** A layer that reads later steps, and the setting without them. */
export interface LaterSteps {
  readonly layer: NormalLayer;
  readonly setting: string;
}

/**
 * The first layer that reads targets among the inputs; undefined for a model without one. The target of a step is a
 * later step in text, in tables with a target for every step, and in the second sequence of pairs.
 */
export function targetsAmongInputs({
  model,
  data,
  loss,
}: Pick<NormalSpec, "model" | "data" | "loss">): LaterSteps | undefined {
  const isShifted = data.type === "text" || data.type === "table" || data.type === "pairs";
  if (!isShifted || loss.type === "ctc" || !outputIsSequence(model)) return undefined;
  const hasTargets = (name: string): boolean => {
    const index = model.findIndex((layer) => layer.name === name);
    const origin = index < 0 ? name : outputTimeAxis(model.slice(0, index + 1), (input) => input);
    return origin !== undefined && (data.type !== "pairs" || origin === "decoder_inputs");
  };
  for (const layer of model) {
    const setting = settingWithoutLaterSteps(layer);
    if (setting !== undefined && hasTargets(layer.from.at(-1) ?? "inputs")) return { layer, setting };
  }
  return undefined;
}

function settingWithoutLaterSteps(layer: NormalLayer): string | undefined {
  switch (layer.layer) {
    case "conv1d":
      return layer.kernel_size === 1 || layer.padding === "causal" ? undefined : '"padding": "causal"';
    case "rnn":
      return layer.cells.every(({ bidirectional }) => bidirectional === "none") ? undefined : '"bidirectional": "none"';
    case "attention":
      return layer.causal ? undefined : '"causal": true';
    default:
      return undefined;
  }
}
