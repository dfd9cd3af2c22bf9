/**
 * The training of an exported model as ONNX's `training_info`: a graph of initial values, a graph of one call of the
 * training step, and the initializers that their outputs replace. The model's own graph is unchanged.
 *
 * Both graphs share a namespace with the model's graph: their names start with `/training/`, which no layer name does.
 */

import type { NormalSpec } from "../../schema/normal/index.js";
import type { Port, Role, StoredTensor } from "../artifact.js";
import { expectDefined } from "../ir/expect.js";
import { graphBytes, type TrainingInfo } from "../onnx/splice/training-info.js";
import { bytesOf, type Weight, withWeights } from "../onnx/splice/weights.js";
import { IR_VERSION } from "../onnx/versions.js";
import { emitModel } from "../onnx/write/model.js";
import { canonicalize, runPasses } from "../optimize/pipeline.js";
import { makeManifest, trainingPorts } from "../pipeline/manifest.js";
import { buildTrainingStep } from "../pipeline/training-step.js";
import type { Signature } from "../signature.js";
import { trainingGraph } from "../training/step-loop.js";
import type { Tensors } from "./fold-weights.js";
import { type InitializedTensor, initializationGraph } from "./initializer-graph.js";
import { trainingName, trainingPrefix } from "./training-names.js";

/** The state of a training: all that an update reads and writes in addition to the data. */
export interface TrainingState {
  readonly step: number;
  /** By public name. */
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** Of stateful layers, [batch, size]. */
  readonly states: Tensors;
}

/** Roles that are initializers and not inputs: carried from step to step, or read by all steps. */
const initializerRoles: readonly Role[] = ["parameter", "frozen", "buffer", "slot", "state", "step"];
/** Roles that a step changes. */
const updatedRoles: readonly Role[] = ["parameter", "buffer", "slot", "state", "step"];

/** @param modelParameters names of the parameters that are initializers of the model's own graph. */
export async function trainingInfo(
  spec: NormalSpec,
  signature: Signature,
  state: TrainingState,
  opset: number,
  modelParameters: ReadonlySet<string>,
): Promise<TrainingInfo> {
  const result = buildTrainingStep(spec, signature);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("; "));
  const { lossProgram: program, step } = result.trainingStep;
  const graph = runPasses(trainingGraph(step), canonicalize, { expected: new Map() });
  const ports = trainingPorts(program, step, graph);
  const allPorts = { train: ports, eval: ports, model: ports, stream: null, shard: null };
  const facts = { name: spec.name, rnnx: "", hash: "", opset: { training: opset, inference: opset } };
  const { parameters, slots } = makeManifest(program, step, allPorts, facts);

  const initializers = ports.inputs.filter(({ role }) => initializerRoles.includes(role));
  const model = emitModel(graph, {
    name: `${spec.name}/training`,
    opset,
    irVersion: IR_VERSION,
    inputs: ports.inputs.map(trainingName),
    outputs: ports.outputs.map(({ name }) => trainingPrefix + name),
    initializers: initializers.map(trainingName),
    prefix: trainingPrefix,
  });
  const weights = initializers
    .filter((port) => !modelParameters.has(trainingName(port)))
    .map((port) => weightOf(port, state));
  const initialTensors = initialTensorsOf(ports.inputs, parameters, slots, state);
  const initialName = (name: string) => `${trainingPrefix}first/${name}`;
  return {
    initialization: initializationGraph(`${spec.name}/initialization`, initialTensors, initialName, spec.seed),
    algorithm: graphBytes(withWeights(model, weights)),
    initializationBinding: initialTensors.map(({ name }) => [name, initialName(name)]),
    updateBinding: updateBindings(ports.inputs, ports.outputs),
  };
}

function updateBindings(inputs: readonly Port[], outputs: readonly Port[]): readonly (readonly [string, string])[] {
  return inputs.flatMap((port) => {
    if (!updatedRoles.includes(port.role)) return [];
    const output = outputs.find(({ name, role }) => role === port.role && name === `next/${port.name}`);
    return [
      [trainingName(port), trainingPrefix + expectDefined(output, `the next value of ${port.name}`).name] as const,
    ];
  });
}

function weightOf({ name, role }: Port, { step, parameters, slots, states }: TrainingState): Weight {
  const tensorName = trainingName({ name, role });
  if (role === "step")
    return { name: tensorName, dtype: "int64", shape: [], data: bytesOf(BigInt64Array.of(BigInt(step))) };
  const tensor = { parameter: parameters, frozen: parameters, buffer: parameters, slot: slots, state: states }[
    role as "parameter" | "frozen" | "buffer" | "slot" | "state"
  ].get(name);
  return { name: tensorName, dtype: "float32", ...expectDefined(tensor, `${name} of the training`) };
}

/** Initial values of all training state. Slots and states start at constants. */
function initialTensorsOf(
  inputs: readonly Port[],
  parameters: readonly StoredTensor[],
  slots: readonly StoredTensor[],
  { states }: TrainingState,
): readonly InitializedTensor[] {
  const tensors = new Map([...parameters, ...slots].map((tensor) => [tensor.name, tensor]));
  const zero = { type: "constant", value: 0 } as const;
  return inputs
    .filter(({ role }) => initializerRoles.includes(role))
    .map((port): InitializedTensor => {
      const name = trainingName(port);
      if (port.role === "step") return { name, shape: [], initializer: zero, dtype: "int64" };
      const stateTensor = { shape: states.get(port.name)?.shape ?? [], initializer: zero };
      const { shape, initializer } = tensors.get(port.name) ?? stateTensor;
      return { name, shape, initializer, dtype: "float32" };
    });
}
