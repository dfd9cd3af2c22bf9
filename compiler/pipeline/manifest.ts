/** The manifest: the ports of each graph, and the stored tensors with their initializers. */
import { holdsWeights, type Manifest, type Port, type Ports, type Role, type StoredTensor } from "../artifact.js";
import { isParameter, type Program } from "../elaborate/program.js";
import { expectDefined } from "../ir/expect.js";
import { interfaceType } from "../ir/float16.js";
import { staticShape } from "../ir/tensor.js";
import type { Graph, Value } from "../ir/types.js";
import type { DataParallelGraph } from "../training/data-parallel.js";
import type { StepGraph } from "../training/step-graph.js";

/** A graph with the name and role of each input and output. */
export interface GraphWithPorts {
  readonly graph: Graph;
  readonly ports: Ports;
}

function port(name: string, role: Role, value: Value | undefined): Port {
  const { type } = expectDefined(value, `the value of port ${name}`);
  return { name, role, dtype: interfaceType(type.dtype), shape: type.shape };
}

/** Ports of a forward graph. A final state is named `final/rnn/0/h`. */
export function forwardPorts(program: Program, graph: Graph): Ports {
  return {
    inputs: program.inputs.map(({ name, role }, index) => port(name, role, graph.inputs[index])),
    outputs: program.outputs.map(({ name, role }, index) =>
      port(role === "state" ? `final/${name}` : name, role, graph.outputs[index]),
    ),
  };
}

/** Ports of the K-step graph. A carried input has an output `next/<name>`, in the same order. */
export function trainingPorts(program: Program, step: StepGraph, train: Graph): Ports {
  const carriedPorts: readonly { readonly name: string; readonly role: Role }[] = [
    ...program.inputs.filter(isParameter),
    ...step.carriedForward,
    ...step.slots.map(({ name }) => ({ name, role: "slot" as const })),
    { name: "step", role: "step" },
  ];
  const inputs = [...carriedPorts, ...step.fixed, ...program.inputs.filter(({ role }) => role === "data")];
  const outputs: typeof carriedPorts = [
    ...carriedPorts.map(({ name, role }) => ({ name: `next/${name}`, role })),
    ...step.reported.map((role) => ({ name: role, role })),
  ];
  return {
    inputs: inputs.map(({ name, role }, index) => port(name, role, train.inputs[index])),
    outputs: outputs.map(({ name, role }, index) => port(name, role, train.outputs[index])),
  };
}

/** Ports of the gradient step or the apply step of data parallelism. A value to carry is the output `next/<name>`. */
export function dataParallelPorts({ graph, inputs, reported }: DataParallelGraph): Ports {
  const nextStates = inputs.flatMap(({ role, name }) => (role === "state" ? [{ name: `next/${name}`, role }] : []));
  const carriedPorts = inputs.filter(({ role }) => role === "parameter" || role === "slot" || role === "step");
  const outputs: readonly { readonly name: string; readonly role: Role }[] = inputs.some(
    ({ role }) => role === "gradient",
  )
    ? [
        ...carriedPorts.map(({ name, role }) => ({ name: `next/${name}`, role })),
        ...reported.map((role) => ({ name: role, role })),
      ]
    : [...nextStates, { name: "gradient", role: "gradient" }];
  return {
    inputs: inputs.map(({ name, role }, index) => port(name, role, graph.inputs[index])),
    outputs: outputs.map(({ name, role }, index) => port(name, role, graph.outputs[index])),
  };
}

/** A tensor that a run stores. Its shape is static: the signature has the size of every symbol in it. */
function storedTensor(
  name: string,
  value: Value | undefined,
  initializer: StoredTensor["initializer"] | null,
): StoredTensor {
  const { type } = expectDefined(value, name);
  return {
    name,
    shape: expectDefined(staticShape(type.shape), `a size of ${name}`),
    initializer: expectDefined(initializer, `the initializer of ${name}`),
  };
}

/** The manifest of an artifact. @param program the loss program, whose parameters are stored. */
export function makeManifest(
  program: Program,
  step: StepGraph,
  ports: Pick<Manifest, "train" | "eval" | "model" | "stream" | "shard">,
  identity: Pick<Manifest, "name" | "rnnx" | "hash" | "opset">,
): Manifest {
  const parameters = program.inputs.filter(holdsWeights);
  return {
    format: 2,
    ...identity,
    parameters: parameters.map((port, index) => ({
      ...storedTensor(port.name, program.graph.inputs[index], port.initializer),
      trainable: isParameter(port),
    })),
    slots: step.slots.map(({ name, initial, shape }) => ({
      name,
      shape: expectDefined(staticShape(shape), `a size of ${name}`),
      initializer: { type: "constant", value: initial },
    })),
    metrics: program.metrics,
    ...ports,
  };
}
