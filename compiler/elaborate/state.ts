/** The state of one elaboration: the graph under construction, its ports, and the problems found. */
import type { Problem } from "../../schema/diagnostics/index.js";
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import { joinWithAnd, quote } from "../../schema/diagnostics/suggest.js";
import { adaptOf, factors } from "../../schema/kinds/adapters.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import type { EquationDefinition, NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import type { Initializer } from "../artifact.js";
import { graphBuilder } from "../graph/builder.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import { evaluateDim } from "../ir/dims.js";
import { expectDefined } from "../ir/expect.js";
import { staticShape } from "../ir/tensor.js";
import type { Shape, Value } from "../ir/types.js";
import { checkActivations, checkActivationUses } from "../language/check/activations.js";
import { checkDefinition } from "../language/check/index.js";
import { functionTable } from "../language/functions/index.js";
import { type ArraySignature, classesSize, type Signature, vocabularySize } from "../signature.js";
import { adapted } from "./adapt.js";
import { shapesAgree } from "./compare-sizes.js";
import type { Affine, CellStates, Context, ElaborationOptions, Mode, Shard } from "./context.js";
import type { InputPort } from "./program.js";
import type { Wire } from "./wire.js";

export interface ElaborationState {
  readonly context: Context;
  /** The data input of a name, opened on first use. */
  feed(name: string, array: ArraySignature): Value;
  /** The weight of another program of the same model. */
  openWeight(port: InputPort, type: Value["type"]): Value;
  /** The counts of the losses over the whole batch, float32 [losses]. */
  feedCounts(losses: number): Value;
  beginLayer(layer: NormalLayer): void;
  /** Records the output of a layer. */
  endLayer(layer: NormalLayer, wire: Wire): void;
  problems(): readonly Problem[];
  notices(): readonly string[];
  /** True where sizes that must agree depend on the data: without problems, but without a program. */
  hasUnknownSizes(): boolean;
  /** Ports in the order of their roles: parameters, frozen, buffers, states, step, shard, count, data. */
  ports(): readonly (InputPort & { readonly value: Value })[];
  finalStates(): ReadonlyMap<string, Value>;
  /** The weights of attention layers. */
  attentionWeights(): ReadonlyMap<string, Value>;
  /** The values of the buffers after a training step, in the order of their inputs. */
  nextBuffers(): readonly (readonly [string, Value])[];
}

