/**
 * onnx: a model of another program. Its nodes become primitives, and its stored tensors the parameters
 * `<name>/<initializer>`; those that no gradient changes are constants, running statistics of the batch are buffers.
 */
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { restrictGraph } from "../../../graph/extract-subgraph.js";
import { inline } from "../../../graph/rewrite.js";
import type { ImportedModel, WeightInput } from "../../../importer/index.js";
import { at, expectDefined } from "../../../ir/expect.js";
import { tensor } from "../../../ir/tensor.js";
import type { Shape, Value } from "../../../ir/types.js";
import type { ModelTensor } from "../../../onnx/read/tensors.js";
import { tiedNotice } from "../../../onnx/splice/separate-weights.js";
import type { Context, LayerDefinition } from "../../context.js";
import { checkBatchStatistics } from "../batch-norm.js";
import { differentiableValues } from "./gradients.js";
import { type Declaration, declarationOf, importedModel, outputOfModel } from "./imported.js";
import { describeInput, type ModelInput, modelInput } from "./inputs.js";
import { lengthInputs } from "./lengths.js";
import { outputWire } from "./output.js";

/** The most inputs that a layer lists. */
const MAX_INPUTS = 100;

export const onnx: LayerDefinition<NormalOnnx> = {
  maxInputs: () => MAX_INPUTS,
  elaborate(layer, first, context, others) {
    const { b } = context;
    if (!checkTrainedStatistics(layer, context)) return undefined;
    const declaration = declarationOf(layer, context);
    const wires = [first, ...others];
    const names = declaration && inputNames(layer, declaration, wires.length, context);
    if (declaration === undefined || names === undefined) return undefined;
    if (layer.shape !== null && wires.length > 1)
      return context.problem({
        part: layer,
        key: "shape",
        code: "model-input",
        message: `${layer.name} reads ${wires.length} layers, but "shape" is that of one input.`,
        hint: 'Remove "shape", or read one layer.',
      });
    const inputs = names.map((declared, index) => modelInput(layer, declared, at(wires, index), context));
    const ofLengths = lengthInputs(layer, declaration.inputs, wires, context);
    if (ofLengths === undefined) return undefined;
    const fed = [...inputs, ...ofLengths].flatMap((input) => input ?? []);
    if (fed.length < inputs.length + ofLengths.length) return undefined;
    const model = modelFor(layer, declaration, fed, context);
    const output = model && outputOfModel(layer, model, context);
    if (model === undefined || output === undefined) return undefined;
    const statistics = statisticsOf(layer, declaration, fed, context);
    const isTraining = context.isTraining(layer);
    const updated = isTraining
      ? model.weights.filter(({ name, next }) => next !== undefined && statistics.has(name))
      : [];
    const ends = [output.value, ...updated.map(({ next }) => next as Value)];
    const { graph, live } = restrictGraph(model.graph, ends);
    const differentiable = differentiableValues(graph, output.value);
    if (!checkGradients(layer, model, fed, differentiable, context)) return undefined;
    const operandOf = (input: Value): Value => {
      const data = model.inputs.find(({ value }) => value === input);
      if (data !== undefined)
        return expectDefined(fed.find(({ name }) => name === data.name)?.value, "the value of an input");
      const weight = model.weights.find(({ value }) => value === input);
      const { isFrozen, ...opened } = expectDefined(weight, "a weight");
      const isConstant = isFrozen || model.exporterConstants.includes(opened.name);
      return openWeight(layer, { ...opened, isFrozen: isConstant }, statistics, differentiable, context);
    };
    const read = graph.inputs.filter((input) => live.has(input));
    const results = inline(b, { ...graph, inputs: read }, read.map(operandOf));
    for (const [index, { name }] of updated.entries())
      context.setNextBuffer(`${layer.name}/${name}`, at(results, index + 1));
    for (const text of noticesOf(layer, model, statistics, differentiable, context))
      context.notice(`${layer.name}: ${text}`);
    return outputWire(layer, { name: output.name, value: at(results, 0) }, first, context);
  },
  checkTraining(layer, train, context) {
    if (layer.batch_norm === "training") checkBatchStatistics(layer, train, context);
  },
};

/** Reports statistics of the batch for weights that stay as they are. */
function checkTrainedStatistics(layer: NormalOnnx, { problem }: Context): boolean {
  if (layer.batch_norm === "inference" || (layer.trainable && layer.adapt === null)) return true;
  const key = layer.adapt === null ? '"trainable": false' : '"adapt"';
  problem({
    part: layer,
    key: "batch_norm",
    code: "batch-norm",
    message: `${layer.name} has "batch_norm": "training", but ${key} keeps its weights and its statistics as they are.`,
    hint: `Remove "batch_norm" to normalize by the stored statistics, or remove ${key}.`,
  });
  return false;
}

