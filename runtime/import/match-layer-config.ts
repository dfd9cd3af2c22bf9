/** Comparisons of the options of Keras's convolutions, attention and normalizing layers with those of the spec's layer. */
import type { NormalLayer } from "../../schema/normal/index.js";
import { type Compare, type ConfigDifference, lowerFirst, textOf, weightsHint } from "./config-difference.js";
import type { KerasLayerConfig } from "./keras-config.js";

type Difference = (property: string, own: string, hint: string) => ConfigDifference;
type Comparisons = Readonly<Record<string, Compare>>;

/** The kind of layer that a class of Keras is; undefined for a cell. */
export function kindOfClass({ className, options }: KerasLayerConfig): string | undefined {
  return className === "LayerNormalization" && options.rms_scaling === true ? "rms_norm" : classes[className];
}

const classes: Readonly<Record<string, NormalLayer["layer"]>> = {
  Embedding: "embedding",
  Dense: "dense",
  Conv1D: "conv1d",
  MultiHeadAttention: "attention",
  GroupQueryAttention: "attention",
  GroupedQueryAttention: "attention",
  LayerNormalization: "layer_norm",
  RMSNormalization: "rms_norm",
  GroupNormalization: "group_norm",
  BatchNormalization: "batch_norm",
};

/** Comparisons by option of Keras; undefined for other layers. */
export function layerComparisons(layer: NormalLayer, difference: Difference): Comparisons | undefined {
  const { name } = layer;
  /** Options of one number, which Keras may store as a list, equal to a key of the layer. */
  const equalTo =
    (option: string, key: string, own: unknown): Compare =>
    (value) => {
      const stored = Array.isArray(value) && value.length === 1 ? value[0] : value;
      if (stored === own) return undefined;
      const hint = `Write "${key}": ${JSON.stringify(stored)} in layer ${name}.`;
      return difference(`its ${option} is ${textOf(stored)}`, `the layer ${name} has ${key} ${textOf(own)}`, hint);
    };
  /** Options for which the layer has one value only. */
  const only =
    (option: string, ...values: readonly unknown[]): Compare =>
    (value) => {
      const stored = Array.isArray(value) && value.length === 1 ? value[0] : value;
      if (values.includes(stored)) return undefined;
      return difference(`its ${option} is ${textOf(stored)}`, `that of ${name} is ${textOf(values[0])}`, weightsHint);
    };
  const normalization = {
    // Of [batch, time, features]; old files have the last axis by its number.
    axis: only("axis", -1, 2),
  };
  switch (layer.layer) {
    case "conv1d":
      return {
        strides: equalTo("strides", "stride", layer.stride),
        dilation_rate: equalTo("dilation_rate", "dilation", layer.dilation),
        groups: equalTo("groups", "groups", layer.groups),
        data_format: only("data_format", "channels_last"),
        padding: (value) =>
          value === "same" && layer.padding === "same" && layer.stride > 1
            ? difference(
                `its padding is same with strides ${layer.stride}`,
                `that of ${name} does not depend on the number of steps`,
                `Use "valid" or "causal" in both, or ${lowerFirst(weightsHint)}`,
              )
            : equalTo("padding", "padding", layer.padding)(value),
      };
    case "attention": {
      const { heads, key_value_heads, causal } = layer;
      const ownOption = (["rotary", "alibi", "window"] as const).find(
        (key) => layer[key] !== false && layer[key] !== null,
      );
      // A layer of Keras has no such option, but its number of heads.
      const equalHeads =
        (option: string): Compare =>
        (value) =>
          ownOption === undefined
            ? equalTo(option, "heads", heads)(value)
            : difference("it has no such option", `${name} has ${ownOption}`, `Remove "${ownOption}".`);
      return {
        num_heads: equalHeads("num_heads"),
        num_query_heads: equalHeads("num_query_heads"),
        num_key_value_heads: equalTo("num_key_value_heads", "key_value_heads", key_value_heads ?? heads),
        attention_axes: only("attention_axes", 1, null),
        use_causal_mask: equalTo("use_causal_mask", "causal", causal),
      };
    }
    case "layer_norm":
      return {
        ...normalization,
        epsilon: equalTo("epsilon", "epsilon", layer.epsilon),
        scale: equalTo("scale", "gain", layer.gain),
        center: equalTo("center", "shift", layer.shift),
      };
    case "rms_norm":
      return {
        ...normalization,
        epsilon: equalTo("epsilon", "epsilon", layer.epsilon),
        scale: equalTo("scale", "gain", layer.gain),
        center: () => undefined,
        rms_scaling: () => undefined,
      };
    case "group_norm":
      return {
        ...normalization,
        epsilon: equalTo("epsilon", "epsilon", layer.epsilon),
        groups: equalTo("groups", "groups", layer.groups),
        scale: equalTo("scale", "gain", layer.gain),
        center: equalTo("center", "shift", layer.shift),
      };
    case "batch_norm":
      return {
        ...normalization,
        epsilon: equalTo("epsilon", "epsilon", layer.epsilon),
        scale: equalTo("scale", "gain", layer.gain),
        center: equalTo("center", "shift", layer.shift),
      };
    default:
      return undefined;
  }
}
