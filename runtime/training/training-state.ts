/** The tensors that go around in training: what one session gives, as `next/<name>`, is what the next call is fed. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import {
  carriedRoles,
  PARAMETER_L1,
  type Port,
  type Ports,
  type Role,
  type StoredTensor,
} from "../../compiler/artifact.js";
import type { Batch } from "../data/source.js";
import { zeroStates } from "../sessions/recurrent-states.js";
import { elementCount } from "../tensors/array.js";
import { tensorOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";

/** The tensors of a run directory, by their roles. */
export type StoredTensors = Readonly<Record<"parameter" | "slot", readonly StoredTensor[]>>;

/** What a trainer starts with: its arrays are the trainer's own from then on, which may be written into. */
export interface InitialState {
  readonly step: number;
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** States that go on, where the run is within an epoch; else none, and they start at zero. */
  readonly states: Tensors;
}

export interface TrainingState {
  /** What a graph takes of them, and the scale of the learning rate where it takes that. */
  feeds(graph: Ports, learningRateScale: number): Record<string, Tensor>;
  /** What nobody reads any more, by the names of a graph's outputs that may be put there. */
  reusableBuffers(graph: Ports): Readonly<Record<string, Tensor>>;
  /** Takes what a graph made anew. */
  update(graph: Ports, outputs: InferenceSession.OnnxValueMapType): void;
  snapshot(): ReadonlyMap<string, Tensor>;
  /** Goes back to how it was before, as `now` gave it. */
  rollback(previous: ReadonlyMap<string, Tensor>): void;
  /** Lets go of what was before and is not any more: it is spare from now on. */
  commit(previous: ReadonlyMap<string, Tensor>): void;
  set(tensors: Tensors): void;
  /** Sets the states that go on from step to step to zero. */
  resetStates(): void;
  /** A parameter that holds what is not finite. */
  nonFiniteParameter(): string | undefined;
  tensors(role: TrainingStateRole): Promise<Tensors>;
  /** The parameters as a session takes them, wherever they lie. */
  parameters(): Readonly<Record<string, Tensor>>;
}

export type TrainingStateRole = (typeof carriedRoles)[number];

/** Brings tensors of a role from the device that they lie on. */
export type FetchTensors = (
  role: TrainingStateRole,
  tensors: Readonly<Record<string, Tensor>>,
) => Promise<Readonly<Record<string, Tensor>>>;

const feedRoles: readonly Role[] = [...carriedRoles, "frozen", "step"];

/**
 * @param ports of the training graph, which carries all of them.
 * @param rows examples that a model whose states go on is fed at once.
 */