/** The inputs of the model that read the layers in `from`; undefined after a reported problem. */
function inputNames(
  layer: NormalOnnx,
  { inputs }: Declaration,
  count: number,
  { problem }: Context,
): readonly ModelTensor[] | undefined {
  const list = inputs.map(({ name }) => name).join(", ") || "none";
  const named = [...(layer.inputs ?? []), layer.lengths, layer.mask].filter((name) => name !== null);
  const unknown = named.find((name) => !inputs.some((input) => input.name === name));
  const report = (key: string, message: string, hint: string) =>
    problem({ part: layer, key, code: "model-input", message, hint });
  if (unknown !== undefined) {
    const key = layer.lengths === unknown ? "lengths" : layer.mask === unknown ? "mask" : "inputs";
    return report(key, `${layer.file} has no input "${unknown}".`, `Its inputs: ${list}.`);
  }
  if (new Set(named).size < named.length)
    return report("inputs", `An input of ${layer.file} is named twice.`, "Name each input once.");
  const rest = inputs.filter(({ name }) => name !== layer.lengths && name !== layer.mask);
  const chosen = layer.inputs?.flatMap((name) => rest.filter((input) => input.name === name)) ?? rest;
  const fed = chosen.slice(0, count);
  const unfed = rest.filter((input) => !fed.includes(input));
  if (chosen.length === count && unfed.length === 0) return chosen;
  const missing = unfed.map((input) => `${input.name}, ${describeInput(input)}`).join("; ");
  const order = JSON.stringify(rest.map(({ name }) => name)).replaceAll(",", ", ");
  return report(
    "from",
    `${layer.file} has the inputs ${list}, but ${layer.name} reads ${count} ${count === 1 ? "layer" : "layers"}.${missing && ` Nothing feeds ${missing}.`}`,
    missing === ""
      ? 'Name one layer for each of them in "from"; lengths and masks are named in "lengths" and "mask".'
      : `Name a layer or an input of the data for each in "from", such as "from": ${order} with arrays of these names in "inputs" of the data; lengths and masks are named in "lengths" and "mask".`,
  );
}

function shapesOf(inputs: readonly ModelInput[]): ReadonlyMap<string, Shape> {
  return new Map(inputs.map(({ name, value }) => [name, value.type.shape]));
}

function modelFor(
  layer: NormalOnnx,
  { model }: Declaration,
  inputs: readonly ModelInput[],
  context: Context,
): ImportedModel | undefined {
  const mode = layer.batch_norm === "training" && context.isTraining(layer) ? "training" : "inference";
  return importedModel(layer, model, shapesOf(inputs), mode, context);
}

/** Names of the stored tensors that training changes without a gradient. */
function statisticsOf(
  layer: NormalOnnx,
  { model }: Declaration,
  inputs: readonly ModelInput[],
  context: Context,
): ReadonlySet<string> {
  if (layer.batch_norm === "inference" || !layer.trainable || layer.adapt !== null) return new Set();
  const imported = importedModel(layer, model, shapesOf(inputs), "training", context);
  return new Set(imported?.weights.flatMap(({ name, next }) => (next === undefined ? [] : [name])));
}

/** Differences from the model as its file states it, and tensors of several nodes that are trained as one weight. */
function noticesOf(
  layer: NormalOnnx,
  { notices, tied, weights }: ImportedModel,
  statistics: ReadonlySet<string>,
  differentiable: ReadonlySet<Value>,
  context: Context,
): readonly string[] {
  const isTrained = (tensor: string) =>
    context.isTraining(layer) &&
    !statistics.has(tensor) &&
    weights.some(({ name, value, isFrozen }) => name === tensor && !isFrozen && differentiable.has(value));
  return [
    ...notices,
    ...tiedNotice(
      tied.filter(({ name }) => isTrained(name)),
      '"untie": [PATTERN]',
    ),
  ];
}

/** A stored tensor as a parameter, a buffer or a constant. */
function openWeight(
  layer: NormalOnnx,
  weight: WeightInput,
  statistics: ReadonlySet<string>,
  differentiable: ReadonlySet<Value>,
  context: Context,
): Value {
  const { name, value, shape, isFrozen } = weight;
  const stored = () => ({ type: "stored" }) as const;
  if (statistics.has(name)) return context.buffer(`${layer.name}/${name}`, shape, stored);
  if (isFrozen || !differentiable.has(value))
    return context.b.constant(tensor("float32", shape.map(Number), weight.values()));
  return context.parameter(`${layer.weights ?? layer.name}/${name}`, shape, stored);
}

/** Reports operators without a gradient between the output and what is trained. */
function checkGradients(
  layer: NormalOnnx,
  { weights, inputs, nodes }: ImportedModel,
  fed: readonly ModelInput[],
  differentiable: ReadonlySet<Value>,
  context: Context,
): boolean {
  if (context.mode !== "training") return true;
  const steps = nodes
    .filter(({ gradient }) => gradient === "zero")
    .map(({ node, operator }) => `${node} (${operator})`);
  const reason =
    steps.length === 0 ? "" : `: ${steps.slice(0, 3).join(", ")} ${steps.length === 1 ? "has" : "have"} none`;
  const report = (what: string, hint: string) =>
    context.problem({
      part: layer,
      key: "file",
      code: "no-gradient",
      message: `No gradient of the output of ${layer.file} reaches ${what}${reason}.`,
      hint,
    });
  const trained = layer.trainable || layer.adapt !== null ? weights.filter(({ isFrozen }) => !isFrozen) : [];
  if (trained.length > 0 && !trained.some(({ value }) => differentiable.has(value)))
    report("a weight of the model", 'Write "trainable": false.');
  else
    for (const { name, value } of fed) {
      const input = inputs.find((other) => other.name === name);
      if (input === undefined || value.type.dtype !== "float32" || differentiable.has(input.value)) continue;
      if (!context.isTrainedValue(value)) continue;
      report(
        `its input ${name}, which depends on trained weights`,
        'Write "trainable": false in the layers before it.',
      );
    }
  return true;
}
