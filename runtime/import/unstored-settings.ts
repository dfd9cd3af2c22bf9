/** A notice of settings of layers that a file of weights alone does not have: those of the spec hold. */
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import type { LayerPair } from "./match-state.js";

/** The keys that change the outputs of a layer, but no shape of its parameters. */
const unstoredKeys: Readonly<Partial<Record<NormalLayer["layer"], readonly string[]>>> = {
  attention: ["heads", "causal", "window", "rotary", "alibi"],
  conv1d: ["stride", "dilation", "padding", "activation"],
  layer_norm: ["epsilon"],
  rms_norm: ["epsilon"],
  group_norm: ["groups", "epsilon"],
  batch_norm: ["epsilon"],
};

/** No notice, or one, in which equal layers are listed once. */
export function unstoredSettings(pairs: readonly LayerPair[], { model }: NormalSpec): readonly string[] {
  const settings = pairs.flatMap(({ modelLayer }) => {
    const layer = model.find(({ name }) => name === modelLayer.layerName);
    const keys = (layer && unstoredKeys[layer.layer]) ?? [];
    const values = keys.flatMap((key) => {
      const value: unknown = layer?.[key as keyof NormalLayer];
      return value === null || value === false || value === "none" ? [] : [`${key} ${value}`];
    });
    return values.length === 0 ? [] : [`${layer?.layer} with ${values.join(", ")}`];
  });
  if (settings.length === 0) return [];
  return [`The file does not store these settings, which are those of the spec: ${[...new Set(settings)].join("; ")}.`];
}
