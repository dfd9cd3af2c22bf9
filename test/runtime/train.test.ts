/** Training in a worker thread and in a process that is killed: these run the built program (`npm run build`). */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { TrainEvent } from "../../runtime/events.js";
import { train } from "../../runtime/train.js";
import type { TrainRequest } from "../../runtime/training/request.js";
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { eventsOfKind, losses, requestFor, run, specOfCase, weightsOf } from "../support/training-runs.js";

const trainModule = join(import.meta.dirname, "../../dist/runtime/train.js");

beforeAll(() => {
  if (!existsSync(trainModule)) throw new Error("These tests run the built program: npm run build.");
});

async function request(out: string, steps: number): Promise<TrainRequest> {
  const spec = await specOfCase("embedding-gru-sgd", { batch_size: 3, shuffle: true, steps, checkpoint_every: 50 });
  return requestFor("embedding-gru-sgd", spec, out);
}

test("the worker emits the events and writes the files of the loop in this thread, which stays responsive", async () => {
  const folder = temporaryFolder();
  const inThread = await run(await request(join(folder, "here"), 300));
  const events: TrainEvent[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const outcome = await train(await request(join(folder, "worker"), 300), { onEvent: (event) => events.push(event) });
  clearInterval(timer);
  expect(outcome).toMatchObject({ ok: true });
  expect(losses(events)).toEqual(losses(inThread.events));
  expect(weightsOf(join(folder, "worker"))).toEqual(weightsOf(join(folder, "here")));
  expect(ticks).toBeGreaterThan(20);
});

test("aborting saves a checkpoint and ends the run, which resumes from it", async () => {
  const out = temporaryFolder();
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  const outcome = await train(await request(out, 1_000_000), {
    signal: controller.signal,
    onEvent(event) {
      events.push(event);
      if (event.event === "step" && event.step > 100) controller.abort();
    },
  });
  if (!outcome.ok) throw new Error("the run failed");
  const { step, interrupted } = outcome.value;
  expect(interrupted).toBe(true);
  expect(step).toBeGreaterThan(100);
  expect(step).toBeLessThan(1_000_000);
  expect(readdirSync(join(out, "checkpoints"))).toContain(`step-${String(step).padStart(8, "0")}`);
  const { events: resumed } = await run({ ...(await request(out, step + 5)), resume: true });
  expect(losses(resumed)).toHaveLength(5);
});

test("problems have positions in the user's text", async () => {
  const trainRequest = await request(join(temporaryFolder(), "run"), 10);
  const origins: SourceMap = { pathOf: (_, key) => `/somewhere/${key}` };
  const outcome = await train({ ...trainRequest, folder: "/no-such-folder" }, { origins, onEvent() {} });
  const paths = !outcome.ok && outcome.error.kind === "input" ? outcome.error.problems.map(({ path }) => path) : [];
  expect(paths).toEqual(["/somewhere/inputs", "/somewhere/targets"]);
});

test("system errors are thrown unchanged", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const trainRequest = await request(join(file, "run"), 10);
  await expect(train(trainRequest, { onEvent() {} })).rejects.toMatchObject({ code: "ENOTDIR", syscall: "mkdir" });
});

test("a killed run is resumed at once, with the results of an uninterrupted one", async () => {
  const folder = temporaryFolder();
  const steps = 2000;
  const uninterrupted = await run(await request(join(folder, "whole"), steps));
  const out = join(folder, "killed");
  for (const checkpoints of [1, 4, 9]) {
    const process_ = await request(out, steps);
    await killAfter({ ...process_, resume: true }, checkpoints);
  }
  const { events } = await run({ ...(await request(out, steps)), resume: true });
  const [start] = eventsOfKind(events, "start");
  expect(start?.step).toBeGreaterThan(0);
  expect(losses(events)).toEqual(losses(uninterrupted.events).slice(start?.step));
  expect(weightsOf(out)).toEqual(weightsOf(join(folder, "whole")));
  const metrics = (name: string) => readFileSync(join(folder, name, "metrics.jsonl"), "utf8");
  expect(metrics("killed")).toBe(metrics("whole"));
  expect(readdirSync(out)).not.toContain("lock");
});

/** Trains in another process, and kills it after a number of checkpoints. */
async function killAfter(trainRequest: TrainRequest, checkpoints: number): Promise<void> {
  const program = `
    import { train } from ${JSON.stringify(pathToFileURL(trainModule).href)};
    await train(${JSON.stringify(trainRequest)}, { onEvent: (event) => event.event === "checkpoint" && console.log(event.step) });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.on("exit", resolve));
  let checkpointCount = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    if (++checkpointCount === checkpoints) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
}
