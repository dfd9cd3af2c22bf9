/** The layer kinds, by the word that specs use. */
import type { NormalLayer } from "../../../schema/normal.js";
import type { LayerDefinition } from "../context.js";
import { dense } from "./dense.js";
import { embedding } from "./embedding.js";
import { oneHot } from "./one-hot.js";
import { rnn } from "./rnn.js";

export const layers: { readonly [K in NormalLayer["layer"]]: LayerDefinition<Extract<NormalLayer, { layer: K }>> } = {
  one_hot: oneHot,
  embedding,
  rnn,
  dense,
  projection: dense,
};