export function startElaboration(
  spec: NormalSpec,
  signature: Signature,
  mode: Mode,
  origins: SourceMap,
  { partialBatch, recurrences, integerBits, cacheSteps, blockSteps }: ElaborationOptions,
): ElaborationState {
  const b = graphBuilder(spec.name);
  // Each problem once, and each position in an equation once, for all uses of its cell.
  const problems = new Map<string, Problem>();
  const notices = new Set<string>();
  const report = (problem: Problem): void => {
    const { path, offset, code, message } = problem;
    const key = JSON.stringify(offset === undefined ? [path, code, message] : [path, code, offset]);
    if (!problems.has(key)) problems.set(key, problem);
  };
  const functions = functionTable(spec.activations);
  checkActivations(spec.activations, functions, origins.pathOf, report);
  checkActivationUses(spec.model, spec.activations, functions, origins.pathOf, report);
  const soundNames = (definitions: Readonly<Record<string, EquationDefinition>>, kind: "cell" | "layer") => {
    const sound = Object.entries(definitions).filter(([, definition]) =>
      checkDefinition(definition, kind, functions, origins.pathOf(definition), report),
    );
    return new Set(sound.map(([name]) => name));
  };
  const inputs = new Map<string, InputPort & { readonly value: Value }>();
  const finalStates = new Map<string, Value>();
  const nextBuffers = new Map<string, Value>();
  const layers = new Map<string, { readonly layer: NormalLayer; readonly wire: Wire }>();
  const states = new Map<string, readonly CellStates[]>();
  const attentionWeights = new Map<string, Value>();
  const masks = new Map<Value, Value>();
  const affines = new Map<Value, Affine>();
  let currentLayer: NormalLayer | undefined;
  /** The layer whose parameters the current layer has to use, and has not yet. */
  let unreadOwner: string | null = null;
  /** Layers unlike the one whose parameters they use: only the first difference is reported. */
  const unlikeOwner = new Set<NormalLayer>();
  let hasUnknownSizes = false;

  const openInput = (
    name: string,
    role: InputPort["role"],
    type: Value["type"],
    initializer: Initializer | null = null,
  ): Value => {
    const existing = inputs.get(name);
    if (existing !== undefined) return existing.value;
    const value = b.input(name, type);
    inputs.set(name, { name, role, initializer, value });
    return value;
  };

  const openFactor = (name: string, shape: Shape, initializer: Initializer) =>
    openInput(name, "parameter", { dtype: "float32", shape }, initializer);

  /** The layer whose parameters the current layer uses; null without one, or where that one failed. */
  const finishedOwner = (): string | null => {
    const owner = currentLayer !== undefined && "weights" in currentLayer ? currentLayer.weights : null;
    return owner !== null && layers.has(owner) ? owner : null;
  };
  const reportOwner = (message: string, alike: "sizes" | "options"): void => {
    if (currentLayer === undefined || unlikeOwner.has(currentLayer)) return;
    unlikeOwner.add(currentLayer);
    const hint = `Give both layers the same ${alike}, or remove "weights".`;
    context.problem({ part: currentLayer, key: "weights", code: "shared-weights", message, hint });
  };

  const knownSteps = new Map(Object.entries(signature.side_steps ?? {}));
  if (signature.steps !== undefined) knownSteps.set("time", signature.steps);

  /** The names of the targets whose outputs depend on a layer. */
  const targetsBehind = (name: string): readonly string[] => {
    const readers = outputsOf(spec).filter(({ model }) => model.some((layer) => layer.name === name));
    return [...new Set(readers.map(({ loss }) => loss.target))];
  };

  const shardScalar = (index: number) => {
    const rows = openInput("shard", "shard", { dtype: "int64", shape: [2] });
    return b.reshape(b.slice(rows, 0, index, index + 1), []);
  };
  const shard: Shard = { firstRow: () => shardScalar(0), batchSize: () => shardScalar(1) };

  const context: Context = {
    b,
    mode,
    shard: partialBatch ? shard : null,
    recurrences,
    integerBits,
    cacheSteps,
    blockSteps,
    seed: spec.seed,
    functions,
    cells: spec.cells,
    layers: spec.layers,
    soundCells: soundNames(spec.cells, "cell"),
    soundLayers: soundNames(spec.layers, "layer"),
    report,
    notice: (text) => notices.add(text),
    pathOf: origins.pathOf,
    problem({ part, key, ...rest }) {
      report({ ...rest, path: origins.pathOf(part, key) });
      return undefined;
    },
    parameter(name, shape, initializer) {
      const sizes = staticShape(shape);
      const type = { dtype: "float32", shape } as const;
      const role = mode === "training" && !isTrained(name, spec) ? "frozen" : "parameter";
      // A placeholder of the expected shape, to find further problems: elaboration returns no program.
      const placeholder = () => b.input(name, type);
      const owner = finishedOwner();
      const isOwners = owner !== null && name.startsWith(`${owner}/`);
      if (isOwners) unreadOwner = null;
      if (isOwners && !inputs.has(name)) {
        reportOwner(`${currentLayer?.name} needs ${name}, but ${owner} has no such parameter.`, "options");
        return placeholder();
      }
      const value = openInput(name, role, type, sizes === undefined ? null : initializer(sizes));
      const isSameShape = shapesAgree(value.type.shape, shape);
      if (isSameShape === true) return adapted(b, spec, name, value, openFactor);
      hasUnknownSizes ||= isSameShape === undefined;
      if (isSameShape === false)
        reportOwner(
          `${name} has shape [${value.type.shape.join(", ")}], but ${currentLayer?.name} needs [${shape.join(", ")}].`,
          "sizes",
        );
      return placeholder();
    },
    buffer(name, shape, initializer) {
      const sizes = staticShape(shape);
      const role = mode === "training" && !isTrained(name, spec) ? "frozen" : "buffer";
      return openInput(name, role, { dtype: "float32", shape }, sizes === undefined ? null : initializer(sizes));
    },
    setNextBuffer(name, value) {
      nextBuffers.set(name, value);
    },
    isTraining: ({ name }) => mode === "training" && isTrained(`${name}/`, spec),
    size(size, part, key) {
      if (typeof size === "number") return size;
      const [source = ""] = currentLayer?.from ?? [];
      const ofInput = size === "vocabulary" ? signature.sizes[vocabularySize(source)] : undefined;
      const existing = ofInput ?? signature.sizes[size];
      if (existing !== undefined) return existing;
      const targets = size === "classes" && currentLayer !== undefined ? targetsBehind(currentLayer.name) : [];
      const ofTarget = targets.length === 1 ? signature.sizes[classesSize(targets[0] ?? "")] : undefined;
      if (ofTarget !== undefined) return ofTarget;
      const isNamed = size === "classes" && Object.keys(signature.sizes).some((name) => name.startsWith("classes/"));
      if (isNamed) {
        const subject = `The size "classes" of ${currentLayer?.name}`;
        const message =
          targets.length === 0
            ? `${subject} is that of no target: no loss depends on the layer.`
            : `${subject} is ambiguous: the targets ${joinWithAnd(targets.map(quote))} depend on the layer.`;
        return context.problem({ part, key, code: "ambiguous-size", message, hint: "Write an integer." });
      }
      const names = Object.keys(signature.sizes).flatMap((name) => (name.includes("/") ? [] : [`"${name}"`]));
      return context.problem({
        part,
        key,
        code: "unknown-size",
        message: `The data defines no size "${size}".`,
        hint: `Write an integer, or one of ${names.join(", ")}.`,
      });
    },
    isTrainedValue(value) {
      const { live } = restrictGraph({ name: "", inputs: [], nodes: b.nodes, outputs: [] }, [value]);
      return [...inputs.values()].some((port) => port.role === "parameter" && live.has(port.value));
    },
    stepsOf: (time) => evaluateDim(time, knownSteps),
    step: () => openInput("step", "step", { dtype: "int64", shape: [] }),
    inputState(name, shape, stateful) {
      const declared = signature.initial_states?.[name];
      const isCarried = mode === "stream" || (stateful && (mode === "training" || mode === "evaluation"));
      if (isCarried) return openInput(name, "state", { dtype: "float32", shape });
      const hasSameShape = declared !== undefined && shapesAgree(declared.shape, shape) === true;
      return hasSameShape ? openInput(name, "data", { dtype: declared.dtype, shape: declared.shape }) : undefined;
    },
    outputState(name, value) {
      finalStates.set(name, value);
    },
    lengthsOf: (mask) => expectDefined(masks.get(mask), "the lengths of a mask"),
    recordMask(mask, lengths) {
      masks.set(mask, lengths);
    },
    recordAffine(value, affine) {
      affines.set(value, affine);
    },
    affineBehind: (value) => affines.get(value),
    earlierLayer: (name) => layers.get(name),
    statesOf: (layer) => states.get(layer),
    recordStates(layer, cells) {
      states.set(layer, cells);
    },
    recordAttention(layer, weights) {
      attentionWeights.set(layer, weights);
    },
  };
  const order: readonly InputPort["role"][] = [
    "parameter",
    "frozen",
    "buffer",
    "state",
    "step",
    "shard",
    "count",
    "data",
  ];
  return {
    context,
    feed: (name, { dtype, shape }) => openInput(name, "data", { dtype, shape }),
    openWeight: ({ name, role, initializer }, type) => openInput(name, role, type, initializer),
    feedCounts: (losses) => openInput("loss/counts", "count", { dtype: "float32", shape: [losses] }),
    beginLayer(layer) {
      currentLayer = layer;
      unreadOwner = finishedOwner();
    },
    endLayer(layer, wire) {
      layers.set(layer.name, { layer, wire });
      if (unreadOwner !== null && [...inputs.keys()].some((name) => name.startsWith(`${unreadOwner}/`)))
        reportOwner(`${layer.name} uses no parameter of ${unreadOwner}.`, "options");
    },
    problems: () => [...problems.values()],
    notices: () => [...notices],
    hasUnknownSizes: () => hasUnknownSizes,
    ports: () => order.flatMap((role) => [...inputs.values()].filter((port) => port.role === role)),
    finalStates: () => finalStates,
    attentionWeights: () => attentionWeights,
    nextBuffers: () =>
      [...inputs.keys()].flatMap((name) => {
        const next = nextBuffers.get(name);
        return next === undefined ? [] : [[name, next] as const];
      }),
  };
}

/**
 * True for a parameter of a trainable layer or cell that is not adapted, and for factors of adapters. Public names begin with `<layer>/`, in an rnn layer
 * `<layer>/<cell>/`.
 */
export function isTrained(name: string, spec: Pick<NormalSpec, "model" | "adapt">): boolean {
  if (name.endsWith(factors.a) || name.endsWith(factors.b)) return true;
  const isFrozen = spec.model.some((layer) => frozenPrefixes(layer).some((prefix) => name.startsWith(prefix)));
  return !isFrozen && adaptOf(spec, name) === undefined;
}

function frozenPrefixes(layer: NormalLayer): readonly string[] {
  if (layer.layer === "rnn")
    return layer.cells.flatMap(({ trainable }, index) => (trainable ? [] : [`${layer.name}/${index}/`]));
  const isFrozen = "trainable" in layer && (!layer.trainable || (layer.layer === "onnx" && layer.adapt !== null));
  return isFrozen ? [`${layer.name}/`] : [];
}
