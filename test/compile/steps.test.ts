/** Updates per call: however they are portioned, the numbers are the same to the last bit. */
import { describe, expect, test } from "vitest";
import { build, train } from "./artifacts.js";
import { specs } from "./specs.js";

const one = (count: number) => new Array<number>(count).fill(1);

describe("a hundred updates are the same in any portions", () => {
  test.each(specs)("$name", async (spec) => {
    const built = await build(spec);
    const together = await train(built, [100]);
    expect(together.losses).toHaveLength(100);
    expect(together.losses.every(Number.isFinite)).toBe(true);
    expect(together.losses.at(-1)).toBeLessThan(together.losses[0] ?? 0);
    expect(together.carried.step).toBe("6400000000000000");
    expect(await train(built, one(100))).toEqual(together);
    expect(await train(built, [1, 32, 67])).toEqual(together);
  });
});
