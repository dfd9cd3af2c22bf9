/**
 * Checks of the whole model, after its layers are built: unread layers, parameters, initial states, vocabulary size.
 */

import { formatInteger } from "../../../schema/counts.js";
import { suggestion } from "../../../schema/diagnostics/suggest.js";
import { activationCall } from "../../../schema/kinds/activation-notation.js";
import { vocabularyOf } from "../../../schema/kinds/layers.js";
import { lossName, outputKindOf } from "../../../schema/kinds/losses.js";
import { referencesOf } from "../../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { holdsWeights } from "../../artifact.js";
import { elementCount } from "../../ir/dims.js";
import type { Signature } from "../../signature.js";
import { linkFunctionOf } from "../activations.js";
import { shapesAgree } from "../compare-sizes.js";
import type { CombiningDefinition, LayerDefinition } from "../context.js";
import { layers } from "../layers/index.js";
import type { OutputWire } from "../objective.js";
import { isParameter } from "../program.js";
import type { ElaborationState } from "../state.js";
import { isIds, width } from "../wire.js";

/** float32 parameters of a model: an ONNX file holds at most 2 GiB, with its weights. */
const MAX_PARAMETERS = 2 ** 29;

/** Reports the problems of a model whose layers are all built. */
export function checkModel(
  spec: NormalSpec,
  signature: Signature,
  state: ElaborationState,
  outputs: readonly OutputWire[],
): void {
  checkUnreadLayers(spec, state);
  checkParameters(spec, state);
  checkStates(spec, signature, state);
  checkTraining(spec, state);
  for (const output of outputs) checkLinkFunction(spec, state, output);
  if (spec.data.type === "text") checkVocabulary(spec, signature, state, outputs);
}

/** Every layer is read by a loss or a later layer, or shares its states or weights with one. */
function checkUnreadLayers({ model, losses }: NormalSpec, { context }: ElaborationState): void {
  for (const layer of model) {
    const isRead = model.some((reader) => referencesOf(reader).includes(layer.name));
    if (isRead || losses.some(({ from }) => from === layer.name)) continue;
    context.problem({
      part: layer,
      code: "unread-layer",
      message: `No layer and no loss reads the output of ${layer.name}.`,
      hint: 'Name it in the "from" of a later layer or of an entry of "losses", or remove it.',
    });
  }
}

/**
 * A loss over classes reads logits, and predictions apply its softmax or sigmoid: equations of the user's own must not
 * apply it before.
 */
function checkLinkFunction(
  { activations }: NormalSpec,
  { context }: ElaborationState,
  { output: { loss, model }, wire }: OutputWire,
): void {
  const layer = model.at(-1);
  const isOwn =
    layer?.layer === "custom" ||
    (layer !== undefined && "activation" in layer && Object.hasOwn(activations, activationCall(layer.activation).type));
  const link = linkFunctionOf(context.b, wire.value);
  if (!isOwn || link === undefined || wire.logits !== null) return;
  if (!["classes", "probabilities"].includes(outputKindOf(loss))) return;
  context.problem({
    part: layer,
    code: "own-output-activation",
    message: `${layer.name} ends in ${link}, but ${lossName(loss)} reads logits, the operand of ${link}.`,
    hint: `Remove ${link} from the equations, and apply it by a last layer { "layer": "activation", "activation": "${link}" }.`,
  });
}

function checkParameters({ model }: NormalSpec, { context, ports }: ElaborationState): void {
  const parameters = ports().filter(holdsWeights);
  if (parameters.length > 0 && !parameters.some(isParameter))
    context.problem({
      part: model,
      code: "nothing-to-train",
      message: "All parameters of the model are frozen, so there is nothing to train.",
      hint: 'Remove "trainable": false from at least one layer.',
    });
  if (parameters.length === 0)
    context.problem({
      part: model,
      code: "nothing-to-train",
      message: "The model has no parameters, so there is nothing to train.",
      hint: 'Add a layer with parameters, for example { "layer": "projection" }.',
    });
  let total = 0;
  for (const { name, value } of parameters) {
    const count = elementCount(value.type.shape);
    total += typeof count === "number" ? count : 0;
    const owner = model.find((layer) => name.startsWith(`${layer.name}/`));
    if (total <= MAX_PARAMETERS || owner === undefined) continue;
    context.problem({
      part: owner,
      code: "too-many-parameters",
      message: `With ${name}, [${value.type.shape.join(", ")}], the model has ${formatInteger(total)} parameters, but an ONNX file holds at most ${formatInteger(MAX_PARAMETERS)}.`,
      hint: "Choose smaller sizes.",
    });
    return;
  }
}

