/** The tutorials' systems reach the tutorials' numbers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/spawn.js";
import { trainSpec } from "../support/training-runs.js";
import { rnnx, train } from "./run.js";

describe("hello", () => {
  it("says ello after hell by step 100", async () => {
    const { predictions, losses } = await train("hello");
    expect(losses).toHaveLength(100);
    expect(predictions).toEqual(["ello"]);
  });

  it("does so from at least 16 of 20 seeds", { timeout: 240_000 }, async () => {
    const { $schema: _, ...hello } = JSON.parse(readFileSync(join(root, "specs/hello.json"), "utf8"));
    let blockCount = 0;
    for (let seed = 0; seed < 20 && blockCount < 16; seed++) {
      const { done } = await trainSpec({ ...hello, seed });
      blockCount += done.predictions?.[0] === "ello" ? 1 : 0;
    }
    expect(blockCount).toBe(16);
  });
});

it("hihello says ihello, at the loss that tanh outputs allow", async () => {
  const { predictions, loss } = await train("hihello");
  expect(predictions).toEqual(["ihello"]);
  expect(loss).toBeGreaterThan(0.55);
  expect(loss).toBeLessThan(0.8);
});

it("if-you-want-you passes the printed loss at step 1419", async () => {
  const { losses } = await train("if-you-want-you");
  expect(losses[1418]).toBeGreaterThan(1.3);
  expect(losses[1418]).toBeLessThan(1.45);
});

const sentence =
  "if you want to build a ship, don't drum up people together to collect wood and don't assign them tasks and work, but rather teach them to long for the endless immensity of the sea.";

describe("ship", () => {
  it.each(["ship", "ship-tied", "minimal-gated"])("%s reads the sentence back, window by window", async (spec) => {
    const { loss, predictions } = await train(spec);
    expect(loss).toBeLessThanOrEqual(0.235);
    // Where a window starts nothing tells what comes, but its last character is sure.
    const last = predictions.map((text) => String(text).at(-1));
    expect(last).toEqual(predictions.map((_, window) => sentence[window + 10]));
  });

  it.each([
    ["ship", 10_850],
    ["ship-tied", 5_750],
  ])("%s has %i parameters", async (spec, total) => {
    expect((await rnnx("inspect", `specs/${spec}.json`)).at(-1)).toMatchObject({
      parameters: { total, trainable: total },
    });
  });
});
