/** Locates the first value of a training step that is not finite: repeats the step with a probe for every value. */
import type { Tensor } from "onnxruntime-common";
import type { NonFiniteValue, Probe, ProbedValue } from "../../compiler/inspect/finiteness.js";
import type { Signature } from "../../compiler/signature.js";
import { lossName } from "../../schema/kinds/losses.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Batch } from "../data/source.js";
import { feedsFor } from "../sessions/ports.js";
import { openSession } from "../sessions/session.js";
import type { NumericArray } from "../tensors/array.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { Trainer } from "./trainer.js";

export interface NonFiniteOrigin {
  /** "c' of rnn/0, at time step 3", "the gradient of rnn/0/U". */
  readonly description: string;
  /** The path of the layer or the equation in the normalized spec. */
  readonly path: string;
  /** The operation that produced the value, and a remedy; empty where it is not obvious. */
  readonly cause: string;
}

/** Causes by primitive that maps finite values to others. */
const causes: Readonly<Record<string, string>> = {
  Div: "It divides by zero or by a very small number.",
  Log: "It takes the logarithm of zero or of a negative number: keep the operand positive, as in log(max(x, 1e-6)).",
  Sqrt: "It takes the square root of a negative number: keep the operand positive, as in sqrt(max(x, 1e-6)).",
  Exp: "exp overflows above 88: bound the operand, as in exp(min(x, 20)).",
  Pow: "A power is too large, or its base is negative.",
};

/** Causes by primitive whose derivative is not finite where the primitive is. */
const derivativeCauses: Readonly<Record<string, string>> = {
  Sqrt: "The derivative of a square root is infinite at 0: keep the operand positive, as in sqrt(max(x, 1e-6)).",
  Pow: "The derivative of a power below 1 is infinite at 0: keep the base positive, as in max(x, 1e-6) ^ 0.5.",
  Div: "It divides by the square of a very small number.",
};

/**
 * @param trainer with the state before the step.
 * @param step from 1.
 * @param batch of this step.
 * @returns undefined where the step cannot be repeated, or all of its values are finite.
 */
export async function locateNonFinite(
  spec: NormalSpec,
  signature: Signature,
  trainer: Pick<Trainer, "tensors">,
  step: number,
  batch: Batch,
): Promise<NonFiniteOrigin | undefined> {
  try {
    const { firstNonFinite, probe, probeUpdate } = await import("../../compiler/inspect/finiteness.js");
    const state = {
      parameters: await trainer.tensors("parameter"),
      slots: await trainer.tensors("slot"),
      states: await trainer.tensors("state"),
    };
    for (const compileProbe of [probe, probeUpdate]) {
      const probeModel = await compileProbe(spec, signature);
      if (probeModel === undefined) continue;
      const session = await openSession(probeModel.model, "cpu", Number.POSITIVE_INFINITY);
      if (!session.ok) return undefined;
      for (let microBatch = 0; microBatch < probeModel.microBatches; microBatch++) {
        const outputs = await session.value.session.run(probeFeeds(probeModel, state, step - 1, batch, microBatch));
        const nonFinite = firstNonFiniteOutput(probeModel, outputs, firstNonFinite);
        if (nonFinite !== undefined) return describeOrigin(spec, nonFinite);
      }
    }
  } catch {
    // A failure here must not replace the message about the divergence: there may be too little memory for the probes.
  }
  return undefined;
}

function probeFeeds(
  { inputs, microBatches }: Probe,
  { parameters, slots, states }: Readonly<Record<"parameters" | "slots" | "states", Tensors>>,
  updates: number,
  batch: Batch,
  microBatch: number,
): Readonly<Record<string, Tensor>> {
  const stepCount = BigInt64Array.of(BigInt(updates));
  const batchRows = batch.values().next().value?.shape[0] ?? 0;
  const position = BigInt64Array.of(BigInt((microBatch * batchRows) / microBatches), BigInt(batchRows));
  return feedsFor(inputs, ({ name, role }) => {
    if (role === "step") return { dtype: "int64", shape: [], data: stepCount };
    if (role === "shard") return { dtype: "int64", shape: [2], data: position };
    if (role === "rate_scale") return { dtype: "float32", shape: [], data: Float32Array.of(1) };
    const array = role === "data" ? batch.get(name) : undefined;
    if (array !== undefined) return microBatchOf(array, microBatches, microBatch);
    // With weight averaging the weights that are updated are in a slot, from the first update on.
    const latest = updates > 0 ? slots.get(`${name}/latest`) : undefined;
    const tensor = latest ?? parameters.get(name) ?? states.get(name) ?? slots.get(name);
    return tensor && { dtype: "float32", ...tensor };
  });
}

