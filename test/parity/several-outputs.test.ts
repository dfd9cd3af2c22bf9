/**
 * A model with several outputs by every path: evaluation, predictions, and the exported forms in ONNX Runtime for Node
 * and for the web.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readNpy } from "../../runtime/data/formats/npy.js";
import { readZip } from "../../runtime/data/formats/zip.js";
import { exportModel } from "../../runtime/export/index.js";
import { predictRun } from "../../runtime/predict/predict-run.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import { tensorOf } from "../../runtime/tensors/ort.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import { predict } from "../../web/predict.js";
import { inNode, inWeb } from "../runtime/export/runtimes.js";
import { type Outputs, openPaths } from "../support/model-paths.js";

const lengths = [3, 1, 2, 3, 2];
const STEPS = 3;
const entry = (row: number, step: number) => Math.sin(3 * row + step);
const perStep = (value: (row: number, step: number) => unknown) =>
  lengths.map((_, row) => Array.from({ length: STEPS }, (_, step) => value(row, step)));
const inputs = perStep((row, step) => [entry(row, step), Math.cos(row * step)]);

const spec = {
  data: {
    type: "arrays",
    inputs,
    targets: {
      tag: perStep((row, step) => (row + step) % 3),
      rising: lengths.map((_, row) => [row % 2]),
      amount: perStep((row, step) => [entry(row, step) / 2, row]),
    },
    lengths,
  },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 4 },
    { layer: "dense", name: "tag", size: "classes" },
    { layer: "rnn", name: "last", cell: "rnn", hidden_size: 3, from: "rnn", return: "last" },
    { layer: "dense", name: "rising", size: 1 },
    { layer: "dense", name: "amount", from: "rnn", size: 2 },
  ],
  losses: [
    { type: "cross_entropy", from: "tag", target: "tag" },
    { type: "binary_cross_entropy", from: "rising", target: "rising", weight: 0.5 },
    { type: "squared_error", target: "amount" },
  ],
  train: { steps: 5, batch_size: "all" },
};

const widths: Readonly<Record<string, number>> = { tag: 3, rising: 1, amount: 2 };

/** Probabilities in float64, and numbers as they are. */
function finished(name: string, outputs: Outputs): Outputs {
  if (name === "amount") return outputs;
  if (name === "rising") return outputs.map((logit) => 1 / (1 + Math.exp(-logit)));
  return outputs.map((logit, index) => {
    const row = outputs.slice(index - (index % 3), index - (index % 3) + 3);
    return 1 / row.reduce((sum, other) => sum + Math.exp(other - logit), 0);
  });
}

function expectEqual(actual: ArrayLike<number>, expected: Outputs, path: string) {
  expect(actual.length, path).toBe(expected.length);
  const difference = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN))));
  expect(difference, path).toBeLessThan(2e-5);
}

