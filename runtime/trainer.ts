/** The trainer: makes updates, and holds the tensors that they change. This one has all of a batch, in one session. */
import type { Tensor } from "onnxruntime-common";
import type { Ports } from "../compiler/artifact.js";
import type { BatchesOf } from "./batches.js";
import {
  type Carried,
  type CarriedRole,
  dataFeeds,
  type Fetch,
  openCarried,
  portOf,
  type Stored,
  type TrainerStart,
} from "./carried.js";
import { type Runner, runInto } from "./runner.js";
import type { Tensors } from "./safetensors.js";
import { type Scaling, scalingOf } from "./scaling.js";
import { floatsOf } from "./tensors.js";

/** One number for each update of a call. */
export interface Reported {
  readonly losses: Float32Array;
  /** Of the gradients, before clipping; 0 of an update that was left out. */
  readonly norms: Float32Array;
  readonly rates: Float32Array;
  /** Null where the loss has no scale that changes. */
  readonly scaling: Scaling | null;
}

export interface Trainer {
  /**
   * Makes `steps` updates from step `first` on, or none where some number of theirs is not finite. Where the schedule watches a
   * plateau, `rateScale` multiplies their learning rate.
   */
  advance(first: number, steps: number, rateScale: number): Promise<Advance>;
  /** Sets the states that go on from step to step to zero. */
  restart(): void;
  /** The parameters, the slots, or the states that go on, as they are now. */
  tensors(role: CarriedRole): Promise<Tensors>;
  /** The parameters as a session on the same device takes them. */
  parameters(): Promise<Readonly<Record<string, Tensor>>>;
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

/** One whose tensors can be replaced. */
export interface LocalTrainer extends Trainer {
  set(tensors: Tensors): void;
}

/**
 * @param rows examples in a batch of a model whose states go on.
 * @param fetch brings what a device carries; left out where the host does.
 */
export function openTrainer(
  session: Runner,
  ports: Ports,
  stored: Stored,
  start: TrainerStart,
  rows: number,
  batches: BatchesOf,
  fetch?: Fetch,
): LocalTrainer {
  const carried = openCarried(ports, stored, start, rows, fetch);
  const loss = portOf(ports.outputs, "loss");
  const norm = portOf(ports.outputs, "gradient_norm");
  const rate = portOf(ports.outputs, "learning_rate");
  return {
    async advance(first, steps, rateScale) {
      const data = dataFeeds(ports, batches(first, steps), [steps]);
      const feeds = { ...carried.feeds(ports, rateScale), ...data };
      const outputs = await runInto(session, feeds, carried.spare(ports));
      const [losses, norms, rates] = [floatsOf(outputs, loss), floatsOf(outputs, norm), floatsOf(outputs, rate)];
      const before = carried.now();
      carried.take(ports, outputs);
      const unsound = unsoundOf({ losses, norms }, carried);
      if (unsound === null) carried.goOn(before);
      else carried.goBack(before);
      return { losses, norms, rates, scaling: scalingOf(ports.outputs, outputs), unsound };
    },
    restart: carried.restart,
    tensors: carried.tensors,
    parameters: async () => carried.parameters(),
    set: carried.set,
  };
}

/** What is not finite of some updates, or of the parameters after them. */
export function unsoundOf(
  { losses, norms }: Pick<Reported, "losses" | "norms">,
  carried: Pick<Carried, "unsound">,
): Unsound | null {
  const update = losses.findIndex((loss, index) => !Number.isFinite(loss) || !Number.isFinite(norms[index]));
  if (update >= 0) return { update };
  const parameter = carried.unsound();
  return parameter === undefined ? null : { parameter };
}
