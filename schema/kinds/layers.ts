/** Facts of layers: streaming, the time axis of their output, and the number of token ids that they read. */
import type { NormalLayer, Size } from "../normal/index.js";
import { layerFacts } from "./data.js";

interface LayerFacts {
  /** True if the layer can process a sequence step by step, given its states. */
  readonly streaming: boolean;
  /** True if the output has the time axis of the layer's first input. */
  readonly timeAxis: "kept" | "reduced";
  /** The key that holds the number of ids, for a layer that reads token ids. */
  readonly vocabulary?: string;
}

const facts: { readonly [K in NormalLayer["layer"]]: LayerFacts } = layerFacts;

/** The reason why a model cannot process a sequence step by step; undefined where it can. */
export function whyNotStreamable(model: readonly NormalLayer[]): string | undefined {
  return model.map(whyLayerNotStreamable).find((reason) => reason !== undefined);
}

function whyLayerNotStreamable(layer: NormalLayer): string | undefined {
  if (!facts[layer.layer].streaming) return `${layer.name} needs the whole sequence`;
  if (layer.layer !== "rnn") return undefined;
  if (layer.cells.some(({ bidirectional }) => bidirectional !== "none"))
    return `${layer.name} reads the sequence backward`;
  return layer.initial_state === "zeros" || layer.initial_state === "learned"
    ? undefined
    : `${layer.name} starts from the final state of ${layer.initial_state}`;
}

/** True if the model's output has one row for each time step, and not one for each sequence. */
export function outputIsSequence(model: readonly NormalLayer[]): boolean {
  const last = model.at(-1);
  return last === undefined || keepsTimeAxis(model, last);
}

/** Layers read only those before them; an input of the data is a sequence. */
function keepsTimeAxis(model: readonly NormalLayer[], layer: NormalLayer): boolean {
  if (facts[layer.layer].timeAxis === "reduced" || (layer.layer === "rnn" && layer.return !== "sequence")) return false;
  const earlier = model.slice(0, model.indexOf(layer));
  const source = earlier.find(({ name }) => name === layer.from[0]);
  return source === undefined || keepsTimeAxis(earlier, source);
}

/** The number of token ids that a layer reads, with its key; undefined for a layer that reads numbers. */
export function vocabularyOf(layer: NormalLayer): { readonly key: string; readonly size: Size } | undefined {
  const key = facts[layer.layer].vocabulary;
  return key === undefined ? undefined : { key, size: layer[key as keyof NormalLayer] as Size };
}
