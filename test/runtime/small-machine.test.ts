/** On a machine too small for it a training ends before it begins, unless it is forced. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "./folder.js";
import { requestOf, run, specOfCase } from "./training.js";

vi.mock("../../runtime/machine.js", async (original) => ({
  ...(await original<typeof import("../../runtime/machine.js")>()),
  machineMemory: () => 64 * 2 ** 20,
}));

test("it is refused with the way out, and nothing is written", async () => {
  const out = join(temporaryFolder(), "run");
  const asked = requestOf("embedding-gru-sgd", await specOfCase("embedding-gru-sgd", { steps: 3 }), out);
  const { outcome } = await run(asked);
  expect(outcome).toMatchObject({
    ok: false,
    kind: "input",
    problems: [{ code: "memory", path: "/train/batch_size" }],
  });
  expect(existsSync(out)).toBe(false);
  expect((await run({ ...asked, force: true })).outcome).toMatchObject({ ok: true });
});
