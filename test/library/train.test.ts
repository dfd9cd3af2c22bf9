/** The library interface to training: awaited, iterated over, left early and refused, on the built program. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RunError, readSpec, type Spec, type TrainEvent, train } from "../../index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const hihello: Spec = {
  name: "hihello",
  seed: 1,
  data: { type: "text", text: "hihello", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.1 },
  train: { steps: 20, evaluate_every: 10 },
};

async function normal(changes: Partial<Spec> = {}) {
  const read = await readSpec({ ...hihello, ...changes });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join(" "));
  return read.spec;
}

const out = () => join(temporaryFolder(), "run");

test("the iteration has the events of onEvent, in order, and the promise the outcome", async () => {
  const received: TrainEvent[] = [];
  const training = train({ spec: await normal(), out: out() }, { onEvent: (event) => received.push(event) });
  const events: TrainEvent[] = [];
  for await (const event of training) events.push(event);
  expect(events).toEqual(received);
  expect(events[0]?.event).toBe("start");
  expect(events.filter(({ event }) => event === "step").length).toBe(20);
  const outcome = await training;
  expect(outcome).toMatchObject({
    ok: true,
    value: { step: 20, interrupted: false, predictions: [expect.stringMatching(/ello$/)] },
  });
  expect(events.at(-1)).toEqual(outcome.ok && outcome.value);
  // After the end a new iteration has no events.
  for await (const event of training) throw new Error(`It said ${event.event}.`);
});

test("two iterations get all events, also a slow one", async () => {
  const training = train({ spec: await normal(), out: out() });
  const steps = async (pause: number) => {
    const losses: number[] = [];
    for await (const event of training) {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      if (event.event === "step") losses.push(event.step);
    }
    return losses;
  };
  const [fast, slow] = await Promise.all([steps(0), steps(2)]);
  expect(fast).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(slow).toEqual(fast);
});

test("leaving the loop saves a checkpoint and ends the run", async () => {
  const folder = out();
  const training = train({ spec: await normal({ train: { steps: 1_000_000 } }), out: folder });
  for await (const event of training) if (event.event === "step") break;
  // Leaving the loop waits for the end of the run.
  expect(readdirSync(join(folder, "checkpoints"))).toHaveLength(1);
  const outcome = await training;
  expect(outcome).toMatchObject({ ok: true, value: { interrupted: true } });
});

test("an aborted signal ends the run at its start", async () => {
  const training = train({ spec: await normal(), out: out() }, { signal: AbortSignal.abort() });
  expect(await training).toMatchObject({ ok: true, value: { step: 0, interrupted: true } });
});

test("invalid data is an outcome of the promise, and an error of the iteration", async () => {
  const folder = out();
  const spec = await normal({ data: { type: "text", file: "missing.txt", window: 6 } });
  const training = train({ spec, folder: temporaryFolder(), out: folder });
  const iterate = async () => {
    for await (const event of training) throw new Error(`It said ${event.event}.`);
  };
  const thrown = await iterate().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(RunError);
  expect(thrown).toMatchObject({
    name: "RunError",
    message: '/data/file: "missing.txt" does not exist.',
    failure: { kind: "input", problems: [{ code: "file-missing", path: "/data/file" }] },
  });
  expect(await training).toMatchObject({ ok: false, error: { kind: "input" } });
  expect(existsSync(folder)).toBe(false);
});

test("diagnostics of a spec given as a value have positions in its JSON", async () => {
  const invalid = { ...hihello, model: [{ layer: "rnn", cell: "lstm", hiden_size: 5 }] } as unknown as Spec;
  const read = await readSpec(invalid);
  expect(read.ok).toBe(false);
  expect(!read.ok && read.diagnostics[0]).toMatchObject({
    code: "unknown-key",
    path: "/model/0/hiden_size",
    line: 13,
    hint: 'Did you mean "hidden_size"?',
  });
});
