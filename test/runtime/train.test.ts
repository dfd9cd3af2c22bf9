/** Training in a worker thread and in a process that is killed: these run the built program (`npm run build`). */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { TrainEvent, TrainRequest } from "../../runtime/events.js";
import { train } from "../../runtime/train.js";
import type { Origins } from "../../schema/origins.js";
import { temporaryFolder } from "./folder.js";
import { losses, of, requestOf, run, specOfCase, weightsOf } from "./training.js";

const built = join(import.meta.dirname, "../../dist/runtime/train.js");

beforeAll(() => {
  if (!existsSync(built)) throw new Error("These tests run the built program: npm run build.");
});

async function request(out: string, steps: number): Promise<TrainRequest> {
  const spec = await specOfCase("embedding-gru-sgd", { batch_size: 3, shuffle: true, steps, checkpoint_every: 50 });
  return requestOf("embedding-gru-sgd", spec, out);
}

test("the worker says and leaves the same as the loop in this thread, and this thread stays live", async () => {
  const folder = temporaryFolder();
  const here = await run(await request(join(folder, "here"), 300));
  const events: TrainEvent[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const outcome = await train(await request(join(folder, "worker"), 300), { onEvent: (event) => events.push(event) });
  clearInterval(timer);
  expect(outcome).toMatchObject({ ok: true });
  expect(losses(events)).toEqual(losses(here.events));
  expect(weightsOf(join(folder, "worker"))).toEqual(weightsOf(join(folder, "here")));
  expect(ticks).toBeGreaterThan(20);
});

test("aborting saves a checkpoint and ends the run, which goes on from there", async () => {
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
  const { step, interrupted } = outcome.done;
  expect(interrupted).toBe(true);
  expect(step).toBeGreaterThan(100);
  expect(step).toBeLessThan(1_000_000);
  expect(readdirSync(join(out, "checkpoints"))).toContain(`step-${String(step).padStart(8, "0")}`);
  const { events: resumed } = await run({ ...(await request(out, step + 5)), resume: true });
  expect(losses(resumed)).toHaveLength(5);
});

test("problems are placed in the user's text", async () => {
  const asked = await request(join(temporaryFolder(), "run"), 10);
  const origins: Origins = { pathOf: (_, key) => `/somewhere/${key}` };
  const outcome = await train({ ...asked, folder: "/no-such-folder" }, { origins, onEvent() {} });
  const paths = !outcome.ok && outcome.kind === "input" ? outcome.problems.map(({ path }) => path) : [];
  expect(paths).toEqual(["/somewhere/inputs", "/somewhere/targets"]);
});

test("what the system refuses is thrown as it said it", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const asked = await request(join(file, "run"), 10);
  await expect(train(asked, { onEvent() {} })).rejects.toMatchObject({ code: "ENOTDIR", syscall: "mkdir" });
});

test("a killed process is resumed at once, and ends as if nothing had happened", async () => {
  const folder = temporaryFolder();
  const steps = 2000;
  const whole = await run(await request(join(folder, "whole"), steps));
  const out = join(folder, "killed");
  for (const checkpoints of [1, 4, 9]) {
    const process_ = await request(out, steps);
    await killAfter({ ...process_, resume: true }, checkpoints);
  }
  const { events } = await run({ ...(await request(out, steps)), resume: true });
  const [start] = of(events, "start");
  expect(start?.step).toBeGreaterThan(0);
  expect(losses(events)).toEqual(losses(whole.events).slice(start?.step));
  expect(weightsOf(out)).toEqual(weightsOf(join(folder, "whole")));
  const metrics = (name: string) => readFileSync(join(folder, name, "metrics.jsonl"), "utf8");
  expect(metrics("killed")).toBe(metrics("whole"));
  expect(readdirSync(out)).not.toContain("lock");
});

/** Trains in a process of its own, and kills it when it has said so many checkpoints. */
async function killAfter(asked: TrainRequest, checkpoints: number): Promise<void> {
  const program = `
    import { train } from ${JSON.stringify(pathToFileURL(built).href)};
    await train(${JSON.stringify(asked)}, { onEvent: (event) => event.event === "checkpoint" && console.log(event.step) });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  let seen = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    if (++seen === checkpoints) child.kill("SIGKILL");
  }
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
}
