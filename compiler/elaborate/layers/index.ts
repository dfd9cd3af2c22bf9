/** The kinds of layer, by their name in specs. */
import type { NormalLayer } from "../../../schema/normal/index.js";
import type { CombiningDefinition, LayerDefinition } from "../context.js";
import { activation } from "./activation.js";
import { attention } from "./attention/index.js";
import { batchNorm } from "./batch-norm.js";
import { combine } from "./combine.js";
import { conv1d } from "./conv1d.js";
import { custom } from "./custom.js";
import { cycle } from "./cycle.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { embedding } from "./embedding.js";
import { equationLayer } from "./equations.js";
import { groupNorm } from "./group-norm.js";

import { logMel } from "./log-mel.js";
import { oneHot } from "./one-hot.js";
import { onnx } from "./onnx/index.js";
import { pool } from "./pool.js";
import { position } from "./position.js";
import { rnn } from "./rnn/index.js";
import { specAugment } from "./spec-augment.js";

type Kind = NormalLayer["layer"];
type LayerOf<K extends Kind> = Extract<NormalLayer, { readonly layer: K }>;

export const layers: { readonly [K in Kind]: LayerDefinition<LayerOf<K>> | CombiningDefinition<LayerOf<K>> } = {
  one_hot: oneHot,
  cycle,
  embedding,
  rnn,
  dense,
  projection: dense,
  activation,
  layer_norm: equationLayer,
  rms_norm: equationLayer,
  group_norm: groupNorm,
  batch_norm: batchNorm,
  dropout,
  spec_augment: specAugment,
  conv1d,
  log_mel: logMel,
  pool,
  concat: combine,
  add: combine,
  multiply: combine,
  position,
  attention,
  custom,
  onnx,
};