export function createTrainingState(
  { inputs }: Ports,
  storedTensors: StoredTensors,
  start: InitialState,
  rows: number,
  fetchTensors: FetchTensors = async (_, tensors) => tensors,
): TrainingState {
  /** By the name of the input port. */
  let current = new Map<string, Tensor>();
  /** What is carried no more. */
  let reusableBuffers = new Map<string, Tensor>();
  /** What nobody else holds: what it started with, and what graphs made since. */
  const ownedTensors = new WeakSet<Tensor>();
  /** Of each parameter's magnitudes, where the graph gave that. */
  let magnitudeSums: Float32Array | undefined;
  const getTensor = (name: string) => required(current.get(name), name);
  const set = (tensors: Tensors) => {
    const previous = new Map(current);
    for (const [name, { shape, data }] of tensors) current.set(name, tensorOf({ dtype: "float32", shape, data }));
    disposeReplaced(previous, current);
  };
  const statePorts = portsWithRole(inputs, "state");
  const parameterPorts = portsWithRole(inputs, "parameter");
  for (const tensors of [start.parameters, start.slots, zeroStates(statePorts, rows), start.states]) set(tensors);
  for (const tensor of current.values()) ownedTensors.add(tensor);
  current.set("step", tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(start.step)) }));
  const entriesByRole = { ...storedTensors, state: statePorts };

  return {
    feeds(graph, learningRateScale) {
      const feeds: Record<string, Tensor> = {};
      for (const { name, role } of graph.inputs) {
        if (feedRoles.includes(role)) feeds[name] = getTensor(name);
        if (role === "rate_scale")
          feeds[name] = tensorOf({ dtype: "float32", shape: [], data: Float32Array.of(learningRateScale) });
      }
      return feeds;
    },
    reusableBuffers(graph) {
      const buffers = graph.outputs.flatMap(({ name }) => {
        const tensor = reusableBuffers.get(inputNameOf(name));
        return tensor === undefined || tensor === current.get(inputNameOf(name)) ? [] : [[name, tensor] as const];
      });
      return Object.fromEntries(buffers);
    },
    update(graph, outputs) {
      for (const { name, role } of graph.outputs) {
        if (!feedRoles.includes(role)) continue;
        const tensor = required(outputs[name], name);
        ownedTensors.add(tensor);
        current.set(inputNameOf(name), tensor);
      }
      const magnitudeData = outputs[PARAMETER_L1]?.data;
      magnitudeSums = magnitudeData instanceof Float32Array ? magnitudeData : undefined;
    },
    snapshot: () => new Map(current),
    rollback(previous) {
      disposeReplaced(current, previous);
      current = new Map(previous);
    },
    commit(previous) {
      disposeReplaced(previous, current);
      reusableBuffers = new Map(
        [...previous].filter(([name, tensor]) => ownedTensors.has(tensor) && current.get(name) !== tensor),
      );
    },
    set,
    resetStates() {
      set(zeroStates(statePorts, rows));
    },
    nonFiniteParameter: () =>
      parameterPorts.find(({ name }, index) =>
        magnitudeSums === undefined ? !areFinite(getTensor(name).data) : !Number.isFinite(magnitudeSums[index]),
      )?.name,
    async tensors(role) {
      const fetched = await fetchTensors(
        role,
        Object.fromEntries(entriesByRole[role].map(({ name }) => [name, getTensor(name)])),
      );
      return new Map(
        entriesByRole[role].map(({ name }) => {
          const { data, dims } = required(fetched[name], name);
          if (!(data instanceof Float32Array)) throw new Error(`The session gave no float32 tensor "${name}".`);
          return [name, { shape: dims, data }];
        }),
      );
    },
    parameters: () => Object.fromEntries(storedTensors.parameter.map(({ name }) => [name, getTensor(name)])),
  };
}

/**
 * Data as a graph takes it: its first axis falls into `leading` (the steps of a call), the portions of a batch where the port has
 * such an axis, and rows.
 */
export function dataFeeds({ inputs }: Ports, data: Batch, leadingAxes: readonly number[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape } of portsWithRole(inputs, "data")) {
    const array = required(data.get(name), name);
    const [rows = 0, ...rest] = array.shape;
    const microBatchAxes = shape.slice(leadingAxes.length, shape.length - array.shape.length).map(Number);
    const axes = [...leadingAxes, ...microBatchAxes];
    feeds[name] = tensorOf({ ...array, shape: [...axes, rows / elementCount(axes), ...rest] });
  }
  return feeds;
}

export function portsWithRole(ports: readonly Port[], role: Role): readonly Port[] {
  return ports.filter((port) => port.role === role);
}

/** The one port of a role that a training graph must have. */
export function requiredPort(ports: readonly Port[], role: Role): Port {
  const port = ports.find((candidate) => candidate.role === role);
  if (port === undefined) throw new Error(`The training graph has no ${role}.`);
  return port;
}

/** In one sum, since this looks at every weight after every call: what is not finite makes it not a number. */
function areFinite(data: Tensor["data"]): boolean {
  if (!(data instanceof Float32Array)) return true;
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += (data[index] as number) * 0;
  return sum === 0;
}

/** Frees what lies on a device and is no longer carried; the host's is nobody's to free. */
function disposeReplaced(previous: ReadonlyMap<string, Tensor>, current: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of previous) {
    if (tensor.location === "gpu-buffer" && current.get(name) !== tensor) tensor.dispose();
  }
}

/** What an output is carried as. */
function inputNameOf(output: string): string {
  return output.replace(/^next\//, "");
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The training session lacks "${name}".`);
  return value;
}
