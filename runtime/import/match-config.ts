/**
 * Comparison of a Keras layer's configuration with the spec's layer. Every option is known to have no effect on the
 * outputs or on the loaded weights, or is compared, or is refused by its name.
 */
import { activationNotation } from "../../schema/kinds/activation-notation.js";
import type { ActivationName, ActivationUse, NormalCell, NormalSpec } from "../../schema/normal/index.js";
import { type Compare, type ConfigDifference, lowerFirst, textOf, weightsHint } from "./config-difference.js";
import { isRecord, type KerasLayerConfig, type KerasOptions } from "./keras-config.js";
import { kindOfClass, layerComparisons } from "./match-layer-config.js";
import type { ModelLayer } from "./model-layers.js";

/** Shapes, names, initialization, training and speed: without effect on outputs of the loaded weights. */
const irrelevantOptions: ReadonlySet<string> = new Set([
  ...["name", "trainable", "dtype", "autocast", "batch_input_shape", "batch_shape", "build_config", "registered_name"],
  ...["filters", "kernel_size", "key_dim", "value_dim", "head_dim", "momentum", "renorm_momentum"],
  ...["units", "input_dim", "output_dim", "input_length", "input_shape", "seed", "use_bias"],
  ...["unit_forget_bias", "implementation", "unroll", "use_cudnn", "time_major", "return_state"],
  ...["dropout", "recurrent_dropout", "zero_output_for_mask", "sparse"],
]);
/** Initial values, penalties and constraints act in training, which the spec defines. */
const trainingOption = /(?:^|_)(?:initializer|regularizer|constraint)$/;

const kerasCells: Readonly<Record<string, string>> = {
  SimpleRNN: "rnn",
  SimpleRNNCell: "rnn",
  LSTM: "lstm",
  LSTMCell: "lstm",
  CuDNNLSTM: "lstm",
  GRU: "gru",
  GRUCell: "gru",
  CuDNNGRU: "gru",
};
const mergeModes: Readonly<Record<string, string>> = { concat: "concat", sum: "sum", mul: "mul", ave: "mean" };

/** The differences between a layer of the file and the spec's layer that gets its weights. */
export function configDifferences(
  config: KerasLayerConfig,
  { name, layerName, kind }: ModelLayer,
  { model, data }: NormalSpec,
): readonly ConfigDifference[] {
  const layer = model.find((candidate) => candidate.name === layerName);
  if (layer === undefined) return [];
  const kerasName = config.names.at(0) ?? config.path;
  const difference = (property: string, own: string, hint: string): ConfigDifference => ({
    message: `${kerasName} of the Keras file: ${property}; ${own}.`,
    hint,
  });
  const option =
    (key: string, expected: unknown, own: string, hint: string): Compare =>
    (value) =>
      value === expected ? undefined : difference(`its ${key} is ${textOf(value)}`, own, hint);
  const compareActivation =
    (key: string, expected: string, own: string, hintFor: (activation: string) => string): Compare =>
    (value) => {
      const activation = activationOf(value);
      return activation === expected ? undefined : difference(`its ${key} is ${activation}`, own, hintFor(activation));
    };
  const compare = (options: KerasOptions, comparisons: Readonly<Record<string, Compare>>) =>
    Object.entries(options).flatMap(([key, value]) => {
      if (irrelevantOptions.has(key) || trainingOption.test(key)) return [];
      const comparison = comparisons[key];
      if (comparison !== undefined) return comparison(value) ?? [];
      if (value === null || value === false) return [];
      return difference(`its ${key} is ${textOf(value)}`, "rnnx does not know that option", weightsHint);
    });

  const compareOwnActivation = (given: ActivationUse): Compare => {
    const activation = activationNotation(given);
    const own = `the layer ${layerName} has ${activation}`;
    return (value) => {
      const stored = activationOf(value);
      const equal = kerasActivations.get(stored);
      if (equal === activation) return undefined;
      const hint = equal === undefined ? weightsHint : `Write "activation": "${equal}" in layer ${layerName}.`;
      return difference(`its activation is ${stored}`, own, hint);
    };
  };
  if (kind !== "cell") {
    const kerasKind = kindOfClass(config);
    const isSame = kerasKind === kind || (kerasKind === "embedding" && kind === "position");
    if (!isSame) return [difference(`its class is ${config.className}`, `${name} is a ${kind} layer`, weightsHint)];
  }
  if (layer.layer === "dense" || layer.layer === "projection")
    return compare(config.options, { activation: compareOwnActivation(layer.activation) });
  const comparisons = layerComparisons(layer, difference);
  if (comparisons !== undefined)
    return compare(
      config.options,
      layer.layer === "conv1d" ? { ...comparisons, activation: compareOwnActivation(layer.activation) } : comparisons,
    );
  if (kind === "embedding") {
    const hasLengths =
      data.type === "sequences" || data.type === "pairs" || (data.type === "arrays" && data.lengths !== null);
    const own = "the data has no lengths, so that rnnx reads every step";
    const hint = `Give the data lengths, or ${lowerFirst(weightsHint)}`;
    return compare(config.options, { mask_zero: hasLengths ? () => undefined : option("mask_zero", false, own, hint) });
  }
  const cell = layer.layer === "rnn" ? layer.cells[Number(name.split("/").at(-1))] : undefined;
  if (layer.layer !== "rnn" || cell === undefined) return [];
  const rule = kerasCells[config.className];
  if (rule !== cell.cell)
    return [difference(`its class is ${config.className}`, `the cell of ${name} is ${cell.cell}`, weightsHint)];
  const own = (text: string) => `the cell ${cell.cell} of ${name} has ${text}`;
  const ownActivation = String(cell.activation ?? "tanh");
  const activationHint = (stored: string) =>
    cell.cell === "rnn" && ["tanh", "relu"].includes(stored)
      ? `Write "activation": "${stored}" in layer ${layerName}.`
      : weightsHint;
  const cellComparisons = (isBackward: boolean): Readonly<Record<string, Compare>> => ({
    activation: compareActivation("activation", ownActivation, own(ownActivation), activationHint),
    recurrent_activation: compareActivation("recurrent_activation", "sigmoid", own("sigmoid"), activationHint),
    go_backwards: option(
      "go_backwards",
      isBackward,
      `${name} reads ${isBackward ? "backward here" : "forward"}`,
      `Reverse the sequences of the data, or ${lowerFirst(weightsHint)}`,
    ),
    reset_after: option(
      "reset_after",
      cell.reset_after,
      own(`reset_after ${cell.reset_after}`),
      `Write "reset_after": ${cell.reset_after !== true} in layer ${layerName}.`,
    ),
    stateful: option(
      "stateful",
      layer.stateful,
      `the layer ${layerName} has stateful ${layer.stateful}`,
      `Write "stateful": ${!layer.stateful} in layer ${layerName}.`,
    ),
    return_sequences: () => undefined,
  });
  const { backward } = config;
  return [
    ...compare(config.options, cellComparisons(false)),
    ...clipDifference(cell, difference, own),
    ...(backward === undefined ? [] : compare(backward.options, cellComparisons(true))),
    ...(backward === undefined || mergeModes[String(backward.mergeMode ?? "concat")] === cell.bidirectional
      ? []
      : [
          difference(
            `its merge_mode is ${textOf(backward.mergeMode)}`,
            `${name} has ${cell.bidirectional}`,
            mergeHint(backward.mergeMode, layerName),
          ),
        ]),
  ].filter(({ message }, index, all) => all.findIndex((other) => other.message === message) === index);
}

