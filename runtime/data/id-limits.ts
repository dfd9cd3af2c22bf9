/** Limits of the token ids that a model looks up: beyond them there is no row of its table, nor a one-hot vector. */
import { type Signature, vocabularySize } from "../../compiler/signature.js";
import { vocabularyOf } from "../../schema/kinds/layers.js";
import type { NormalSpec } from "../../schema/normal/index.js";

export interface IdLimit {
  /** The name of the layer that looks the ids up. */
  readonly layer: string;
  /** The number of ids, from 0. */
  readonly size: number;
}

/** The limit of each data input of token ids, by its port; the smallest where several layers read it. */
export function idLimits(
  { model }: Pick<NormalSpec, "model">,
  { sizes, main_input }: Pick<Signature, "sizes" | "main_input">,
): ReadonlyMap<string, IdLimit> {
  const limits = new Map<string, IdLimit>();
  for (const [index, layer] of model.entries()) {
    const named = vocabularyOf(layer)?.size;
    const [source = ""] = layer.from;
    const ofInput = named === "vocabulary" ? sizes[vocabularySize(source)] : undefined;
    const size = ofInput ?? (typeof named === "string" ? sizes[named] : named);
    if (typeof size !== "number") continue;
    for (const source of layer.from) {
      // A layer may have the name of the input that it reads.
      if (model.slice(0, index).some(({ name }) => name === source)) continue;
      const port = source === main_input ? "inputs" : source;
      const known = limits.get(port);
      if (known === undefined || size < known.size) limits.set(port, { layer: layer.name, size });
    }
  }
  return limits;
}

/** The hint for an id beyond a limit. */
export function limitHint({ layer, size }: IdLimit): string {
  return `Layer "${layer}" has size ${size}, so the largest index is ${size - 1}.`;
}
