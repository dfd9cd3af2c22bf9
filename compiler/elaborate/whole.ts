/** What can only be seen of a model as a whole, once its layers are built: that all of it has a use, and room for the data. */
import type { NormalLayer, NormalSpec } from "../../schema/normal.js";
import { suggestion } from "../../schema/wording.js";
import { elements } from "../ir/dims.js";
import type { Signature } from "../signature.js";
import type { Construction } from "./construction.js";
import { holdsWeights, isParameter } from "./program.js";
import { sameSizes } from "./sizes.js";
import { isIds, type Wire, width } from "./wire.js";

/** An ONNX file ends at 2 GiB, and a model holds its weights: so many float32 numbers. */
const MOST_PARAMETERS = 2 ** 29;

const words = (count: number): string => count.toLocaleString("en-US");

/** Reports what is wrong with the model. All its layers could be built. */
export function checkModel(spec: NormalSpec, signature: Signature, construction: Construction, output: Wire): void {
  checkUses(spec, construction);
  checkParameters(spec, construction);
  checkStates(spec, signature, construction);
  if (spec.data.type === "text") checkText(spec, signature, construction, output);
}

/** Every layer but the last is read by one after it, or lends it its states or weights. */
function checkUses({ model }: NormalSpec, { context }: Construction): void {
  for (const layer of model.slice(0, -1)) {
    if (model.some((reader) => namesIn(reader).includes(layer.name))) continue;
    context.problem({
      part: layer,
      code: "unread-layer",
      message: `Nothing reads the layer ${layer.name}.`,
      hint: 'Name it in the "from" of a later layer, or take it out.',
    });
  }
}

function namesIn(layer: NormalLayer): readonly string[] {
  const more = ["weights" in layer ? layer.weights : null, "initial_state" in layer ? layer.initial_state : null];
  return [...layer.from, ...more.filter((name) => name !== null)];
}

function checkParameters({ model }: NormalSpec, { context, ports }: Construction): void {
  const parameters = ports().filter(holdsWeights);
  if (parameters.length > 0 && !parameters.some(isParameter))
    context.problem({
      part: model,
      code: "nothing-to-train",
      message: "All parameters of the model are frozen, so there is nothing to train.",
      hint: 'Take "trainable": false out of one of the layers.',
    });
  if (parameters.length === 0)
    context.problem({
      part: model,
      code: "nothing-to-train",
      message: "The model has no parameters, so there is nothing to train.",
      hint: 'Add a layer that has: for example { "layer": "projection" }.',
    });
  let total = 0;
  for (const { name, value } of parameters) {
    const count = elements(value.type.shape);
    total += typeof count === "number" ? count : 0;
    const owner = model.find((layer) => name.startsWith(`${layer.name}/`));
    if (total <= MOST_PARAMETERS || owner === undefined) continue;
    context.problem({
      part: owner,
      code: "too-many-parameters",
      message: `With ${name}, [${value.type.shape.join(", ")}], the model has ${words(total)} parameters, more than the ${words(MOST_PARAMETERS)} that a model file holds.`,
      hint: "Choose smaller sizes.",
    });
    return;
  }
}

/** First states that the data gives are those of some state, of its size. */
function checkStates(spec: NormalSpec, signature: Signature, { context, finals }: Construction): void {
  if (!("initial_states" in spec.data)) return;
  const part = spec.data.initial_states;
  for (const [key, given] of Object.entries(signature.initial_states ?? {})) {
    const state = finals().get(key);
    const fail = (code: string, message: string, hint: string, atKey = true) =>
      context.problem({ part, key, code, message, hint, atKey });
    if (state === undefined)
      fail("unknown-state", `The model has no state "${key}".`, suggestion(key, [...finals().keys()], "States"));
    else if (sameSizes(given.shape, state.type.shape) === false)
      fail(
        "state-shape",
        `The state ${key} is [${state.type.shape.join(", ")}], but is given as [${given.shape.join(", ")}].`,
        `Give [${state.type.shape.join(", ")}].`,
        false,
      );
  }
}

/** A text uses its whole vocabulary, so that a smaller one is a mistake. Arrays say which of their numbers is too large. */
function checkText({ model, loss }: NormalSpec, { sizes }: Signature, { context }: Construction, output: Wire): void {
  const { vocabulary } = sizes;
  if (typeof vocabulary !== "number") return;
  for (const layer of model) {
    if (layer.layer !== "one_hot" && layer.layer !== "embedding") continue;
    const key = layer.layer === "one_hot" ? "size" : "vocabulary_size";
    const size = context.size(layer.layer === "one_hot" ? layer.size : layer.vocabulary_size, layer, key);
    if (typeof size !== "number" || size >= vocabulary) continue;
    context.problem({
      part: layer,
      key,
      code: "vocabulary-size",
      message: `The layer ${layer.name} knows ${size} of the text's ${vocabulary} symbols.`,
      hint: `Write "vocabulary", or a number from ${vocabulary}.`,
    });
  }
  const scores = width(output);
  const last = model.at(-1);
  if (typeof scores !== "number" || scores >= vocabulary || last === undefined || isIds(output)) return;
  if (!["sequence_loss", "cross_entropy", "sampled_softmax"].includes(loss.type)) return;
  const sized = last.layer === "dense" || last.layer === "projection";
  context.problem({
    part: last,
    ...(sized && { key: "size" }),
    code: "vocabulary-size",
    message: `The model puts out ${scores} scores for the text's ${vocabulary} symbols.`,
    hint: sized
      ? `Write "vocabulary", or a number from ${vocabulary}.`
      : 'End with { "layer": "projection" }, which puts out one for each.',
  });
}
