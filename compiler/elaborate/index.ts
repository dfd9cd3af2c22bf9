/** Elaboration: from a normalized spec to the forward graph, layer by layer, then loss and metrics. */
import { formatCount } from "../../schema/counts.js";
import type { Problem } from "../../schema/diagnostics/index.js";
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import { SERIES_INPUT } from "../../schema/kinds/columns.js";
import { describeHorizon, futureInput, rowsAhead } from "../../schema/kinds/horizon.js";
import { kindName } from "../../schema/kinds/layers.js";
import { type ModelOutput, outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import type { Signature } from "../signature.js";
import { checkAdapt } from "./adapt.js";
import { checkModel } from "./check/model.js";
import { checkOptimizers } from "./check/optimizer.js";
import { checkParameterPatterns } from "./check/parameter-patterns.js";
import { checkReferences } from "./check/references.js";
import { checkWatchedMetrics } from "./check/watched-metrics.js";
import type { Context } from "./context.js";
import {
  type CombiningDefinition,
  defaultStrategy,
  type ElaborationOptions,
  GROWING_STEPS,
  type LayerDefinition,
  type Mode,
} from "./context.js";
import { finishProgram } from "./finish-program.js";
import { openInputs } from "./inputs.js";
import { layers } from "./layers/index.js";
import { elaborateObjective, type Output, type OutputWire } from "./objective.js";
import { type AttentionOutput, type LayerOutput, type Program, restrictToOutputs } from "./program.js";
import { firstRowSignature, readingFirstRow, rollOut } from "./rollout.js";
import { type ElaborationState, startElaboration } from "./state.js";
import { checkScaledLosses, scaleWindows, type WindowScaling } from "./window-scaling.js";
import { batchMajorShape, swapBatchAndTime, type Wire } from "./wire.js";

export type Elaboration =
  | { readonly ok: true; readonly program: Program }
  /** With no problems: the program depends on sizes that only the data defines. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The source map of a spec that was not parsed from text. */
const noOrigins: SourceMap = { pathOf: () => "" };

/** Scales windows by their own rows or their series, where the spec does; `wires` then has the scaled inputs. */
function openWindowScaling(
  { b, problem }: Context,
  { data, losses }: NormalSpec,
  { window_scaling: columns }: Signature,
  wires: Map<string, Wire>,
): WindowScaling | null {
  const inputs = wires.get("inputs");
  if (data.type !== "table" || data.scale === null || columns === undefined || inputs === undefined) return null;
  checkScaledLosses(losses, data.scale, { problem });
  const future = wires.get(futureInput(null));
  const scaled = scaleWindows(b, { inputs, future, series: wires.get(SERIES_INPUT) }, data.scale, columns);
  wires.set("inputs", scaled.inputs);
  if (scaled.future !== undefined) wires.set(futureInput(null), scaled.future);
  return scaled.scaling;
}

const sizeProblems: ReadonlySet<string> = new Set(["target-shape", "output-size"]);

/** A problem of the width of an output, with the way out that keeps the width of one row. */
function withHorizonHint(problem: Problem, { data }: NormalSpec): Problem {
  if (data.type !== "table" || data.horizon.length === 1 || !sizeProblems.has(problem.code)) return problem;
  const hint =
    data.decode === "autoregressive"
      ? 'With "decode": "autoregressive" the model predicts one row.'
      : `The horizon is ${describeHorizon(data)}; one row alone is "horizon": [${rowsAhead(data)}].`;
  return { ...problem, hint: `${problem.hint} ${hint}` };
}

/**
 * The forward program of a spec.
 *
 * @param signature dtypes and shapes of the data. A size that only the data defines may be a symbol, and remains one in
 * the graph.
 * @returns the program, or all problems of the spec.
 */
export function elaborate(
  spec: NormalSpec,
  signature: Signature,
  mode: Mode,
  origins: SourceMap = noOrigins,
  {
    partialBatch = false,
    recurrences = defaultStrategy,
    integerBits = 64,
    cacheSteps = GROWING_STEPS,
    blockSteps = null,
  }: Partial<ElaborationOptions> = {},
): Elaboration {
  const options = { partialBatch, recurrences, integerBits, cacheSteps, blockSteps };
  if (signature.rollout !== undefined && mode !== "training")
    return elaborateRollout(spec, signature, mode, origins, options);
  return elaborateModel(spec, signature, mode, origins, options);
}

/** The program that feeds predictions back; `mode` is no training. */
function elaborateRollout(
  spec: NormalSpec,
  signature: Signature,
  mode: Mode,
  origins: SourceMap,
  options: ElaborationOptions,
): Elaboration {
  const model = elaborateModel(spec, firstRowSignature(signature), "inference", origins, options);
  if (!model.ok) return model;
  const state = startElaboration(spec, signature, mode, origins, options);
  const { context } = state;
  const predictions = rollOut(
    spec,
    signature,
    state,
    restrictToOutputs(model.program, ({ role }) => role === "prediction"),
  );
  const scaling =
    signature.window_scaling === undefined
      ? null
      : openWindowScaling(context, spec, signature, new Map(openInputs(state, signature)));
  const outputWires = outputsOf(spec).map((output): OutputWire => {
    const value = expectDefined(predictions.get(output.port), `the predictions ${output.port}`);
    const scaled = scaling?.scaleOutputs(value, output.loss) ?? value;
    return { output, wire: { value: scaled, sequence: false, mask: null, padding: "zeros", logits: null } };
  });
  const objective = elaborateObjective(spec, signature, state, outputWires, scaling);
  if (objective === undefined || state.problems().length > 0) return { ok: false, problems: state.problems() };
  const outputs: readonly Output[] = [
    ...objective.outputs,
    ...[...predictions].map(([name, value]) => ({ port: { name, role: "prediction" as const }, value })),
  ];
  return { ok: true, program: finishProgram(state, objective, outputs) };
}

function elaborateModel(
  spec: NormalSpec,
  whole: Signature,
  mode: Mode,
  origins: SourceMap,
  options: ElaborationOptions,
): Elaboration {
  const signature = firstRowSignature(whole);
  const state = readingFirstRow(startElaboration(spec, signature, mode, origins, options), whole);
  const { b } = state.context;
  const wires = new Map(openInputs(state, signature));
  const scaling = openWindowScaling(state.context, spec, signature, wires);
  const layerOutputs: LayerOutput[] = [];
  /** Layers with problems: those that read them are skipped without a further report. */
  const failedLayers = new Set(checkReferences(spec, [...wires.keys()], state.context));
  for (const layer of spec.model) {
    state.beginLayer(layer);
    const wire = failedLayers.has(layer.name) ? undefined : elaborateLayer(layer, wires, state);
    if (wire === undefined) failedLayers.add(layer.name);
    else {
      wires.set(layer.name, wire);
      state.endLayer(layer, wire);
      const { value, sequence } = wire;
      layerOutputs.push({ name: layer.name, layer: kindName(layer), shape: batchMajorShape(wire), value, sequence });
    }
  }
  const modelOutputs = outputsOf(spec);
  const outputWires = modelOutputs.flatMap((output): readonly OutputWire[] => {
    const wire = wires.get(output.name);
    return wire === undefined ? [] : [{ output, wire }];
  });
  if (failedLayers.size === 0) checkModel(spec, signature, state, outputWires);
  const isComplete = outputWires.length === modelOutputs.length;
  const objective = isComplete ? elaborateObjective(spec, signature, state, outputWires, scaling) : undefined;
  if (objective !== undefined) checkWatchedMetrics(spec, Object.keys(objective.finalizers), state.context);
  if (mode === "training" && failedLayers.size === 0)
    checkParameterPatterns(spec.optimizer, state.ports(), state.context);
  if (mode === "training" && failedLayers.size === 0) checkAdapt(spec, state.ports(), state.context);
  if (mode === "training") checkOptimizers(spec, failedLayers.size === 0 ? state.ports() : [], state.context);
  if (objective === undefined || state.hasUnknownSizes() || state.problems().length > 0)
    return { ok: false, problems: state.problems().map((problem) => withHorizonHint(problem, spec)) };

  const predictionOf = ({ loss }: ModelOutput, value: Value) => scaling?.unscaleOutputs(value, loss) ?? value;
  const outputs: readonly Output[] = [
    ...objective.outputs,
    ...outputWires.map(({ output, wire: { value, sequence } }) => ({
      port: { name: output.port, role: "prediction" as const },
      value: predictionOf(output, sequence ? swapBatchAndTime(b, value) : value),
    })),
    ...state.nextBuffers().map(([name, value]) => ({ port: { name, role: "buffer" as const }, value })),
    ...[...state.finalStates()].map(([name, value]) => ({ port: { name, role: "state" as const }, value })),
  ];
  const program = finishProgram(state, objective, outputs);
  return { ok: true, program: { ...program, layers: layerOutputs, attention: attentionOutputs(spec, wires, state) } };
}

function attentionOutputs(
  { model }: NormalSpec,
  wires: ReadonlyMap<string, Wire>,
  { context, attentionWeights }: ElaborationState,
): readonly AttentionOutput[] {
  const stepsOf = (name: string | undefined) => {
    const mask = name === undefined ? undefined : wires.get(name)?.mask;
    return mask ? context.lengthsOf(mask) : null;
  };
  return [...attentionWeights()].map(([layer, weights]) => {
    const { from } = expectDefined(
      model.find(({ name }) => name === layer),
      "an attention layer",
    );
    return { layer, weights, querySteps: stepsOf(from[0]), memorySteps: stepsOf(from[1] ?? from[0]) };
  });
}

function elaborateLayer(
  layer: NormalLayer,
  wires: ReadonlyMap<string, Wire>,
  { context }: ElaborationState,
): Wire | undefined {
  // A layer that failed has no wire.
  const inputs = layer.from.flatMap((name) => wires.get(name) ?? []);
  if (inputs.length < layer.from.length) return undefined;
  const definition: LayerDefinition<never> | CombiningDefinition<never> = layers[layer.layer];
  const maxInputs =
    "combine" in definition ? definition.maxInputs : (definition.maxInputs?.(layer as never, context) ?? 1);
  if (inputs.length > maxInputs)
    return context.problem({
      part: layer,
      key: "from",
      code: "input-count",
      message: `${layer.name} reads ${formatCount(maxInputs, "layer")}, but "from" names ${inputs.length}.`,
      hint:
        maxInputs === 1
          ? 'Combine them first with a "concat" or "add" layer.'
          : 'For example "from": ["encoder", "decoder"].',
    });
  if ("combine" in definition) return definition.combine(layer as never, inputs, context);
  return definition.elaborate(layer as never, at(inputs, 0), context, inputs.slice(1));
}
