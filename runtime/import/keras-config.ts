/** The configuration of a Keras model (`config.json` of .keras, `model_config` of .h5) as a list of layers with weights. */
import type { ForeignLayer } from "./foreign-weights.js";

export type KerasOptions = Readonly<Record<string, unknown>>;

/** A layer, or one cell of a stack, that may have weights. */
export interface KerasLayerConfig {
  /** Names in the author's code: the layer's, and that of the wrapper around it. */
  readonly names: readonly string[];
  /** The path of its weights in a Keras 3 file, by its class and those of its parents. */
  readonly path: string;
  readonly className: string;
  readonly options: KerasOptions;
  /** The options of the second direction, and the combination of both outputs. */
  readonly backward?: { readonly options: KerasOptions; readonly mergeMode: unknown };
}

export interface KerasConfig {
  readonly layers: readonly KerasLayerConfig[];
  /** Layers without weights that change values, as `name (class)`. */
  readonly operations: readonly string[];
}

interface StoredObject {
  readonly className: string;
  readonly options: KerasOptions;
}

/** Classes with weights that rnnx imports. Others have weights that no layer of rnnx has, or none. */
const weightedClasses: ReadonlySet<string> = new Set([
  ...["SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU", "SimpleRNNCell", "LSTMCell", "GRUCell"],
  ...["Embedding", "Dense", "Conv1D", "MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention"],
  ...["LayerNormalization", "RMSNormalization", "GroupNormalization", "BatchNormalization"],
]);

/** Classes that do not change values in inference. */
const inertClasses: ReadonlySet<string> = new Set([
  ...["InputLayer", "Dropout", "SpatialDropout1D", "AlphaDropout", "GaussianDropout", "GaussianNoise"],
  ...["ActivityRegularization", "Identity"],
]);

/** Undefined for a text that contains no model: `{}`, or the configuration of a class without layers. */
export function parseKerasConfig(text: string): KerasConfig | undefined {
  let root: StoredObject | undefined;
  try {
    root = storedObject(JSON.parse(text));
  } catch {
    return undefined;
  }
  if (root === undefined) return undefined;
  const layers: KerasLayerConfig[] = [];
  const operations: string[] = [];
  const addLayers = (list: readonly unknown[], path: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const entry of list) {
      const object = storedObject(entry);
      if (object === undefined) continue;
      const options = { ...object.options, ...callOptions(entry) };
      const base = snakeCase(object.className);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      add({ ...object, options }, [...path, count === 0 ? base : `${base}_${count}`], []);
    }
  };
  const add = ({ className, options }: StoredObject, path: readonly string[], outerNames: readonly string[]) => {
    const names = [...outerNames, ...(typeof options.name === "string" ? [options.name] : [])];
    const layer = { names, path: path.join("/") };
    const inner = storedObject(options.layer);
    if (Array.isArray(options.layers)) addLayers(options.layers, path);
    else if (className === "Bidirectional" && inner !== undefined) {
      const backward = storedObject(options.backward_layer)?.options ?? reversed(inner.options);
      layers.push({ ...layer, ...inner, backward: { options: backward, mergeMode: options.merge_mode } });
    } else if (className === "TimeDistributed" && inner !== undefined) add(inner, [...path, "layer"], names);
    else if (className === "RNN") addCells(options, layer);
    else if (weightedClasses.has(className)) layers.push({ ...layer, className, options });
    else if (!inertClasses.has(className)) operations.push(`${names.at(-1) ?? layer.path} (${className})`);
  };
  /** A layer around cells: the wrapper reads the sequence, the cells compute. */
  const addCells = ({ cell, ...wrapper }: KerasOptions, layer: Pick<KerasLayerConfig, "names" | "path">) => {
    const object = storedObject(cell);
    const stack = object?.options.cells;
    const cells = Array.isArray(stack) ? stack.map(storedObject) : [object];
    const counts = new Map<string, number>();
    for (const entry of cells) {
      if (entry === undefined) continue;
      const base = snakeCase(entry.className);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      const path = Array.isArray(stack) ? `${layer.path}/cells/${base}${count === 0 ? "" : `_${count}`}` : layer.path;
      layers.push({ ...layer, path, className: entry.className, options: { ...wrapper, ...entry.options } });
    }
  };
  const children = root.options.layers;
  if (!Array.isArray(children)) return undefined;
  addLayers(children, []);
  return { layers, operations };
}

/** Options of attention that are arguments of its calls, in the connections of the layer; absent without connections. */
function callOptions(entry: unknown): KerasOptions {
  if (!isRecord(entry) || !/Attention$/.test(String(entry.class_name))) return {};
  const { inbound_nodes: nodes } = entry;
  if (!Array.isArray(nodes) || nodes.length === 0) return {};
  const isGiven = (value: unknown, key: string): boolean =>
    Array.isArray(value)
      ? value.some((item) => isGiven(item, key))
      : isRecord(value) &&
        Object.entries(value).some(([name, item]) =>
          name === key ? item !== null && item !== false : isGiven(item, key),
        );
  return {
    use_causal_mask: isGiven(nodes, "use_causal_mask"),
    attention_mask: isGiven(nodes, "attention_mask"),
  };
}

const reversed = (options: KerasOptions): KerasOptions => ({
  ...options,
  go_backwards: options.go_backwards !== true,
});

/** Old files have a list of layers in place of a model's options. */
function storedObject(value: unknown): StoredObject | undefined {
  if (!isRecord(value) || typeof value.class_name !== "string") return undefined;
  const options = Array.isArray(value.config) ? { layers: value.config } : value.config;
  return isRecord(options) ? { className: classNameOf(value.class_name, value), options } : undefined;
}

/** The author's own classes have a package in their registered name, or their own module. */
function classNameOf(className: string, { registered_name, module }: KerasOptions): string {
  if (typeof registered_name === "string" && registered_name.includes(">")) return registered_name;
  return typeof module === "string" && !/^(?:tf_)?keras\b/.test(module) ? `${module}>${className}` : className;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As Keras names the groups of a class: `SimpleRNN` is `simple_rnn`. */
function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * The configuration of each layer of a file; layers without one are absent.
 *
 * Groups of a Keras 3 file are named by class, and only newer files have the author's names too, so a name that equals
 * the group's is looked up by path first. Layers of one name are the cells of a stack, in order.
 */
export function configsOf(
  { layers }: KerasConfig,
  foreignLayers: readonly ForeignLayer[],
): ReadonlyMap<ForeignLayer, KerasLayerConfig> {
  const configs = new Map<ForeignLayer, KerasLayerConfig>();
  for (const foreignLayer of foreignLayers) {
    const { name, layerName } = foreignLayer;
    const isGroupName = layerName === name.split("/").at(-1) || layerName === "";
    const sameName = foreignLayers.filter((other) => other.layerName === layerName);
    const byName = layers.filter(({ names }) => names.includes(layerName));
    const named = byName.length === sameName.length ? byName[sameName.indexOf(foreignLayer)] : undefined;
    const atPath = layers.find(({ path }) => path === name);
    const config = isGroupName ? (atPath ?? named) : (named ?? atPath);
    if (config !== undefined) configs.set(foreignLayer, config);
  }
  return configs;
}
