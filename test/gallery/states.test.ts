/** Shapes, lengths and states as the tutorials print them, in the trained models. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it, onTestFinished } from "vitest";
import { writeSafetensors } from "../../runtime/tensors/safetensors.js";
import { rnnx, train } from "./run.js";

const ids = (rows: readonly (readonly number[])[]) =>
  new Tensor("int32", Int32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]);
const hello = [0, 1, 2, 2, 3];
const eolll = [1, 3, 2, 2, 2];
const lleel = [2, 2, 1, 1, 2];

/** Runs a trained model.onnx. */
async function infer(run: string, feeds: Record<string, Tensor>) {
  const session = await InferenceSession.create(join(run, "model.onnx"));
  const outputs = await session.run(feeds);
  await session.release();
  return (name: string) => {
    const output = outputs[name];
    if (!(output?.data instanceof Float32Array)) throw new Error(`no output ${name}`);
    return { shape: output.dims, data: [...output.data] };
  };
}

it("batches gives the shapes of the tutorial, and its LSTM has 56 parameters", async () => {
  const { run } = await train("batches");
  for (const rows of [[[0]], [hello], [hello, eolll, lleel]]) {
    const output = await infer(run, { inputs: ids(rows) });
    expect(output("outputs").shape).toEqual([rows.length, rows[0]?.length, 2]);
  }
  expect((await rnnx("inspect", "specs/batches.json")).at(-1)).toMatchObject({ parameters: { total: 56 } });
});

it("lengths puts out exact zeros past each end and keeps the state there", async () => {
  const { run } = await train("lengths");
  const lengths = [5, 3, 4];
  const feed = (length: readonly number[]) => new Tensor("int64", BigInt64Array.from(length, BigInt), [length.length]);
  const output = await infer(run, { inputs: ids([hello, eolll, lleel]), lengths: feed(lengths) });
  const { data } = output("outputs");
  lengths.forEach((length, row) => {
    const steps = data.slice(row * 10, row * 10 + 10);
    expect(steps.slice(length * 2).every((entry) => Object.is(entry, 0))).toBe(true);
    expect(steps.slice(length * 2 - 2, length * 2).every((entry) => entry !== 0)).toBe(true);
    expect(output("final/rnn/0/h").data.slice(row * 2, row * 2 + 2)).toEqual(steps.slice(length * 2 - 2, length * 2));
  });
});

it("lengths in a scalar RNN give the tutorial's numbers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rnnx-scalar-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const weights = { "rnn/0/W": -0.7847013, "rnn/0/U": -0.2843498, "rnn/0/b": 0 };
  const tensors = Object.entries(weights).map(([name, value]) => {
    const shape = name.endsWith("b") ? [1] : [1, 1];
    return [name, { dtype: "float32" as const, shape, data: Float32Array.of(value) }] as const;
  });
  writeFileSync(join(folder, "init.safetensors"), writeSafetensors(new Map(tensors)));
  const spec = {
    name: "scalar",
    data: {
      type: "arrays",
      inputs: [
        [[2], [0]],
        [[1], [1]],
      ],
      targets: [
        [[0], [0]],
        [[0], [0]],
      ],
      lengths: [1, 2],
    },
    model: [{ layer: "rnn", cell: "rnn", hidden_size: 1 }],
    loss: { type: "squared_error" },
    // A rate too small to move a weight of this size.
    optimizer: { type: "sgd", learning_rate: 1e-30 },
    train: { steps: 1, batch_size: "all" },
  };
  writeFileSync(join(folder, "scalar.json"), JSON.stringify(spec));
  const run = join(folder, "run");
  await rnnx("train", join(folder, "scalar.json"), "--init", join(folder, "init.safetensors"), "--out", run);
  const inputs = new Tensor("float32", Float32Array.of(2, 0, 1, 1), [2, 2, 1]);
  const output = await infer(run, { inputs, lengths: new Tensor("int64", BigInt64Array.of(1n, 2n), [2]) });
  const expected = [-0.9169307, 0, -0.6553968, -0.53586686];
  output("outputs").data.forEach((entry, index) => {
    expect(entry).toBeCloseTo(expected[index] ?? Number.NaN, 6);
  });
  expect(output("final/rnn/0/h").data[0]).toBeCloseTo(-0.9169307, 6);
  expect(output("final/rnn/0/h").data[1]).toBeCloseTo(-0.53586686, 6);
});

it("static, unrolled, trains as batches does with a loop", async () => {
  const [loop, unrolled] = [await train("batches"), await train("static")];
  loop.losses.forEach((loss, step) => {
    expect(Math.abs((unrolled.losses[step] ?? Number.NaN) - loss)).toBeLessThan(1e-5);
  });
  expect(unrolled.losses[0]).toBeCloseTo(loop.losses[0] ?? Number.NaN, 6);
});

it("keras-states returns the last output as h, beside c", async () => {
  const { run } = await train("keras-states");
  const inputs = new Tensor(
    "float32",
    Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
    [2, 8, 2],
  );
  const output = await infer(run, { inputs });
  expect(output("final/encoder/0/h").shape).toEqual([2, 3]);
  expect(output("final/encoder/0/c").shape).toEqual([2, 3]);
  const { parameters } = (await rnnx("inspect", "specs/keras-states.json")).at(-1) as {
    readonly parameters: { readonly tensors: readonly { readonly name: string; readonly count: number }[] };
  };
  const countOf = (layer: string) =>
    parameters.tensors.filter(({ name }) => name.startsWith(`${layer}/`)).reduce((sum, { count }) => sum + count, 0);
  expect(countOf("encoder")).toBe(72);
  // A GRU that reads the encoder's 3 outputs: two matrices [3, 9] and two biases [9].
  expect(countOf("last")).toBe(72);
});
