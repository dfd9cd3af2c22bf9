/** Updates per call: the results are the same for any number, bit for bit. */
import { describe, expect, test } from "vitest";
import { build, train } from "../../support/artifacts.js";
import { specs } from "../../support/small-specs.js";

const ones = (count: number) => new Array<number>(count).fill(1);

describe("a hundred updates are the same for any number of updates per call", () => {
  test.each(specs)("$name", async (spec) => {
    const compiled = await build(spec);
    const batched = await train(compiled, [100]);
    expect(batched.losses).toHaveLength(100);
    expect(batched.losses.every(Number.isFinite)).toBe(true);
    expect(batched.losses.at(-1)).toBeLessThan(batched.losses[0] ?? 0);
    expect(batched.states.step).toBe("6400000000000000");
    expect(await train(compiled, ones(100))).toEqual(batched);
    expect(await train(compiled, [1, 32, 67])).toEqual(batched);
  });
});
