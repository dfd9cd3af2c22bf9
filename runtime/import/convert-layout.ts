/** Conversion of one layer of another framework to the model's layout: gates in rnnx's order, kernels [in, out]. */
import type { StoredTensor } from "../../compiler/artifact.js";
import { fail, ok, type Result } from "../result.js";
import { elementCount } from "../tensors/array.js";
import type { Tensor } from "../tensors/safetensors.js";
import type {
  ConversionRule,
  ForeignLayer,
  ForeignTensor,
  Framework,
  LayerKind,
  TensorSource,
} from "./foreign-weights.js";
import type { ModelLayer } from "./model-layers.js";

/** The reason why two layers do not match, as a sentence. */
export type Mismatch = string;

type Roles = ReadonlyMap<string, ForeignTensor>;

/** The conversion rule for a pair of layers, by names and shapes, or the mismatch. */
export function findRule(
  framework: Framework,
  foreignLayer: ForeignLayer,
  modelLayer: ModelLayer,
): Result<ConversionRule, Mismatch> {
  const { name, kind, ruleKey } = modelLayer;
  if (!foreignLayer.kinds.includes(kind))
    return fail(`${foreignLayer.name} is not ${kindNames[kind]}, but ${name} is.`);
  const rules = kind === "cell" ? (framework.cells[ruleKey] ?? []) : framework.layers[kind];
  if (rules.length === 0) return fail(`rnnx has no conversion from ${framework.name} to ${name}, a ${ruleKey} cell.`);
  if (foreignLayer.directions.length !== modelLayer.directions.length)
    return fail(
      `${foreignLayer.name} has ${formatDirections(foreignLayer)}, but ${name} has ${formatDirections(modelLayer)}.`,
    );
  const parameterNames = [...(modelLayer.directions[0]?.keys() ?? [])];
  // The parameters of a cell select its variant; another layer may lack a bias, or share its kernel.
  const candidates = rules.filter(({ parameters }) => {
    const ruleParameters = Object.keys(parameters);
    return (
      parameterNames.every((parameterName) => ruleParameters.includes(parameterName)) &&
      (kind !== "cell" || ruleParameters.length === parameterNames.length)
    );
  });
  const [first] = candidates;
  if (first === undefined) {
    const knownRules = rules.map((rule) => Object.keys(rule.parameters).join(", ")).join(", or ");
    return fail(
      `${name} has the parameters ${parameterNames.join(", ")}, but ${framework.name}'s ${ruleKey} has ${knownRules}.`,
    );
  }
  const mismatches = candidates.map((rule) => mismatchOf(rule, foreignLayer, modelLayer));
  const index = mismatches.indexOf(undefined);
  // The rule for the tensors that the file has.
  const roles = [...(foreignLayer.directions[0]?.keys() ?? [])];
  const likely = candidates.findIndex(({ parameters }) => {
    const known = Object.values(parameters).flatMap(({ from }) => from);
    return roles.every((role) => known.includes(role));
  });
  const mismatch = mismatches[Math.max(likely, 0)] ?? "";
  const rule = candidates[index];
  return rule === undefined ? fail(mismatch) : ok(rule);
}

const kindNames: Readonly<Record<LayerKind, string>> = {
  cell: "a cell",
  embedding: "an embedding",
  position: "a position layer",
  dense: "a dense layer",
  conv1d: "a conv1d layer",
  attention: "an attention layer",
  layer_norm: "a layer_norm layer",
  rms_norm: "an rms_norm layer",
  group_norm: "a group_norm layer",
  batch_norm: "a batch_norm layer",
};

function formatDirections({ directions }: ForeignLayer | ModelLayer): string {
  return directions.length === 1 ? "one direction" : "two directions";
}

