/** The tensors that go around in training: what one session gives, as `next/<name>`, is what the next call is fed. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import { carriedRoles, magnitudes, type Port, type Ports, type Role, type StoredTensor } from "../compiler/artifact.js";
import type { Batch } from "./data/source.js";
import type { Tensors } from "./safetensors.js";
import { zeroStates } from "./states.js";
import { tensorOf } from "./tensors.js";

/** The tensors of a run directory, by their roles. */
export type Stored = Readonly<Record<"parameter" | "slot", readonly StoredTensor[]>>;

/** What a trainer starts with: its arrays are the trainer's own from then on, which may be written into. */
export interface TrainerStart {
  readonly step: number;
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** States that go on, where the run is within an epoch; else none, and they start at zero. */
  readonly states: Tensors;
}

export interface Carried {
  /** What a graph takes of them, and the scale of the learning rate where it takes that. */
  feeds(graph: Ports, rateScale: number): Record<string, Tensor>;
  /** What nobody reads any more, by the names of a graph's outputs that may be put there. */
  spare(graph: Ports): Readonly<Record<string, Tensor>>;
  /** Takes what a graph made anew. */
  take(graph: Ports, outputs: InferenceSession.OnnxValueMapType): void;
  now(): ReadonlyMap<string, Tensor>;
  /** Goes back to how it was before, as `now` gave it. */
  goBack(before: ReadonlyMap<string, Tensor>): void;
  /** Lets go of what was before and is not any more: it is spare from now on. */
  goOn(before: ReadonlyMap<string, Tensor>): void;
  set(tensors: Tensors): void;
  /** Sets the states that go on from step to step to zero. */
  restart(): void;
  /** A parameter that holds what is not finite. */
  unsound(): string | undefined;
  tensors(role: CarriedRole): Promise<Tensors>;
  /** The parameters as a session takes them, wherever they lie. */
  parameters(): Readonly<Record<string, Tensor>>;
}

export type CarriedRole = (typeof carriedRoles)[number];

/** Brings tensors of a role from the device that they lie on. */
export type Fetch = (
  role: CarriedRole,
  tensors: Readonly<Record<string, Tensor>>,
) => Promise<Readonly<Record<string, Tensor>>>;

const roles: readonly Role[] = [...carriedRoles, "frozen", "step"];

/**
 * @param ports of the training graph, which carries all of them.
 * @param rows examples that a model whose states go on is fed at once.
 */
export function openCarried(
  { inputs }: Ports,
  stored: Stored,
  start: TrainerStart,
  rows: number,
  fetch: Fetch = async (_, tensors) => tensors,
): Carried {
  /** By the name of the input port. */
  let carried = new Map<string, Tensor>();
  /** What is carried no more. */
  let spare = new Map<string, Tensor>();
  /** What nobody else holds: what it started with, and what graphs made since. */
  const own = new WeakSet<Tensor>();
  /** Of each parameter's magnitudes, where the graph gave that. */
  let sums: Float32Array | undefined;
  const tensorAt = (name: string) => present(carried.get(name), name);
  const set = (tensors: Tensors) => {
    const before = new Map(carried);
    for (const [name, { shape, data }] of tensors) carried.set(name, tensorOf({ dtype: "float32", shape, data }));
    letGo(before, carried);
  };
  const states = withRole(inputs, "state");
  const trained = withRole(inputs, "parameter");
  for (const tensors of [start.parameters, start.slots, zeroStates(states, rows), start.states]) set(tensors);
  for (const tensor of carried.values()) own.add(tensor);
  carried.set("step", tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(start.step)) }));
  const names = { ...stored, state: states };

  return {
    feeds(graph, rateScale) {
      const feeds: Record<string, Tensor> = {};
      for (const { name, role } of graph.inputs) {
        if (roles.includes(role)) feeds[name] = tensorAt(name);
        if (role === "rate_scale")
          feeds[name] = tensorOf({ dtype: "float32", shape: [], data: Float32Array.of(rateScale) });
      }
      return feeds;
    },
    spare(graph) {
      const free = graph.outputs.flatMap(({ name }) => {
        const tensor = spare.get(carriedName(name));
        return tensor === undefined || tensor === carried.get(carriedName(name)) ? [] : [[name, tensor] as const];
      });
      return Object.fromEntries(free);
    },
    take(graph, outputs) {
      for (const { name, role } of graph.outputs) {
        if (!roles.includes(role)) continue;
        const tensor = present(outputs[name], name);
        own.add(tensor);
        carried.set(carriedName(name), tensor);
      }
      const given = outputs[magnitudes]?.data;
      sums = given instanceof Float32Array ? given : undefined;
    },
    now: () => new Map(carried),
    goBack(before) {
      letGo(carried, before);
      carried = new Map(before);
    },
    goOn(before) {
      letGo(before, carried);
      spare = new Map([...before].filter(([name, tensor]) => own.has(tensor) && carried.get(name) !== tensor));
    },
    set,
    restart() {
      set(zeroStates(states, rows));
    },
    unsound: () =>
      trained.find(({ name }, index) =>
        sums === undefined ? !areFinite(tensorAt(name).data) : !Number.isFinite(sums[index]),
      )?.name,
    async tensors(role) {
      const here = await fetch(role, Object.fromEntries(names[role].map(({ name }) => [name, tensorAt(name)])));
      return new Map(
        names[role].map(({ name }) => {
          const { data, dims } = present(here[name], name);
          if (!(data instanceof Float32Array)) throw new Error(`The session gave no float32 tensor "${name}".`);
          return [name, { shape: dims, data }];
        }),
      );
    },
    parameters: () => Object.fromEntries(stored.parameter.map(({ name }) => [name, tensorAt(name)])),
  };
}

/**
 * Data as a graph takes it: its first axis falls into `leading` (the steps of a call), the portions of a batch where the port has
 * such an axis, and rows.
 */
export function dataFeeds({ inputs }: Ports, data: Batch, leading: readonly number[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape } of withRole(inputs, "data")) {
    const array = present(data.get(name), name);
    const [rows = 0, ...rest] = array.shape;
    const portions = shape.slice(leading.length, shape.length - array.shape.length).map(Number);
    const axes = [...leading, ...portions];
    feeds[name] = tensorOf({ ...array, shape: [...axes, rows / axes.reduce((x, y) => x * y, 1), ...rest] });
  }
  return feeds;
}

export function withRole(ports: readonly Port[], role: Role): readonly Port[] {
  return ports.filter((port) => port.role === role);
}

/** The one port of a role that a training graph must have. */
export function portOf(ports: readonly Port[], role: Role): Port {
  const port = ports.find((one) => one.role === role);
  if (port === undefined) throw new Error(`The training graph has no ${role}.`);
  return port;
}

/** In one sum, since this looks at every weight after every call: what is not finite makes it not a number. */
function areFinite(data: Tensor["data"]): boolean {
  if (!(data instanceof Float32Array)) return true;
  let sum = 0;
  for (let place = 0; place < data.length; place++) sum += (data[place] as number) * 0;
  return sum === 0;
}

/** Frees what lies on a device and is no longer carried; the host's is nobody's to free. */
function letGo(old: ReadonlyMap<string, Tensor>, kept: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of old) {
    if (tensor.location === "gpu-buffer" && kept.get(name) !== tensor) tensor.dispose();
  }
}

/** What an output is carried as. */
function carriedName(output: string): string {
  return output.replace(/^next\//, "");
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The training session lacks "${name}".`);
  return value;
}
