/** Elaboration: a normalized spec becomes the forward graph, layer by layer, then loss and metrics. */
import type { Problem } from "../../schema/diagnostics.js";
import type { NormalLayer, NormalLoss, NormalSpec } from "../../schema/normal.js";
import type { Origins } from "../../schema/origins.js";
import type { Initializer } from "../artifact.js";
import { graphBuilder } from "../graph/build.js";
import { staticShape } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { ArraySignature, Signature } from "../signature.js";
import { type Context, type LayerDefinition, repeatFirstStep, type Wire } from "./context.js";
import { layers } from "./layers/index.js";
import { losses } from "./losses/index.js";
import type { LossDefinition, LossOperands } from "./losses/loss.js";
import { metrics } from "./metrics/index.js";
import type { InputPort, LayerOutput, OutputPort, Program } from "./program.js";

export type Elaboration =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The size that a spec's word stands for, when the data does not know it yet, is the word itself: a symbol. */
const nowhere: Origins = { pathOf: () => "" };

export function elaborate(spec: NormalSpec, signature: Signature, origins: Origins = nowhere): Elaboration {
  const b = graphBuilder(spec.name);
  const problems = new Map<string, Problem>();
  const report = (problem: Problem): void => {
    problems.set(JSON.stringify([problem.path, problem.offset, problem.code, problem.message]), problem);
  };

  const parameters = new Map<string, { readonly value: Value; readonly initializer: Initializer | null }>();
  const data = new Map<string, Value>();
  const finals = new Map<string, Value>();
  const feed = (name: string, { dtype, shape }: ArraySignature): Value => {
    const value = b.input(name, { dtype, shape });
    data.set(name, value);
    return value;
  };
  /** Batch-major data as the graph runs it. */
  const timeMajor = (value: Value): Value => {
    const rank = value.type.shape.length;
    return b.transpose(value, [1, 0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2)]);
  };

  const given = feed("inputs", signature.inputs);
  const isSequence = signature.inputs.dtype !== "float32" || signature.inputs.shape.length > 2;
  const steps = isSequence ? timeMajor(given) : given;
  const live = signature.lengths && isSequence ? liveSteps(feed("lengths", signature.lengths), steps) : null;
  const input: Wire = {
    value: repeatFirstStep(steps, { b, live }),
    sequence: isSequence,
    logits: null,
    padding: "first step",
  };

  function liveSteps(lengths: Value, sequence: Value): Value {
    const steps = b.unsqueeze(b.range(sequence.type.shape[0] ?? 1), [1]);
    const alive = b.less(steps, b.unsqueeze(b.cast(lengths, "int64"), [0]));
    return b.named(b.unsqueeze(alive, [2]), "live");
  }

  const context: Context = {
    b,
    signature,
    cells: spec.cells,
    live,
    report,
    pathOf: origins.pathOf,
    problem({ part, key, ...rest }) {
      report({ ...rest, path: origins.pathOf(part, key) });
      return undefined;
    },
    parameter(name, shape, initializer) {
      const known = parameters.get(name);
      if (known !== undefined) return known.value;
      const sizes = staticShape(shape);
      const value = b.input(name, { dtype: "float32", shape });
      parameters.set(name, { value, initializer: sizes === undefined ? null : initializer(sizes) });
      return value;
    },
    size(size, part, key) {
      if (typeof size === "number") return size;
      const known = signature.sizes[size];
      if (known !== undefined) return known;
      return context.problem({
        part,
        key,
        code: "unknown-size",
        message: `the data has no size called "${size}"`,
        hint: `Write a whole number, or one of ${Object.keys(signature.sizes)
          .map((name) => `"${name}"`)
          .join(", ")}.`,
      });
    },
    initialState(name, shape) {
      const fed = signature.initial_states?.[name];
      return fed === undefined ? b.expand(b.scalar(0), shape) : (data.get(name) ?? feed(name, fed));
    },
    finalState(name, value) {
      finals.set(name, value);
    },
  };

  const layerOutputs: LayerOutput[] = [];
  let wire: Wire | undefined = input;
  for (const layer of spec.model) {
    wire = (layers[layer.layer] as LayerDefinition<NormalLayer>).elaborate(layer, wire, context);
    if (wire === undefined) break;
    layerOutputs.push({ name: layer.name, layer: layer.layer, shape: batchMajorShape(wire), value: wire.value });
  }

  const outputs: { readonly port: OutputPort; readonly value: Value }[] = [];
  const finishes: Record<string, "identity" | "exp" | "sqrt"> = {};
  if (wire !== undefined) elaborateLoss(wire);
  if (problems.size > 0) return { ok: false, problems: [...problems.values()] };

  function elaborateLoss(output: Wire): void {
    const perStep = (value: Value): Value => (output.sequence ? timeMajor(value) : value);
    const targets = feed("targets", signature.targets);
    if (output.sequence && signature.targets.shape.length < 2) {
      context.problem({
        part: spec.loss,
        key: "type",
        code: "target-shape",
        message: `the model puts out one value per step, but the targets are one per sequence, [${signature.targets.shape.join(", ")}]`,
        hint: 'Write "return": "last" in the last rnn layer.',
      });
      return;
    }
    const weights = signature.weights && feed("weights", signature.weights);
    if (weights !== undefined && output.sequence !== weights.type.shape.length > 1) {
      context.problem({
        part: spec.data,
        key: "weights",
        code: "weight-shape",
        message: `the weights are [${weights.type.shape.join(", ")}], but the loss has one entry per ${output.sequence ? "step" : "sequence"}`,
        hint: `Give weights of shape [${output.sequence ? "batch, time" : "batch"}].`,
      });
      return;
    }
    const operands: LossOperands = {
      wire: output,
      targets: perStep(targets),
      weights: weights === undefined ? null : perStep(weights),
      live: live !== null && output.sequence ? b.cast(b.squeeze(live, [2]), "float32") : null,
    };
    const definition = losses[spec.loss.type] as LossDefinition<NormalLoss>;
    const loss = definition.elaborate(spec.loss, operands, context);
    if (loss === undefined) return;
    // A loss with an average switched off is differentiated as the sum of its values.
    const scalar = loss.value.type.shape.length === 0 ? loss.value : b.sum(loss.value);
    outputs.push({ port: { name: "loss", role: "loss" }, value: b.named(scalar, "loss") });
    const pair = (name: string, total: Value, count: Value) => {
      const both = b.concat([b.unsqueeze(total, [0]), b.unsqueeze(count, [0])], 0);
      outputs.push({ port: { name: `metrics/${name}`, role: "metric" }, value: both });
    };
    pair("loss", loss.total, loss.count);
    finishes.loss = "identity";
    for (const name of definition.metrics) {
      const metric = metrics[name].elaborate(operands, loss, context);
      if (metric === undefined) continue;
      pair(name, metric.total, metric.count);
      finishes[name] = metrics[name].finish;
    }
    outputs.push({ port: { name: "outputs", role: "prediction" }, value: perStep(output.value) });
    for (const [name, value] of finals) outputs.push({ port: { name, role: "state" }, value });
  }

  const graph = b.finish(outputs.map(({ value }) => value));
  const inputs: (InputPort & { readonly value: Value })[] = [
    ...[...parameters].map(([name, { value, initializer }]) => ({
      name,
      role: "parameter" as const,
      initializer,
      value,
    })),
    ...[...data].map(([name, value]) => ({ name, role: "data" as const, initializer: null, value })),
  ];
  return {
    ok: true,
    program: {
      graph: { ...graph, inputs: inputs.map(({ value }) => value) },
      inputs: inputs.map(({ name, role, initializer }) => ({ name, role, initializer })),
      outputs: outputs.map(({ port }) => port),
      layers: layerOutputs,
      metrics: finishes,
    },
  };
}

function batchMajorShape({ value, sequence }: Wire): readonly (number | string)[] {
  const [first, second, ...rest] = value.type.shape;
  return sequence ? [second ?? "batch", first ?? "time", ...rest] : value.type.shape;
}
