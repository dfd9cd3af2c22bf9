/** Training in onnxruntime is independent of padding, bit for bit. */
import { expect, test } from "vitest";
import { build, train } from "../../support/artifacts.js";
import { series, tagging } from "../../support/small-specs.js";

const lengths = [5, 2, 4, 1, 3, 5];

/** Rows of steps with other values past each length. */
function padded<T>(
  rows: readonly (readonly T[])[],
  padding: (row: number, step: number) => T,
): readonly (readonly T[])[] {
  return rows.map((row, index) =>
    row.map((entry, step) => (step < (lengths[index] ?? 0) ? entry : padding(index, step))),
  );
}

test("ids, targets and weights past a length", async () => {
  const { data } = tagging;
  const other = {
    ...data,
    inputs: padded(data.inputs, (row, step) => (row * step) % 4),
    targets: padded(data.targets, (row, step) => (row + step) % 4),
    weights: padded(data.weights, (row, step) => 1000 * (row - step)),
  };
  expect(data.lengths).toEqual(lengths);
  expect(other).not.toEqual(data);
  expect(await train(await build({ ...tagging, data: other }), [20])).toEqual(await train(await build(tagging), [20]));
});

test("numbers past a length, zeros and large ones", async () => {
  const data = { ...series.data, lengths };
  const expected = await train(await build({ ...series, data }), [20]);
  for (const padding of [0, 1e30]) {
    const other = { ...data, inputs: padded(data.inputs, () => [padding, -padding]) };
    expect(await train(await build({ ...series, data: other }), [20])).toEqual(expected);
  }
});
