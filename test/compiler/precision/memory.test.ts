/** The memory estimate with float16: two bytes a value, and on the CPU their float32 copies. */
import { expect, test } from "vitest";
import { analysisOf, open } from "../../support/programs.js";
import { sentence } from "../../support/small-specs.js";

test("values of a step take fewer bytes, parameters and slots as many as in float32", async () => {
  const text = (precision: string) => ({
    ...sentence,
    data: { type: "text", text: "if you want to build a ship, ".repeat(10), window: 40 },
    train: { batch_size: 200, precision },
  });
  const [full, half] = [analysisOf(await open(text("float32"))), analysisOf(await open(text("float16")))];
  expect(half.memory.activations).toBeLessThan(0.7 * full.memory.activations);
  expect(half.memory.parameters).toBe(full.memory.parameters);
  // The loss scale, the updates since it changed, and the skipped updates.
  expect(half.memory.slots).toBe(full.memory.slots + 12);
  expect(half.memory.total).toBeCloseTo(
    full.memory.total + 5.5 * 12 + 2 * half.memory.activations - 1.35 * full.memory.activations,
  );
});
