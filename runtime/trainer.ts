/** The training session with the tensors that go around in it: each call's outputs are the next call's inputs. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Port, Ports, Role, StoredTensor } from "../compiler/artifact.js";
import type { Batch } from "./data/source.js";
import type { Tensors } from "./safetensors.js";
import { zeroStates } from "./states.js";
import { floatsOf, tensorOf } from "./tensors.js";

/** One number for each update of a call. */
export interface Reported {
  readonly losses: Float32Array;
  /** Of the gradients, before clipping. */
  readonly norms: Float32Array;
  readonly rates: Float32Array;
}

export interface Trainer {
  /**
   * Makes `steps` updates, or none where some number of theirs is not finite. Each array of `data` has all their batches, one
   * after the other on its first axis. Where the schedule watches a plateau, `rateScale` multiplies their learning rate.
   */
  advance(steps: number, data: Batch, rateScale: number): Promise<Advance>;
  /** Sets the states that go on from step to step to zero. */
  restart(): void;
  /** The parameters, the slots, or the states that go on, as they are now. */
  tensors(role: "parameter" | "slot" | "state"): Tensors;
  /** The parameters as a session takes them. */
  parameters(): Readonly<Record<string, Tensor>>;
}

/** What some updates were. */
export interface Advance extends Reported {
  /** What of them is not finite; null where all is well, and the trainer has gone on. */
  readonly unsound: Unsound | null;
}

export type Unsound =
  /** The loss or the gradient's norm of one of the updates, counted from 0. */
  | { readonly update: number }
  /** A parameter after all of them. */
  | { readonly parameter: string };

export interface TrainerStart {
  readonly step: number;
  readonly parameters: Tensors;
  readonly slots: Tensors;
  /** States that go on, where the run is within an epoch; else none, and they start at zero. */
  readonly states: Tensors;
}

/** @param rows examples in a batch of a model whose states go on. */
export async function openTrainer(
  session: InferenceSession,
  ports: Ports,
  stored: Readonly<Record<"parameter" | "slot", readonly StoredTensor[]>>,
  start: TrainerStart,
  rows: number,
): Promise<Trainer> {
  /** By the name of the input port. */
  const state: Record<string, Tensor> = {};
  const set = (tensors: Tensors) => {
    for (const [name, { shape, data }] of tensors) state[name] = tensorOf({ dtype: "float32", shape, data });
  };
  const states = withRole(ports.inputs, "state");
  for (const tensors of [start.parameters, start.slots, zeroStates(states, rows), start.states]) set(tensors);
  for (const port of withRole(ports.inputs, "step")) {
    state[port.name] = tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(start.step)) });
  }
  // The next value of each input is the output in the same place among those of its role.
  const next = (["parameter", "state", "slot", "step"] as const).flatMap((role) => {
    const outputs = withRole(ports.outputs, role);
    return withRole(ports.inputs, role).map((input, place) => ({
      input: input.name,
      output: outputs[place]?.name ?? "",
    }));
  });
  const [loss] = withRole(ports.outputs, "loss");
  const [norm] = withRole(ports.outputs, "gradient_norm");
  const [rate] = withRole(ports.outputs, "learning_rate");
  if (loss === undefined || norm === undefined || rate === undefined)
    throw new Error("The training graph does not report loss, gradient norm and learning rate.");

  return {
    async advance(steps, data, rateScale) {
      const feeds: Record<string, Tensor> = {};
      for (const { input } of next) feeds[input] = present(state[input], input);
      for (const { name } of withRole(ports.inputs, "frozen")) feeds[name] = present(state[name], name);
      for (const { name } of withRole(ports.inputs, "rate_scale"))
        feeds[name] = tensorOf({ dtype: "float32", shape: [], data: Float32Array.of(rateScale) });
      for (const { name, shape } of withRole(ports.inputs, "data")) {
        const array = present(data.get(name), name);
        const [rows = 0, ...rest] = array.shape;
        // Between the steps and the rows of a batch there may be its portions.
        const portions = shape.slice(1, shape.length - array.shape.length).map(Number);
        const each = rows / portions.reduce((product, size) => product * size, steps);
        feeds[name] = tensorOf({ ...array, shape: [steps, ...portions, each, ...rest] });
      }
      const outputs = await session.run(feeds);
      const [losses, norms, rates] = [floatsOf(outputs, loss), floatsOf(outputs, norm), floatsOf(outputs, rate)];
      const made = new Map(next.map(({ input, output }) => [input, present(outputs[output], output)] as const));
      const unsound = unsoundOf(losses, norms, stored.parameter, made);
      if (unsound === null) for (const [name, value] of made) state[name] = value;
      return { losses, norms, rates, unsound };
    },
    restart() {
      set(zeroStates(states, rows));
    },
    tensors(role) {
      const names = role === "state" ? states : stored[role];
      return new Map(
        names.map(({ name }) => {
          const { data, dims } = present(state[name], name);
          if (!(data instanceof Float32Array)) throw new Error(`The session gave no float32 tensor "${name}".`);
          return [name, { shape: dims, data }];
        }),
      );
    },
    parameters: () => Object.fromEntries(stored.parameter.map(({ name }) => [name, present(state[name], name)])),
  };
}

function unsoundOf(
  losses: Float32Array,
  norms: Float32Array,
  parameters: readonly StoredTensor[],
  made: ReadonlyMap<string, Tensor>,
): Unsound | null {
  const update = losses.findIndex((loss, index) => !Number.isFinite(loss) || !Number.isFinite(norms[index]));
  if (update >= 0) return { update };
  const parameter = parameters.find(({ name }) => !areFinite(made.get(name)?.data))?.name;
  return parameter === undefined ? null : { parameter };
}

/** In one sum, since this looks at every weight after every call: what is not finite makes it not a number. */
function areFinite(data: Tensor["data"] | undefined): boolean {
  if (!(data instanceof Float32Array)) return true;
  let sum = 0;
  for (let place = 0; place < data.length; place++) sum += (data[place] as number) * 0;
  return sum === 0;
}

function withRole(ports: readonly Port[], role: Role): readonly Port[] {
  return ports.filter((port) => port.role === role);
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The training session lacks "${name}".`);
  return value;
}
