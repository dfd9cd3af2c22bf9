/** Random specs over the whole vocabulary train and export, or are refused in their place: some here, more by models.mjs. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.js";

interface ModelFigures {
  readonly trained: number;
  readonly refused: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

/** A module of plain JavaScript, which has no types. */
const { tryModels } = await (import(join(import.meta.dirname, "model.mjs")) as Promise<{
  tryModels(count: number, seed: number, folder: string): Promise<ModelFigures>;
}>);

test("25 random models: exported forms have the outputs of the run", async () => {
  const { trained, refused, failed, failures } = await tryModels(25, 1, join(temporaryFolder(), "model"));
  expect(failures).toEqual([]);
  expect(failed).toBe(0);
  expect(trained).toBeGreaterThan(15);
  expect(refused).toBeGreaterThan(0);
}, 120_000);
