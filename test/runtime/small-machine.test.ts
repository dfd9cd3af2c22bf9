/** On a machine too small for it a training ends before it begins, unless it is forced. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { planTraining } from "../../runtime/prepare.js";
import { temporaryFolder } from "./folder.js";
import { requestOf, run, specOfCase } from "./training.js";

const MiB = 2 ** 20;
const machine = vi.hoisted(() => ({ memory: 0 }));
vi.mock("../../runtime/machine.js", async (original) => ({
  ...(await original<typeof import("../../runtime/machine.js")>()),
  machineMemory: () => machine.memory,
}));
beforeEach(() => {
  machine.memory = 64 * MiB;
});

const asked = async () =>
  requestOf("embedding-gru-sgd", await specOfCase("embedding-gru-sgd", { steps: 3 }), join(temporaryFolder(), "run"));
const refusal = { ok: false, outcome: { kind: "input", problems: [{ code: "memory", path: "/train/batch_size" }] } };

test("it is refused with the way out, and nothing is written", async () => {
  const request = await asked();
  expect((await run(request)).outcome).toMatchObject({ ok: false, ...refusal.outcome });
  expect(existsSync(request.out)).toBe(false);
  expect((await run({ ...request, force: true })).outcome).toMatchObject({ ok: true });
});

test("ranks of one machine share its memory, those of others do not", async () => {
  const plan = async (processes: number, local: number) =>
    planTraining(await asked(), { processes, local, agree: (settled) => settled, halves: true, seed: 0 });
  // Of this small model the program takes nearly all.
  machine.memory = 250 * MiB;
  expect(await plan(2, 1)).toMatchObject({ ok: true });
  expect(await plan(2, 2)).toMatchObject(refusal);
  machine.memory = 350 * MiB;
  expect(await plan(2, 2)).toMatchObject({ ok: true });
});
