/** Options of a layer that uses the weights of another one. */
import { isGated } from "./draw-values.mjs";

/** The keys that the parameters of a layer depend on. */
const keys = {
  conv1d: ["size", "kernel_size", "groups", "bias"],
  layer_norm: ["gain", "shift"],
  rms_norm: ["gain"],
  group_norm: ["gain", "shift", "groups"],
  batch_norm: ["gain", "shift"],
  position: ["type", "length"],
  attention: ["heads", "head_size", "key_value_heads", "bias", "score", "size"],
};

/** Layers without parameters. */
const isEmpty = ({ type, gain, shift, score }) =>
  type === "sinusoidal" || (gain === false && shift !== true) || score === "dot";

/** @param twin the other layer; undefined for none. */
export function sharedOptions(twin) {
  if (twin === undefined || isEmpty(twin) || isGated(twin.activation)) return {};
  return { ...Object.fromEntries(keys[twin.layer].map((key) => [key, twin[key]])), weights: twin.name };
}
