/** Whatever is done to a file, its reader takes it or says what is wrong with it: some of it here, more by run.mjs. */
import { join } from "node:path";
import { expect, test } from "vitest";

interface FuzzResult {
  readonly taken: number;
  readonly refused: number;
  readonly failures: readonly unknown[];
}

/** Modules of plain JavaScript, which have no types. */
const load = <T>(name: string): Promise<T> => import(join(import.meta.dirname, name));

const counts: Readonly<Record<string, number>> = {
  spec: 150,
  equations: 150,
  safetensors: 4000,
  npy: 4000,
  npz: 300,
  json_array: 300,
  idx: 4000,
  csv: 150,
  jsonl: 150,
  text: 200,
  onnx: 3000,
  run: 300,
};

test("every target has its count", async () => {
  const { targets } = await load<{ readonly targets: object }>("targets.mjs");
  expect(Object.keys(counts)).toEqual(Object.keys(targets));
});

test.each(Object.entries(counts))("%s: %d mutated files", async (name, count) => {
  const { fuzz } = await load<{ fuzz(name: string, count: number, seed: number): Promise<FuzzResult> }>("fuzz.mjs");
  const { taken, refused, failures } = await fuzz(name, count, 1);
  expect(failures).toEqual([]);
  expect(taken + refused).toBe(count);
  expect(refused).toBeGreaterThan(0);
});