/** The requirements of trained layers on the training. */
function checkTraining({ model, train }: NormalSpec, { context }: ElaborationState): void {
  for (const layer of model) {
    const definition: LayerDefinition<never> | CombiningDefinition<never> = layers[layer.layer];
    if ("elaborate" in definition && context.isTraining(layer))
      definition.checkTraining?.(layer as never, train, context);
  }
}

/** The initial states in the data are states of the model, with its shapes, that start at nothing else. */
function checkStates(spec: NormalSpec, signature: Signature, { context, finalStates }: ElaborationState): void {
  if (!("initial_states" in spec.data)) return;
  const part = spec.data.initial_states;
  for (const [key, array] of Object.entries(signature.initial_states ?? {})) {
    const state = finalStates().get(key);
    const layer = spec.model.find((other) => other.layer === "rnn" && key.startsWith(`${other.name}/`));
    const fail = (code: string, message: string, hint: string, atKey = true) =>
      context.problem({ part, key, code, message, hint, atKey });
    if (state === undefined)
      fail("unknown-state", `The model has no state "${key}".`, suggestion(key, [...finalStates().keys()], "States"));
    else if (shapesAgree(array.shape, state.type.shape) === false)
      fail(
        "state-shape",
        `The state ${key} has shape [${state.type.shape.join(", ")}], but the data has [${array.shape.join(", ")}].`,
        `Provide an array of shape [${state.type.shape.join(", ")}].`,
        false,
      );
    else if (layer?.layer === "rnn" && layer.initial_state !== "zeros")
      fail(
        "two-initial-states",
        `The state ${key} starts at the data's values, but ${layer.name} has the initial_state "${layer.initial_state}".`,
        `Remove "initial_state" from ${layer.name}, or its states from "initial_states".`,
      );
  }
}

/**
 * A text contains every symbol of its vocabulary, so a smaller size is a mistake. Ids in arrays are checked as data.
 */
function checkVocabulary(
  { model }: NormalSpec,
  { sizes }: Signature,
  { context }: ElaborationState,
  outputs: readonly OutputWire[],
): void {
  const { vocabulary } = sizes;
  if (typeof vocabulary !== "number") return;
  for (const layer of model) {
    const ids = vocabularyOf(layer);
    if (ids === undefined) continue;
    const { key } = ids;
    const size = context.size(ids.size, layer, key);
    if (typeof size !== "number" || size >= vocabulary) continue;
    context.problem({
      part: layer,
      key,
      code: "vocabulary-size",
      message: `The layer ${layer.name} encodes ${formatInteger(size)} symbols, but the text has ${formatInteger(vocabulary)}.`,
      hint: `Write "vocabulary", or at least ${vocabulary}.`,
    });
  }
  for (const { output, wire } of outputs) {
    const outputWidth = width(wire);
    const last = output.model.at(-1);
    if (typeof outputWidth !== "number" || outputWidth >= vocabulary || last === undefined || isIds(wire)) continue;
    if (outputKindOf(output.loss) !== "classes") continue;
    const hasSize = last.layer === "dense" || last.layer === "projection";
    context.problem({
      part: last,
      ...(hasSize && { key: "size" }),
      code: "vocabulary-size",
      message: `The model outputs ${formatInteger(outputWidth)} scores, but the text has ${formatInteger(vocabulary)} symbols.`,
      hint: hasSize
        ? `Write "vocabulary", or at least ${vocabulary}.`
        : 'Add { "layer": "projection" } as the last layer.',
    });
  }
}