function mismatchOf(rule: ConversionRule, foreignLayer: ForeignLayer, modelLayer: ModelLayer): Mismatch | undefined {
  for (const [direction, roles] of foreignLayer.directions.entries()) {
    const parameters = modelLayer.directions[direction] ?? new Map<string, StoredTensor>();
    const used = new Set<string>();
    for (const [parameterName, source] of Object.entries(rule.parameters)) {
      for (const role of source.from) used.add(role);
      const parameter = parameters.get(parameterName);
      const tensors = source.from.flatMap((role) => roles.get(role) ?? []);
      if (parameter === undefined) {
        if (tensors.length > 0 && modelLayer.kernelOf === null)
          return `${tensors[0]?.name} has no counterpart in ${modelLayer.name}.`;
        continue;
      }
      if (tensors.length === 0 && source.isOptional) continue;
      if (tensors.length < source.from.length)
        return `${foreignLayer.name} has no ${source.from.filter((role) => !roles.has(role)).join(" and no ")}.`;
      const expectedShape = foreignShape(source, parameter.shape, modelLayer);
      const mismatched = tensors.find(({ shape }) => !isSameShape(shape, expectedShape));
      if (mismatched !== undefined)
        return (
          `${mismatched.name} has shape ${formatShape(mismatched.shape)}, but ` +
          `${parameter.name} ${formatShape(parameter.shape)} needs ${formatShape(expectedShape)}.`
        );
    }
    const unused = [...roles].find(([role, { isAlternative }]) => !used.has(role) && !isAlternative);
    if (unused !== undefined) return `${unused[1].name} has no counterpart in ${modelLayer.name}.`;
  }
  return undefined;
}

/** The shape in the other framework of the tensor that holds a parameter: [2, …] if the rule takes one row of it. */
function foreignShape(source: TensorSource, shape: readonly number[], { heads }: ModelLayer): readonly number[] {
  const { transpose, row, part } = source;
  const transposed = transpose ? shape.toReversed() : shape;
  if (row !== undefined) return [2, ...transposed];
  if (part !== undefined) return transposed.with(0, part.count * (transposed[0] ?? 1));
  if (source.heads === undefined || heads === null) return transposed;
  const axis = source.heads.axis === "first" ? 0 : shape.length - 1;
  const count = heads[source.heads.of];
  return transposed.toSpliced(axis, 1, count, (transposed[axis] ?? 0) / count);
}

function isSameShape(shape: readonly number[], expected: readonly number[]): boolean {
  return shape.length === expected.length && shape.every((size, axis) => size === expected[axis]);
}

const formatShape = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** The converted parameters by public name, or what is wrong with a tensor. */
export function convert(
  rule: ConversionRule,
  foreignLayer: ForeignLayer,
  modelLayer: ModelLayer,
): Result<ReadonlyMap<string, Tensor>, Mismatch> {
  const converted = new Map<string, Tensor>();
  for (const [direction, parameters] of modelLayer.directions.entries()) {
    const roles: Roles = foreignLayer.directions[direction] ?? new Map();
    for (const [parameterName, { name, shape }] of parameters) {
      const source = rule.parameters[parameterName];
      if (source === undefined) continue;
      const sum = new Float64Array(elementCount(shape));
      for (const tensor of source.from.flatMap((role) => roles.get(role) ?? [])) {
        const data = tensor.read();
        if (!data.ok) return fail(`${tensor.name} ${data.error}.`);
        if (!data.value.every(Number.isFinite)) return fail(`${tensor.name} has values that are not finite.`);
        add(sum, data.value, source, shape, source.gated ? rule.gates : [0]);
      }
      converted.set(name, { shape, data: Float32Array.from(sum) });
    }
  }
  return ok(converted);
}

/** sum += data, transposed and with its gates reordered. */
function add(
  sum: Float64Array,
  data: Float32Array,
  { transpose, part, row = part?.index ?? 0 }: TensorSource,
  shape: readonly number[],
  gates: readonly number[],
): void {
  const columns = shape.at(-1) ?? 1;
  const rows = sum.length / columns;
  const gateSize = columns / gates.length;
  const offset = row * sum.length;
  for (let column = 0; column < columns; column++) {
    const gateIndex = Math.floor(column / gateSize);
    const sourceColumn = (gates[gateIndex] ?? 0) * gateSize + (column - gateIndex * gateSize);
    for (let rowIndex = 0; rowIndex < rows; rowIndex++) {
      const index = transpose
        ? sourceColumn * rows + reversedIndex(rowIndex, shape.slice(0, -1))
        : rowIndex * columns + sourceColumn;
      sum[rowIndex * columns + column] = (sum[rowIndex * columns + column] ?? 0) + (data[offset + index] ?? 0);
    }
  }
}

/** The index of an entry of a tensor in the tensor of reversed axes. */
function reversedIndex(index: number, shape: readonly number[]): number {
  let rest = index;
  let reversed = 0;
  let stride = shape.reduce((product, size) => product * size, 1);
  let scale = 1;
  for (const size of shape) {
    stride /= size;
    reversed += Math.floor(rest / stride) * scale;
    rest %= stride;
    scale *= size;
  }
  return reversed;
}