/** A notice of an output that differs in its time axis, which the layers around it may expect. */
export function returnNotice(
  { options, names }: KerasLayerConfig,
  { name, layerName, kind }: ModelLayer,
  { model }: NormalSpec,
): readonly string[] {
  const layer = model.find((candidate) => candidate.name === layerName);
  if (kind !== "cell" || layer?.layer !== "rnn" || typeof options.return_sequences !== "boolean") return [];
  const isLast = Number(name.split("/").at(-1)) === layer.cells.length - 1;
  const returnsSequence = !isLast || layer.return === "sequence";
  if (returnsSequence === options.return_sequences) return [];
  const text = (isSequence: boolean) => (isSequence ? "every step" : "the last step");
  return [
    `${names[0] ?? name} returns ${text(options.return_sequences)} in Keras, but ${name} returns ${text(returnsSequence)}.`,
  ];
}

/** Activations of Keras by name, for those that are equal here; leaky_relu and hard_sigmoid have other constants. */
const kerasActivations: ReadonlyMap<string, ActivationName> = new Map([
  ["linear", "none"],
  ...(["softmax", "sigmoid", "tanh", "relu", "elu", "selu", "gelu"] as const).map((name) => [name, name] as const),
  ...(["silu", "mish", "softplus", "softsign"] as const).map((name) => [name, name] as const),
  ["swish", "silu"],
  ["hard_silu", "hard_swish"],
  ["hard_swish", "hard_swish"],
]);

function clipDifference(
  { cell_clip }: NormalCell,
  difference: (property: string, own: string, hint: string) => ConfigDifference,
  own: (text: string) => string,
): readonly ConfigDifference[] {
  return typeof cell_clip === "number" && cell_clip !== 0
    ? [difference("it does not clip its state", own(`cell_clip ${cell_clip}`), 'Remove "cell_clip".')]
    : [];
}

function mergeHint(mergeMode: unknown, layerName: string): string {
  const own = mergeModes[String(mergeMode)];
  return own === undefined ? weightsHint : `Write "bidirectional": "${own}" in layer ${layerName}.`;
}

/** An activation is a name, or an object of a function or a layer. */
function activationOf(value: unknown): string {
  if (value === null || value === undefined) return "linear";
  if (typeof value === "string") return value;
  if (isRecord(value)) return typeof value.config === "string" ? value.config : String(value.class_name);
  return textOf(value);
}
