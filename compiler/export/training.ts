/**
 * The training of an exported model, as ONNX's own `training_info`: a graph of first values, a graph of one call of the training
 * step, and which of their outputs become which initializers. The model's own graph stays what it is.
 *
 * Both graphs share one space of names with the model's: what they add begins with `/training/`, as no layer's name does.
 */
import type { NormalSpec } from "../../schema/normal.js";
import type { Port, Role, StoredTensor } from "../artifact.js";
import { trainingGraph } from "../elaborate/repeat.js";
import { emitModel } from "../emit/onnx.js";
import { graphOf, type TrainingInfo } from "../emit/training.js";
import { type Weight, withWeights } from "../emit/weights.js";
import { present } from "../ir/present.js";
import { lower } from "../lower.js";
import { makeManifest, trainingPorts } from "../manifest.js";
import { runPasses, tidy } from "../passes/index.js";
import type { Signature } from "../signature.js";
import { initializationGraph, type Starting } from "./initialization.js";
import { trainingName, trainingPrefix } from "./training-names.js";

/** A training as it stands: all that an update reads and writes besides the data. */
export interface Standing {
  readonly step: number;
  /** By public name. */
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** Of stateful layers, [batch, size]. */
  readonly states: Tensors;
}

type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** Carried from step to step, or read by all steps: initializers, not inputs. */
const kept: readonly Role[] = ["parameter", "frozen", "slot", "state", "step"];
/** Those that a step changes. */
const changed: readonly Role[] = ["parameter", "slot", "state", "step"];

/** @param inModel names of the parameters that are initializers of the model's own graph. */
export async function trainingInfo(
  spec: NormalSpec,
  signature: Signature,
  standing: Standing,
  opset: number,
  inModel: ReadonlySet<string>,
): Promise<TrainingInfo> {
  const lowering = lower(spec, signature);
  if (!lowering.ok) throw new Error(lowering.problems.map(({ message }) => message).join("; "));
  const { program, step } = lowering.lowered;
  const graph = runPasses(trainingGraph(step), tidy, { expected: new Map() });
  const ports = trainingPorts(program, step, graph);
  const none = { train: ports, eval: ports, model: ports, stream: null, shard: null };
  const about = { name: spec.name, rnnx: "", hash: "", opset: { training: opset, inference: opset } };
  const { parameters, slots } = makeManifest(program, step, none, about);

  const initializers = ports.inputs.filter(({ role }) => kept.includes(role));
  const model = await emitModel(graph, {
    name: `${spec.name}/training`,
    opset,
    irVersion: 8,
    inputs: ports.inputs.map(trainingName),
    outputs: ports.outputs.map(({ name }) => trainingPrefix + name),
    initializers: initializers.map(trainingName),
    prefix: trainingPrefix,
  });
  const weights = initializers
    .filter((port) => !inModel.has(trainingName(port)))
    .map((port) => weightOf(port, standing));
  const starting = startingOf(ports.inputs, parameters, slots, standing);
  const first = (name: string) => `${trainingPrefix}first/${name}`;
  return {
    initialization: initializationGraph(`${spec.name}/initialization`, starting, first, spec.seed),
    algorithm: graphOf(withWeights(model, weights)),
    initializationBinding: starting.map(({ name }) => [name, first(name)]),
    updateBinding: updatesOf(ports.inputs, ports.outputs),
  };
}

function updatesOf(inputs: readonly Port[], outputs: readonly Port[]): readonly (readonly [string, string])[] {
  return inputs.flatMap((port) => {
    if (!changed.includes(port.role)) return [];
    const output = outputs.find(({ name, role }) => role === port.role && name === `next/${port.name}`);
    return [[trainingName(port), trainingPrefix + present(output, `what ${port.name} becomes`).name] as const];
  });
}

function weightOf({ name, role }: Port, { step, parameters, slots, states }: Standing): Weight {
  const own = trainingName({ name, role });
  if (role === "step") return { name: own, dtype: "int64", shape: [], data: bytesOf(BigInt64Array.of(BigInt(step))) };
  const tensor = { parameter: parameters, frozen: parameters, slot: slots, state: states }[
    role as "parameter" | "frozen" | "slot" | "state"
  ].get(name);
  return { name: own, dtype: "float32", ...present(tensor, `${name} of the training`) };
}

function bytesOf({ buffer, byteOffset, byteLength }: BigInt64Array): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** How everything that the training keeps starts. Slots and states start at one number. */
function startingOf(
  inputs: readonly Port[],
  parameters: readonly StoredTensor[],
  slots: readonly StoredTensor[],
  { states }: Standing,
): readonly Starting[] {
  const stored = new Map([...parameters, ...slots].map((tensor) => [tensor.name, tensor]));
  const zero = { type: "constant", value: 0 } as const;
  return inputs
    .filter(({ role }) => kept.includes(role))
    .map((port): Starting => {
      const name = trainingName(port);
      if (port.role === "step") return { name, shape: [], initializer: zero, dtype: "int64" };
      const carried = { shape: states.get(port.name)?.shape ?? [], initializer: zero };
      const { shape, initializer } = stored.get(port.name) ?? carried;
      return { name, shape, initializer, dtype: "float32" };
    });
}
