/** Layers that read later steps of the sequence whose next steps are the targets: such a model can copy its targets. */
import type { NormalLayer, NormalSpec } from "../normal/index.js";
import { laterStepsOf, outputIsSequence, outputTimeAxis } from "./layers.js";
import { outputsOf } from "./outputs.js";

/**
 * The first layer that reads targets among the inputs, and the setting without them; undefined for a model without one.
 * The target of a step is a later step in text, in tables with a target for every step, and in the second sequence of
 * pairs.
 */
export function targetsAmongInputs({
  model,
  data,
  losses,
}: Pick<NormalSpec, "model" | "data" | "losses">):
  | { readonly layer: NormalLayer; readonly setting: string }
  | undefined {
  const isShifted = data.type === "text" || (data.type === "table" && data.window !== null) || data.type === "pairs";
  if (!isShifted) return undefined;
  const hasTargets = (name: string): boolean => {
    const index = model.findIndex((layer) => layer.name === name);
    const origin = index < 0 ? name : outputTimeAxis(model.slice(0, index + 1), (input) => input);
    return origin !== undefined && (data.type !== "pairs" || origin === "decoder_inputs");
  };
  const perStep = outputsOf({ losses, model }).filter(
    (output) => output.loss.type !== "ctc" && outputIsSequence(output.model),
  );
  for (const layer of perStep.flatMap((output) => output.model)) {
    const later = laterStepsOf(layer);
    if (later !== undefined && hasTargets(layer.from.at(-1) ?? "inputs")) return { layer, setting: later.setting };
  }
  return undefined;
}