test("every path has the same outputs", async () => {
  const paths = await openPaths({ spec, files: {} });
  const { run } = paths;
  const outputs = outputsOf(run.spec);
  expect(outputs.map(({ name }) => name)).toEqual(["tag", "rising", "amount"]);
  /** By output and example, without steps past the lengths. */
  const expected = new Map<string, readonly Outputs[]>();
  for (const { name, port } of outputs) {
    const rows = await paths.evaluated(5, run.spec.data, port);
    const width = widths[name] ?? 1;
    const valid = rows.map((row, example) => (name === "rising" ? row : row.slice(0, (lengths[example] ?? 0) * width)));
    expected.set(
      name,
      valid.map((row) => finished(name, row)),
    );
  }
  const outputOf = (name: string, example: number) => expected.get(name)?.[example] ?? [];

  const folder = join(run.folder, "..");
  writeFileSync(join(folder, "in.json"), JSON.stringify({ inputs, lengths }));
  const request = { run: run.folder, input: "in.json", folder, beam: null, device: "cpu" } as const;
  const predicted = await predictRun({ ...request, output: "out.npz" });
  if (!predicted.ok) throw new Error(JSON.stringify(predicted.error));
  const members = readZip(readFileSync(join(folder, "out.npz")));
  if (!members.ok) throw new Error(members.error);
  expect(members.value.map(({ name }) => name)).toEqual(["tag.npy", "rising.npy", "amount.npy"]);
  for (const member of members.value) {
    const bytes = member.read();
    const array = bytes.ok ? readNpy(bytes.value) : bytes;
    if (!array.ok) throw new Error(array.error);
    const name = member.name.slice(0, -".npy".length);
    const width = array.value.values.length / lengths.length;
    for (const example of lengths.keys()) {
      const expectedRow = outputOf(name, example);
      const row = Array.from(array.value.values).slice(example * width, (example + 1) * width);
      expectEqual(row.slice(0, expectedRow.length), expectedRow, `${member.name}, example ${example}`);
    }
  }
  const [first] = predicted.value.predictions;
  expect(Object.keys(first ?? {})).toEqual([...["index", "tag", "tag_probability", "rising", "amount"]]);
  for (const [example, prediction] of predicted.value.predictions.entries()) {
    expect((prediction.tag as unknown[]).length).toBe(lengths[example]);
    expectEqual([prediction.rising as number], outputOf("rising", example), `rising, example ${example}`);
    expectEqual((prediction.amount as number[][]).flat(), outputOf("amount", example), `amount, example ${example}`);
  }

  const page = await paths.page();
  expect(page.page.can_train).toBe(false);
  const batch = new Map<string, NumericArray>([
    ["inputs", { dtype: "float32", shape: [5, STEPS, 2], data: Float32Array.from((inputs as number[][][]).flat(2)) }],
    ["lengths", { dtype: "int64", shape: [5], data: BigInt64Array.from(lengths, BigInt) }],
  ]);
  const onPage = await predict(page, batch);
  expect(onPage.map(({ output }) => output.name)).toEqual(["tag", "rising", "amount"]);
  for (const { output, scores } of onPage)
    for (const [example, { data }] of scores.entries()) {
      const own = outputOf(output.name ?? "", example);
      expectEqual(Array.from(data).slice(0, own.length), own, `${output.name} of the page, example ${example}`);
    }

  const refused = await predictRun({ ...request, output: "out.npy" });
  expect(refused).toMatchObject({ ok: false, error: { problems: [{ code: "several-outputs" }] } });

  const values = ["tag/probabilities", "rising/probabilities", "amount/outputs"];
  const floats = (data: readonly number[], shape: readonly number[]) =>
    tensorOf({ dtype: "float32", shape, data: Float32Array.from(data) });
  for (const form of ["sequence", "step"] as const) {
    const out = join(folder, `${form}.onnx`);
    const outcome = await exportModel({ run: run.folder, out, form, snippets: true });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    const { model, notices, verification } = outcome.value;
    expect(verification.difference).toBeLessThan(1e-5);
    expect(notices).toEqual([]);
    expect(model.outputs.flatMap(({ name, role }) => (role === "prediction" ? [name] : []))).toEqual([
      ...["tag/logits", "tag/probabilities", "tag/classes"],
      ...["rising/logits", "rising/probabilities", "rising/classes", "amount/outputs"],
    ]);
    for (const load of [inNode, inWeb]) {
      const loaded = await load(out);
      if (form === "sequence") {
        const results = await loaded.run({
          inputs: floats((inputs as number[][][]).flat(2), [5, STEPS, 2]),
          lengths: tensorOf({ dtype: "int64", shape: [5], data: BigInt64Array.from(lengths, BigInt) }),
        });
        for (const value of values) {
          const data = Array.from(results[value]?.data as Float32Array);
          const name = value.split("/")[0] ?? "";
          for (const example of lengths.keys()) {
            const row = data.slice((example * data.length) / 5, ((example + 1) * data.length) / 5);
            const own = outputOf(name, example);
            expectEqual(row.slice(0, own.length), own, `${value} of ${load.name}, example ${example}`);
          }
        }
      } else {
        // The first example has all steps.
        const states = new Map(
          model.inputs.flatMap(({ name, role, shape }) =>
            role === "state" ? [[name, floats(new Array(Number(shape[1])).fill(0), [1, Number(shape[1])])]] : [],
          ),
        );
        for (let step = 0; step < STEPS; step++) {
          const feeds = {
            inputs: floats((inputs as number[][][])[0]?.[step] ?? [], [1, 2]),
            ...Object.fromEntries(states),
          };
          const results = await loaded.run(feeds);
          for (const name of states.keys()) states.set(name, results[`next/${name}`] as ReturnType<typeof floats>);
          for (const value of values) {
            const name = value.split("/")[0] ?? "";
            const width = widths[name] ?? 1;
            const own = outputOf(name, 0);
            if (name === "rising" && step < STEPS - 1) continue;
            const at = name === "rising" ? 0 : step * width;
            expectEqual(
              Array.from(results[value]?.data as Float32Array),
              own.slice(at, at + width),
              `${value} of ${load.name}, step ${step}`,
            );
          }
        }
      }
      await loaded.release();
    }
  }
});
