/** "return": "last" of bidirectional layers: each direction after the whole sequence; a pool of mode "last" is one step. */
import { describe, expect, test } from "vitest";
import { build, dataOf, drawParameters, filled, openModel } from "../../../../support/artifacts.js";

const [TIME, SIZE] = [4, 3];
const lengths = [4, 2, 1];
const inputs = lengths.map((_, row) =>
  Array.from({ length: TIME }, (__, step) => [Math.sin(row + 2 * step), Math.cos(3 * row * step)]),
);

/** The outputs of a model as rows, with parameters by name. */
async function outputs(cell: object, model: readonly object[], isSequence: boolean, masked: boolean) {
  const width = SIZE * ("bidirectional" in cell && cell.bidirectional === "concat" ? 2 : 1);
  const target = Array(width).fill(0);
  const { artifact, source } = await build({
    data: {
      type: "arrays",
      inputs,
      targets: lengths.map(() => (isSequence ? Array(TIME).fill(target) : target)),
      ...(masked && { lengths }),
    },
    model,
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { batch_size: "all" },
  });
  const { manifest } = artifact;
  const session = await openModel(filled(artifact.model, artifact, drawParameters(manifest.parameters)));
  const rows = Uint32Array.from(lengths.keys());
  const results = await session.run(dataOf(source.batch(rows), manifest.model));
  const name = manifest.model.outputs.find(({ role }) => role === "prediction")?.name ?? "";
  const data = [...((results[name]?.data as Float32Array) ?? [])];
  await session.release();
  return (row: number, step = 0) => data.slice((row * (isSequence ? TIME : 1) + step) * width).slice(0, width);
}

const cells = ["lstm", "gru", "mingru"];
describe.each([true, false])("with lengths: %s", (masked) => {
  const lastStep = (row: number) => (masked ? (lengths[row] ?? 0) - 1 : TIME - 1);

  test.each(cells)("of a concatenated %s: forward of the last valid step, backward of the first", async (cell) => {
    const layer = { layer: "rnn", name: "rnn", cell, hidden_size: SIZE, bidirectional: "concat" };
    const every = await outputs(layer, [layer], true, masked);
    const last = await outputs(layer, [{ ...layer, return: "last" }], false, masked);
    const pooled = await outputs(layer, [layer, { layer: "pool", mode: "last" }], false, masked);
    for (const row of lengths.keys()) {
      const [forward, backward] = [every(row, lastStep(row)).slice(0, SIZE), every(row, 0).slice(SIZE)];
      expect(last(row)).toEqual([...forward, ...backward]);
      expect(pooled(row)).toEqual(every(row, lastStep(row)));
    }
    // Rows of several steps tell the two apart.
    expect(last(0)).not.toEqual(pooled(0));
  });

  test("of a summed gru: the sum of the two", async () => {
    const layer = { layer: "rnn", name: "rnn", cell: "gru", hidden_size: SIZE };
    const concatenated = { ...layer, bidirectional: "concat", return: "last" };
    const parts = await outputs(concatenated, [concatenated], false, masked);
    const summed = { ...layer, bidirectional: "sum", return: "last" };
    const sums = await outputs(summed, [summed], false, masked);
    for (const row of lengths.keys())
      for (const [index, value] of sums(row).entries())
        expect(value).toBeCloseTo((parts(row)[index] ?? 0) + (parts(row)[index + SIZE] ?? 0), 6);
  });
});
