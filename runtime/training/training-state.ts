/**
 * The tensors that one call of a session hands to the next: an output `next/<name>` is the next call's input `<name>`.
 */
import type { Tensor } from "onnxruntime-common";
import { carriedRoles, PARAMETER_L1, type Ports, type Role, type StoredTensor } from "../../compiler/artifact.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import { type FetchTensors, feedsFor, portsWithRole, type TrainingStateRole } from "../sessions/ports.js";
import { zeroStates } from "../sessions/recurrent-states.js";
import { type Feeds, type Runner, runInto } from "../sessions/runner.js";
import { tensorOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";

/** The tensors of a run directory, by their roles. */
export type StoredTensors = Readonly<Record<"parameter" | "slot", readonly StoredTensor[]>>;

export type NonFinite =
  /** The loss or the gradient norm of one of the updates, counted from 0. */
  | { readonly update: number }
  /** A parameter after all of them. */
  | { readonly parameter: string };

/** The reported values of the updates since the last commit: one entry for each update. */
export interface UpdateValues {
  readonly losses: Float32Array;
  readonly gradientNorms: Float32Array;
}

export interface TrainingState {
  /**
   * Runs a graph. Inputs that are not in `feeds` come from the state, and the outputs of its roles become its next
   * values.
   *
   * @param buffers tensors that the runner may write into, by output name, in addition to the state's own.
   */
  run(runner: Runner, graph: Ports, feeds: Feeds, buffers?: Feeds): Promise<Feeds>;
  /**
   * Ends the runs since the last commit. Keeps their values where all of them are finite; otherwise restores the state
   * of the last commit, and returns what is not finite.
   */
  commit(values: UpdateValues): NonFinite | null;
  /** Replaces tensors between two runs. */
  set(tensors: Tensors): void;
  /** Sets the states of stateful layers to zero. */
  resetStates(): void;
  tensors(role: TrainingStateRole): Promise<Tensors>;
  /** The parameters on the session's device. */
  parameters(): Feeds;
}

const nextValueRoles: readonly Role[] = [...carriedRoles, "frozen", "step"];

/**
 * @param ports of the training graph, which has an input for every tensor of the state.
 * @param rows examples in a batch of a model with stateful layers.
 */
export function createTrainingState(
  { inputs }: Ports,
  storedTensors: StoredTensors,
  start: TrainingTensors,
  rows: number,
  fetchTensors: FetchTensors = async (_, tensors) => tensors,
): TrainingState {
  /** By the name of the input port. */
  let current = new Map<string, Tensor>();
  let committed: ReadonlyMap<string, Tensor> = new Map();
  /** Replaced tensors that a runner may write into. */
  let reusableBuffers: ReadonlyMap<string, Tensor> = new Map();
  /** Tensors that nothing else refers to: those of the start, and the outputs of graphs. */
  const ownedTensors = new WeakSet<Tensor>();
  /** The L1 norm of each parameter, where the graph reports it. */
  let parameterNorms: Float32Array | undefined;
  const statePorts = portsWithRole(inputs, "state");
  const parameterPorts = portsWithRole(inputs, "parameter");
  const portsOfRole = { ...storedTensors, state: statePorts };

  const tensorNamed = (name: string) => required(current.get(name), name);
  const set = (tensors: Tensors) => {
    const previous = new Map(current);
    for (const [name, { shape, data }] of tensors) current.set(name, tensorOf({ dtype: "float32", shape, data }));
    disposeReplaced(previous, current);
    committed = new Map(current);
  };
  const nonFiniteParameter = () =>
    parameterPorts.find(({ name }, index) =>
      parameterNorms === undefined ? !areFinite(tensorNamed(name).data) : !Number.isFinite(parameterNorms[index]),
    )?.name;
  const findNonFinite = ({ losses, gradientNorms }: UpdateValues): NonFinite | null => {
    const update = losses.findIndex((loss, index) => !Number.isFinite(loss) || !Number.isFinite(gradientNorms[index]));
    if (update >= 0) return { update };
    const parameter = nonFiniteParameter();
    return parameter === undefined ? null : { parameter };
  };
  const buffersFor = (graph: Ports): Feeds => {
    const buffers = graph.outputs.flatMap(({ name }) => {
      const tensor = reusableBuffers.get(inputNameOf(name));
      return tensor === undefined || tensor === current.get(inputNameOf(name)) ? [] : [[name, tensor] as const];
    });
    return Object.fromEntries(buffers);
  };

  for (const tensors of [start.parameters, start.slots, zeroStates(statePorts, rows), start.states]) set(tensors);
  for (const tensor of current.values()) ownedTensors.add(tensor);
  current.set("step", tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(start.step)) }));
  committed = new Map(current);

  return {
    async run(runner, graph, given, buffers = {}) {
      const feeds = feedsFor(graph.inputs, ({ name }) => given[name] ?? current.get(name));
      const outputs = await runInto(runner, feeds, { ...buffersFor(graph), ...buffers });
      for (const { name, role } of graph.outputs) {
        if (!nextValueRoles.includes(role)) continue;
        const tensor = required(outputs[name], name);
        ownedTensors.add(tensor);
        current.set(inputNameOf(name), tensor);
      }
      const norms = outputs[PARAMETER_L1]?.data;
      parameterNorms = norms instanceof Float32Array ? norms : undefined;
      return outputs;
    },
    commit(values) {
      const nonFinite = findNonFinite(values);
      if (nonFinite !== null) {
        disposeReplaced(current, committed);
        current = new Map(committed);
        return nonFinite;
      }
      disposeReplaced(committed, current);
      const replaced = [...committed].filter(([name, tensor]) => current.get(name) !== tensor);
      reusableBuffers = new Map(replaced.filter(([, tensor]) => ownedTensors.has(tensor)));
      committed = new Map(current);
      return null;
    },
    set,
    resetStates() {
      set(zeroStates(statePorts, rows));
    },
    async tensors(role) {
      const names = portsOfRole[role].map(({ name }) => name);
      const fetched = await fetchTensors(role, Object.fromEntries(names.map((name) => [name, tensorNamed(name)])));
      return new Map(
        names.map((name) => {
          const { data, dims } = required(fetched[name], name);
          if (!(data instanceof Float32Array)) throw new Error(`The session gave no float32 tensor "${name}".`);
          return [name, { shape: dims, data }];
        }),
      );
    },
    parameters: () => Object.fromEntries(storedTensors.parameter.map(({ name }) => [name, tensorNamed(name)])),
  };
}

/** One sum, since it reads every weight after every call: 0 × Infinity and 0 × NaN are NaN. */
function areFinite(data: Tensor["data"]): boolean {
  if (!(data instanceof Float32Array)) return true;
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += (data[index] as number) * 0;
  return sum === 0;
}

/** Frees tensors of a device that are no longer in use. The host's are garbage-collected. */
function disposeReplaced(previous: ReadonlyMap<string, Tensor>, current: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of previous) {
    if (tensor.location === "gpu-buffer" && current.get(name) !== tensor) tensor.dispose();
  }
}

function inputNameOf(output: string): string {
  return output.replace(/^next\//, "");
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The training session lacks "${name}".`);
  return value;
}
