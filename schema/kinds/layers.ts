/** Facts of layers: streaming, the time axis of their output, and the number of token ids that they read. */
import type { NormalLayer, NormalOnnx, Size } from "../normal/index.js";
import { layerFacts } from "./data.js";
import { outputSteps, windowsOf } from "./windows.js";

interface LayerFacts {
  /** True if the layer can process a sequence step by step, given its states. */
  readonly streaming: boolean;
  /**
   * `kept` is that of the layer's first input, `common` that of all its inputs, none if one of them has none, `windows`
   * one step for each window of the input, none for a layer without windows.
   */
  readonly timeAxis: "kept" | "common" | "windows";
  /** True if its states depend on the number of steps that it read, and not on their values alone. */
  readonly countsSteps?: boolean;
  /** The key that holds the number of ids, for a layer that reads token ids. */
  readonly vocabulary?: string;
}

const facts: { readonly [K in NormalLayer["layer"]]: LayerFacts } = layerFacts;

/** The kind of a layer in words of the spec: of a custom layer the name of its definition. */
export function kindName(layer: { readonly layer: string; readonly type?: unknown }): string {
  return layer.layer === "custom" ? String(layer.type) : layer.layer;
}

/** The reason why a model cannot process a sequence step by step; undefined where it can. */
export function whyNotStreamable(model: readonly NormalLayer[]): string | undefined {
  return model.map(whyLayerNotStreamable).find((reason) => reason !== undefined);
}

function whyLayerNotStreamable(layer: NormalLayer): string | undefined {
  if (!facts[layer.layer].streaming) return `${layer.name} needs the whole sequence`;
  if (layer.layer === "conv1d" && layer.stride > 1)
    return `${layer.name} has one output for every ${layer.stride} steps`;
  const later = laterStepsOf(layer);
  if (later !== undefined) return `${layer.name} ${later.reason}`;
  if (layer.layer !== "rnn" || layer.initial_state === "zeros" || layer.initial_state === "learned") return undefined;
  return `${layer.name} starts from the final state of ${layer.initial_state}`;
}

/** The reason why an output of a layer depends on later steps, and the setting without them. */
export interface LaterSteps {
  readonly reason: string;
  readonly setting: string;
}

/** Undefined for a layer each of whose steps depends on that step and earlier ones. */
export function laterStepsOf(layer: NormalLayer): LaterSteps | undefined {
  switch (layer.layer) {
    case "conv1d":
      if (layer.kernel_size === 1 || layer.padding === "causal") return undefined;
      return { reason: "reads later steps", setting: '"padding": "causal"' };
    case "rnn":
      if (layer.cells.every(({ bidirectional }) => bidirectional === "none")) return undefined;
      return { reason: "reads the sequence backward", setting: '"bidirectional": "none"' };
    case "attention":
      if (layer.causal) return undefined;
      return { reason: "is not causal, and needs the whole sequence", setting: '"causal": true' };
    case "log_mel":
      if (layer.range !== null)
        return { reason: "compares with the largest power of the whole sound", setting: '"range": null' };
      if (layer.mean_normalization !== null)
        return { reason: "subtracts means over the whole sound", setting: '"mean_normalization": null' };
      if (layer.deltas === 0) return undefined;
      return { reason: "has slopes that read later frames", setting: '"deltas": 0' };
    case "group_norm":
      return { reason: "needs the whole sequence", setting: '"layer": "layer_norm"' };
    case "onnx":
      return { reason: "may read later steps", setting: '"return": "vector"' };
    default:
      return undefined;
  }
}

/**
 * True if the states of a stream depend on its number of steps. All rows of a part then have as many: padding would be
 * remembered.
 */
export function remembersSteps(model: readonly NormalLayer[]): boolean {
  return model.some(({ layer }) => facts[layer].countsSteps === true);
}

/** True if the model's output has one row for each time step, and not one for each sequence. */
export function outputIsSequence(model: readonly NormalLayer[]): boolean {
  return outputTimeAxis(model, () => true) === true;
}

/**
 * The time axis of the input that the model's output has steps of, or windows of steps; undefined if it has one row for
 * each sequence.
 *
 * @param axisOf the time axis of an input of the data; undefined for an input without one.
 */
export function outputTimeAxis<Axis>(
  model: readonly NormalLayer[],
  axisOf: (input: string) => Axis | undefined,
): Axis | undefined {
  const last = model.at(-1);
  return last === undefined ? axisOf("inputs") : timeAxisOf(model, last, axisOf);
}

/** The input whose steps, or windows of steps, a layer or input has by name; undefined for one without a time axis. */
export function stepsInput(model: readonly NormalLayer[], name: string): string | undefined {
  const end = model.findIndex((layer) => layer.name === name) + 1;
  return end === 0 ? name : outputTimeAxis(model.slice(0, end), (input) => input);
}

/** True for an onnx layer with one row for each step of a sequence. An input in the axes of `shape` has no steps. */
export const returnsSequence = ({ return: rows, shape }: NormalOnnx): boolean => rows === "sequence" && shape === null;

/** Layers read only those before them. */
function timeAxisOf<Axis>(
  model: readonly NormalLayer[],
  layer: NormalLayer,
  axisOf: (input: string) => Axis | undefined,
): Axis | undefined {
  const { timeAxis } = facts[layer.layer];
  if (
    (timeAxis === "windows" && windowsOf(layer) === undefined) ||
    (layer.layer === "rnn" && layer.return !== "sequence") ||
    (layer.layer === "onnx" && !returnsSequence(layer))
  )
    return undefined;
  const earlier = model.slice(0, model.indexOf(layer));
  const axes = layer.from.map((name) => {
    const source = earlier.find((other) => other.name === name);
    return source === undefined ? axisOf(name) : timeAxisOf(earlier, source, axisOf);
  });
  return timeAxis === "common" && axes.includes(undefined) ? undefined : axes[0];
}

/** The largest number of steps that a layer reads, and the input of the data whose time axis it reads. */
export interface StepLimit {
  readonly layer: string;
  readonly input: string;
  readonly steps: number;
  /** The steps that reach the layer, of a number of steps of the input. */
  stepsOf(inputSteps: number): number;
}

/** The limits of a model: the lengths of its tables of positions. */
export function stepLimitsOf(model: readonly NormalLayer[]): readonly StepLimit[] {
  return model.flatMap((layer) => {
    const input = timeAxisOf(model, layer, (name) => name);
    if (layer.layer !== "position" || layer.length === null || input === undefined) return [];
    const layers = model.slice(0, model.indexOf(layer) + 1);
    return [{ layer: layer.name, input, steps: layer.length, stepsOf: (steps) => outputSteps(layers, steps) }];
  });
}

/** The largest number of steps of every sequence that a model reads; infinite without a limit. */
export function mostSteps(model: readonly NormalLayer[]): number {
  return Math.min(Number.POSITIVE_INFINITY, ...stepLimitsOf(model).map(({ steps }) => steps));
}

/** The number of token ids that a layer reads, with its key; undefined for a layer that reads numbers. */
export function vocabularyOf(layer: NormalLayer): { readonly key: string; readonly size: Size } | undefined {
  const key = facts[layer.layer].vocabulary;
  const size = key === undefined ? null : (layer[key as keyof NormalLayer] as Size | null);
  return key === undefined || size === null ? undefined : { key, size };
}
