/** The check of the peak memory: problems, notices and hints. */
import { expect, test } from "vitest";
import { totalMemory } from "../../../runtime/memory/available.js";
import { checkMemory } from "../../../runtime/memory/check.js";

const GiB = 2 ** 30;
/** The memory of a model: 1 GiB, and 100 MiB for each example. */
const memoryAt = (batch: number) => GiB + batch * 100 * 2 ** 20;

test("a training that fits has no problems", () => {
  expect(checkMemory({ accumulate: 1 }, 1, () => 1000)).toEqual({ problems: [], notices: [] });
  expect(totalMemory()).toBeGreaterThan(2 ** 28);
});

test("a training that does not fit is refused, with the largest batch size that fits", () => {
  expect(checkMemory({ accumulate: 1 }, 512, memoryAt, 4 * GiB).problems).toEqual([
    {
      code: "memory",
      path: "/train/batch_size",
      message: "Training needs about 51 GiB, but this machine has 4 GiB.",
      hint: 'Reduce batch_size to at most 30, or set "accumulate" to compute a batch in micro-batches. Use --force to try anyway.',
    },
  ]);
  expect(memoryAt(30)).toBeLessThanOrEqual(4 * GiB);
  expect(memoryAt(31)).toBeGreaterThan(4 * GiB);
  expect(checkMemory({ accumulate: 8 }, 512, memoryAt, 4 * GiB).problems[0]?.hint).toContain("at most 24,");
});

test("a model without a batch size that fits is refused", () => {
  expect(checkMemory({ accumulate: 1 }, 512, memoryAt, GiB).problems[0]?.hint).toMatch(
    /^A batch of one example per micro-batch needs 1\.1 GiB: use a smaller model or shorter sequences\./,
  );
});

test("too little free memory is a notice", () => {
  const { problems, notices } = checkMemory({ accumulate: 1 }, 1, () => totalMemory());
  expect(problems).toEqual([]);
  expect(notices[0]).toMatch(/^Training needs about \S+ \S+, but only \S+ \S+ are free now\.$/);
});
