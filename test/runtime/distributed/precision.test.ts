/** Distributed training in float16: results of a single rank up to rounding, and updates skipped on all ranks. */
import { describe, expect, test } from "vitest";
import { rnnx } from "../../support/spawn.js";
import { args, dropoutSpec, eventsOfKind, expectClose, lossesOf, specs, write } from "./sharing.js";

const half = (name: string, initial: number, distributed: object) =>
  write(name, {
    ...dropoutSpec,
    name,
    train: {
      ...dropoutSpec.train,
      distributed,
      precision: { type: "float16", loss_scale: { initial, growth_interval: 5 } },
    },
  });
const everyStep = { sync: "step" };

describe("ranks in float16", { timeout: 120_000 }, () => {
  test("train close to float32 on a single rank", async () => {
    const singleProcess = await rnnx(...args(specs.dropout, "float32"));
    const shared = await rnnx(...args(half("fits", 64, everyStep), "float16", "--ranks", "2"));
    expect(shared.code, shared.stderr).toBe(0);
    expectClose(lossesOf(shared), lossesOf(singleProcess), 0.02);
    expect(eventsOfKind(shared, "done")[0]?.skipped).toBe(0);
  });

  test.each([
    ["sharing", everyStep],
    ["averaging", { average_every: 4 }],
  ])("leave updates out, %s", async (name, distributed) => {
    const shared = await rnnx(...args(half(name, 2 ** 30, distributed), name, "--ranks", "2"));
    expect(shared.code, shared.stderr).toBe(0);
    const steps = eventsOfKind(shared, "step");
    expect(steps[0]).toMatchObject({ skipped: true, gradient_norm: 0, loss_scale: 2 ** 30 });
    expect(steps.at(-1)?.loss).toBeLessThan(0.95 * Number(steps[0]?.loss));
    expect(eventsOfKind(shared, "done")[0]?.skipped).toBeGreaterThan(3);
  });
});
