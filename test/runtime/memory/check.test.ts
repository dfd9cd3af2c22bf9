/** What does not fit into the machine is refused before it is allocated. */
import { expect, test } from "vitest";
import { totalMemory } from "../../../runtime/memory/available.js";
import { checkMemory } from "../../../runtime/memory/check.js";

const GiB = 2 ** 30;
/** A model of 1 GiB, and 100 MiB for each example. */
const memoryAt = (batch: number) => GiB + batch * 100 * 2 ** 20;

test("what fits is not spoken of", () => {
  expect(checkMemory({ accumulate: 1 }, 1, () => 1000)).toEqual({ problems: [], notices: [] });
  expect(totalMemory()).toBeGreaterThan(2 ** 28);
});

test("what does not is refused with the figure and the largest batch that would", () => {
  expect(checkMemory({ accumulate: 1 }, 512, memoryAt, 4 * GiB).problems).toEqual([
    {
      code: "memory",
      path: "/train/batch_size",
      message: "The training would take about 51 GiB at its peak, and there are 4 GiB.",
      hint: 'The largest batch_size that fits is 30; "accumulate" makes a batch in portions, with the memory of one. --force trains all the same.',
    },
  ]);
  expect(memoryAt(30)).toBeLessThanOrEqual(4 * GiB);
  expect(memoryAt(31)).toBeGreaterThan(4 * GiB);
  expect(checkMemory({ accumulate: 8 }, 512, memoryAt, 4 * GiB).problems[0]?.hint).toContain(" is 24;");
});

test("nor does a model that is too large by itself", () => {
  expect(checkMemory({ accumulate: 1 }, 512, memoryAt, GiB).problems[0]?.hint).toMatch(
    /^One example at a time would take 1\.1 GiB: make the model smaller, or the sequences shorter\./,
  );
});

test("what fits beside nothing that runs now is told of", () => {
  const { problems, notices } = checkMemory({ accumulate: 1 }, 1, () => totalMemory());
  expect(problems).toEqual([]);
  expect(notices[0]).toMatch(/^The training takes about \S+ \S+ at its peak, and \S+ \S+ are free now\.$/);
});