function microBatchOf(array: NumericArray, count: number, index: number): NumericArray {
  const [rows = 0, ...rest] = array.shape;
  const elements = array.data.length / count;
  const data = array.data.subarray(index * elements, (index + 1) * elements);
  return { ...array, shape: [rows / count, ...rest], data } as NumericArray;
}

function firstNonFiniteOutput(
  { probeOutputs }: Probe,
  outputs: Readonly<Record<string, Tensor>>,
  firstNonFinite: typeof import("../../compiler/inspect/finiteness.js").firstNonFinite,
): NonFiniteValue | undefined {
  return firstNonFinite(probeOutputs, (group) => {
    const { output = "", values = [], direction = null } = probeOutputs[group] ?? {};
    const { data } = outputs[output] ?? { data: [] };
    const length = data.length / values.length;
    for (let position = 0; position < length; position++) {
      const timeStep = direction === "backward" ? length - 1 - position : position;
      const probed = values.find((_, index) => !Number.isFinite(Number(data[index * length + timeStep])));
      if (probed !== undefined) return { probed, timeStep: direction === null ? null : timeStep + 1 };
    }
    return undefined;
  });
}

/** A value of the probe in words, with its path. */
export function describeOrigin(spec: NormalSpec, { probed, timeStep }: NonFiniteValue): NonFiniteOrigin {
  const { description, layer, equation, operator, origin, isDerivative } = probed;
  return {
    description: timeStep === null ? description : `${description}, at time step ${timeStep}`,
    path: origin ? originPath(spec, origin) : equationPath(spec, layer, equation?.target ?? null, equation?.cell),
    cause: (isDerivative && derivativeCauses[operator]) || (causes[operator] ?? ""),
  };
}

/** The path of an equation of the spec; of its definition where a variant has it. */
function originPath(
  { losses, layers, activations, optimizers }: NormalSpec,
  { kind, name, target }: NonNullable<ProbedValue["origin"]>,
): string {
  const index = losses.findIndex((one) => lossName(one) === name);
  const loss = losses[index];
  const [path, definition] =
    kind === "loss"
      ? [`/losses/${index}`, loss?.type === "custom" ? loss.definition : undefined]
      : [`/${kind}s/${name}`, { layer: layers, optimizer: optimizers, activation: activations }[String(kind)]?.[name]];
  const equation = definition?.equations.findIndex((text) => assignsName(text, target)) ?? -1;
  if (equation < 0) return path;
  return kind === "loss" ? `${path}/definition/equations/${equation}` : `${path}/equations/${equation}`;
}

/**
 * The path of the equation that sets a name in a layer, of the layer where it has none, or of the loss for no layer.
 *
 * @param cell the index of a recurrent layer's cell; by default the first with such an equation.
 */
export function equationPath(spec: NormalSpec, layer: string | null, target: string | null, cell?: number): string {
  const index = spec.model.findIndex(({ name }) => name === layer);
  const definition = spec.model[index];
  if (definition === undefined) return "/loss";
  const cells = definition.layer === "rnn" ? definition.cells.filter((_, at) => cell === undefined || at === cell) : [];
  const definitions = [
    ...cells.map((use) => ({ path: `/cells/${use.cell}`, equations: spec.cells[use.cell]?.equations ?? [] })),
    ...(definition.layer === "custom"
      ? [{ path: `/layers/${definition.type}`, equations: spec.layers[definition.type]?.equations ?? [] }]
      : []),
  ];
  // The value of a layer has the name of the layer in place of its output.
  const names = [
    target,
    ...(target === layer && definition.layer === "custom" ? [spec.layers[definition.type]?.output] : []),
  ];
  const paths = definitions.flatMap(({ path, equations }) =>
    names.flatMap((name) => {
      const equation = equations.findIndex((text) => assignsName(text, name ?? ""));
      return equation < 0 ? [] : [`${path}/equations/${equation}`];
    }),
  );
  return paths[0] ?? `/model/${index}`;
}

/** True where an equation assigns the name: it may assign several. */
function assignsName(equation: string, name: string): boolean {
  const [leftSide = ""] = equation.split("=");
  return leftSide.split(",").some((target) => target.trim() === name);
}
