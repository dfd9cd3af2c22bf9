/** A training that needs more memory than the machine has is refused before it starts, unless it is forced. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { planTraining } from "../../../runtime/training/plan.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { requestFor, run, specOfCase } from "../../support/training-runs.js";

const MiB = 2 ** 20;
const machine = vi.hoisted(() => ({ memory: 0 }));
vi.mock("../../../runtime/memory/available.js", async (original) => ({
  ...(await original<typeof import("../../../runtime/memory/available.js")>()),
  totalMemory: () => machine.memory,
}));
beforeEach(() => {
  machine.memory = 64 * MiB;
});

const createRequest = async () =>
  requestFor("embedding-gru-sgd", await specOfCase("embedding-gru-sgd", { steps: 3 }), join(temporaryFolder(), "run"));
const expectedProblem = {
  ok: false,
  error: { kind: "input", problems: [{ code: "memory", path: "/train/batch_size" }] },
};

test("it is refused with a hint, and writes nothing", async () => {
  const request = await createRequest();
  expect((await run(request)).outcome).toMatchObject(expectedProblem);
  expect(existsSync(request.out)).toBe(false);
  expect((await run({ ...request, force: true })).outcome).toMatchObject({ ok: true });
});

test("ranks of one machine share its memory, those of other machines do not", async () => {
  const planFor = async (processes: number, local: number) =>
    planTraining(await createRequest(), {
      processes,
      localProcesses: local,
      agree: (resolved) => resolved,
      isStepSplit: true,
      seedOffset: 0,
    });
  // Nearly all memory of this small model is that of the program.
  machine.memory = 250 * MiB;
  expect(await planFor(2, 1)).toMatchObject({ ok: true });
  expect(await planFor(2, 2)).toMatchObject(expectedProblem);
  machine.memory = 350 * MiB;
  expect(await planFor(2, 2)).toMatchObject({ ok: true });
});
