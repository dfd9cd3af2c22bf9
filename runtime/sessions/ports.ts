/** Ports of a compiled graph, by role, and the tensors that a session is fed through them. */
import type { Tensor } from "onnxruntime-common";
import type { carriedRoles, Port, Ports, Role } from "../../compiler/artifact.js";
import type { Batch } from "../data/source.js";
import { elementCount, type NumericArray } from "../tensors/array.js";
import { tensorOf } from "../tensors/ort.js";
import type { Feeds } from "./runner.js";

/** The tensors that one call of the training graph hands to the next, by the roles of their ports. */
export const trainingState = {
  parameter: ["parameter", "buffer"],
  slot: ["slot"],
  state: ["state"],
} as const satisfies Readonly<Record<string, readonly (typeof carriedRoles)[number][]>>;

export type TrainingStateRole = keyof typeof trainingState;

/** Copies tensors of a role from the device to the host. */
export type FetchTensors = (
  role: TrainingStateRole,
  tensors: Readonly<Record<string, Tensor>>,
) => Promise<Readonly<Record<string, Tensor>>>;

export function portsWithRole(ports: readonly Port[], role: Role): readonly Port[] {
  return ports.filter((port) => port.role === role);
}

/** The first port of a role. Throws where a graph has none. */
export function requiredPort(ports: readonly Port[], role: Role): Port {
  const port = ports.find((candidate) => candidate.role === role);
  if (port === undefined) throw new Error(`The graph has no port of the role "${role}".`);
  return port;
}

/** @param name of the port, where a model has several outputs. */
export function predictionPort({ outputs }: Pick<Ports, "outputs">, name?: string): Port {
  const ports = portsWithRole(outputs, "prediction");
  return requiredPort(name === undefined ? ports : ports.filter((port) => port.name === name), "prediction");
}

/** One tensor for each input. Throws where `getValue` has no value for one. */
export function feedsFor(
  inputs: readonly Port[],
  getValue: (port: Port) => NumericArray | Tensor | undefined,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const port of inputs) {
    const value = getValue(port);
    if (value === undefined) throw new Error(`There is no value for the input "${port.name}" (${port.role}).`);
    feeds[port.name] = "dims" in value ? value : tensorOf(value);
  }
  return feeds;
}

/**
 * The data of a call: the first axis of an array [rows, …] is split into `leadingAxes` (the steps of the call), the
 * micro-batches where the port has that axis, and the rows of each.
 */
export function dataFeeds({ inputs }: Ports, data: Batch, leadingAxes: readonly number[]): Record<string, Tensor> {
  return feedsFor(portsWithRole(inputs, "data"), ({ name, shape }) => {
    const array = data.get(name);
    if (array === undefined) return undefined;
    const [rows = 0, ...rest] = array.shape;
    const microBatchAxes = shape.slice(leadingAxes.length, shape.length - array.shape.length).map(Number);
    const axes = [...leadingAxes, ...microBatchAxes];
    return { ...array, shape: [...axes, rows / elementCount(axes), ...rest] };
  });
}

/** The factor on the learning rate; no feed for a graph without such an input. */
export function learningRateFeeds({ inputs }: Ports, scale: number): Record<string, Tensor> {
  return feedsFor(portsWithRole(inputs, "rate_scale"), () => floatScalar(scale));
}

function floatScalar(value: number): NumericArray {
  return { dtype: "float32", shape: [], data: Float32Array.of(value) };
}

/** The sizes of the symbols in the shapes of ports: "batch", "time". */
export type SymbolSizes = ReadonlyMap<string, number>;

export function symbolSizesOf(ports: readonly Port[], feeds: Feeds): SymbolSizes {
  const sizes = new Map<string, number>();
  for (const { name, shape } of ports) {
    shape.forEach((dim, axis) => {
      const size = feeds[name]?.dims[axis];
      if (typeof dim === "string" && size !== undefined) sizes.set(dim, size);
    });
  }
  return sizes;
}
