/** Runs of the training loop in this thread, with their events and files. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainEvent } from "../../runtime/events.js";
import { readSafetensors, type Tensors } from "../../runtime/tensors/safetensors.js";
import { runTraining } from "../../runtime/training/loop.js";
import type { TrainRequest } from "../../runtime/training/request.js";
import type { NormalSpec, NormalTrain } from "../../schema/normal/index.js";
import { readSpec, readSpecFile } from "../../schema/read.js";
import { temporaryFolder } from "./temporary-folder.js";

export const cases = ["lstm-adam", "embedding-gru-sgd", "rnn-last-rmsprop", "lstm-lengths-clip"] as const;
export type Case = (typeof cases)[number];

export function fixture(name: Case, file = ""): string {
  return join(import.meta.dirname, "../fixtures/training", name, file);
}

export async function specOfCase(name: Case, train: Partial<NormalTrain> = {}): Promise<NormalSpec> {
  const read = await readSpecFile(fixture(name, "spec.json"));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return { ...read.spec, train: { ...read.spec.train, ...train } };
}

export function requestFor(name: Case, spec: NormalSpec, out: string): TrainRequest {
  return { spec, folder: fixture(name), out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

/** Trains a spec as a user writes it, in a new folder with its files. */
export async function trainSpec(
  spec: object,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  folder = temporaryFolder(),
) {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const read = await readSpec(JSON.stringify({ optimizer: { type: "adam", learning_rate: 0.05 }, ...spec }));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const out = join(folder, "run");
  const request = {
    spec: read.spec,
    folder,
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  } as const;
  const { outcome, events } = await run(request);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return { folder, out, spec: read.spec, done: outcome.value, events };
}

/** Trains to the end, or until `stopAfter` returns true for the events so far. */
export async function run(request: TrainRequest, stopAfter: (events: readonly TrainEvent[]) => boolean = () => false) {
  const events: TrainEvent[] = [];
  /** Number of steps of each call of the session. */
  const calls: number[] = [];
  const outcome = await runTraining(request, {
    emit(batch) {
      events.push(...batch);
      const steps = eventsOfKind(batch, "step").length;
      if (steps > 0) calls.push(steps);
    },
    shouldStop: () => stopAfter(events),
  });
  return { outcome, events, calls };
}

export function eventsOfKind<K extends TrainEvent["event"]>(events: readonly TrainEvent[], kind: K) {
  return events.filter((event): event is Extract<TrainEvent, { event: K }> => event.event === kind);
}

export function losses(events: readonly TrainEvent[]): readonly number[] {
  return eventsOfKind(events, "step").map(({ loss }) => loss);
}

export function weightsOf(out: string): Tensors {
  const read = readSafetensors(readFileSync(join(out, "weights.safetensors")));
  if (!read.ok) throw new Error(read.error);
  return read.value.tensors;
}
