/** Data parallelism: the sums over any split of a batch give the update of the whole batch. */
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { build, type Compiled, drawParameters, numbers, openModel, toTensor, train } from "../../support/artifacts.js";
import { open } from "../../support/programs.js";
import { only, pair, scalar, trainShared } from "../../support/shared-steps.js";
import { rows, sentence, series, tagging } from "../../support/small-specs.js";

const dropping = { input: 0.2, output: 0.3, state: 0.1 };
const dropped = (model: readonly object[]) =>
  model.map((layer) => ("cell" in layer ? { ...layer, layers: 1, dropout: dropping, zoneout: 0.1 } : layer));

/** Two layers of rows, each with a target. */
const twoOutputs = {
  data: {
    type: "arrays",
    inputs: [0, 1, 2, 3, 4, 5].map((row) => [Math.sin(row), Math.cos(row)]),
    targets: { kind: [0, 1, 2, 0, 1, 2], amount: [0, 1, 2, 3, 4, 5].map((row) => [row, 1 - row]) },
  },
  model: [
    { layer: "dense", name: "hidden", size: 3, activation: "tanh" },
    { layer: "dense", name: "kind", size: 3 },
    { layer: "dense", name: "amount", from: "hidden", size: 2 },
  ],
  optimizer: { type: "adam", learning_rate: 0.05 },
  train: { batch_size: "all" },
};

const cases: readonly [string, object][] = [
  ["a text, with dropout", { ...sentence, model: dropped(sentence.model) }],
  [
    "lengths and weights, clipped, two directions, variational dropout",
    {
      ...tagging,
      model: [
        tagging.model[0] ?? {},
        { ...tagging.model[1], dropout: { output: 0.4, variational: true } },
        { layer: "dropout", rate: 0.2 },
        tagging.model[2] ?? {},
      ],
    },
  ],
  ["a sum, with a penalty and first states", { ...series, regularization: { l2: 0.05 } }],
  [
    "rows without time, averaged weights",
    {
      ...rows,
      model: [rows.model[0] ?? {}, { layer: "dropout", rate: 0.3 }, rows.model[1] ?? {}],
      optimizer: { ...rows.optimizer, average: { decay: 0.8 } },
    },
  ],
  [
    "several outputs, whose losses are means over the same rows",
    {
      ...twoOutputs,
      losses: [
        { type: "cross_entropy", from: "kind", target: "kind", weight: 0.5 },
        { type: "squared_error", from: "amount", target: "amount" },
      ],
    },
  ],
  [
    "micro-batches, with dropout",
    { ...sentence, model: dropped(sentence.model), train: { batch_size: 8, accumulate: 2 } },
  ],
];

describe("a step split between processes", () => {
  test.each(cases)("%s", async (_, spec) => {
    const compiled = await build(spec, { dataParallel: true });
    const size =
      compiled.spec.train.batch_size === "all" ? compiled.source.examples : Number(compiled.spec.train.batch_size);
    const microbatches = Number(compiled.spec.train.accumulate);
    const steps = 4;
    const split = (boundaries: readonly number[]) =>
      trainShared(
        compiled,
        steps,
        size,
        boundaries.map((boundary) => boundary / microbatches),
        microbatches,
      );
    const expected = microbatches === 1 ? await train(await build(spec), [steps]) : await split([0, size]);
    const results = [
      ...(microbatches === 1 ? [["one process", await train(compiled, [steps])] as const] : []),
      ...(await Promise.all(
        [
          [0, size],
          [0, microbatches, size],
          [0, microbatches, microbatches * 2, size],
        ].map(async (boundaries) => [`rows ${boundaries}`, await split(boundaries)] as const),
      )),
    ];
    for (const [title, { losses, parameters }] of results) {
      losses.forEach((loss, step) => {
        expect(Math.abs(loss / (expected.losses[step] ?? 0) - 1), `${title}, loss ${step}`).toBeLessThan(1e-5);
      });
      for (const [name, entries] of Object.entries(expected.parameters)) {
        const differences = entries.map((entry, index) => Math.abs(entry - (parameters[name]?.[index] ?? NaN)));
        expect(Math.max(...differences), `${title}, ${name}`).toBeLessThan(1e-5);
      }
    }
  });

  test("the last rows of a batch draw the same random numbers as in the whole batch", async () => {
    const compiled = await build({ ...sentence, model: dropped(sentence.model) }, { dataParallel: true });
    const first = await sums(compiled, [0, 1], [0, 2]);
    const averaged = await sums(compiled, [0, 1], [2, 4]);
    expect(first).not.toEqual(averaged);
    expect(await sums(compiled, [0, 1], [0, 2])).toEqual(first);
  });

  test("losses that are means over different numbers are rejected", async () => {
    const losses = [
      { type: "cross_entropy", from: "kind", target: "kind", reduction: "sum" },
      { type: "squared_error", from: "amount", target: "amount" },
    ];
    const { spec: normal, signature, origins } = await open({ ...twoOutputs, losses });
    expect(await compile(normal, signature, { origins })).toMatchObject({ ok: true });
    expect(await compile(normal, signature, { origins, dataParallel: true })).toMatchObject({
      ok: false,
      problems: [{ code: "distributed-loss", path: "/losses" }],
    });
  });

  test("a loss that averages each step over all examples is rejected", async () => {
    const spec = { ...sentence, loss: { type: "sequence_loss", average_across_timesteps: false } };
    const { spec: normal, signature, origins } = await open(spec);
    expect(await compile(normal, signature, { origins })).toMatchObject({ ok: true });
    expect(await compile(normal, signature, { origins, dataParallel: true })).toMatchObject({
      ok: false,
      problems: [{ code: "distributed-loss", path: "/loss/average_across_timesteps" }],
    });
  });
});

/** The gradient vector of some examples, as rows of a batch. */
async function sums(compiled: Compiled, examples: readonly number[], [first, total]: readonly [number, number]) {
  const { shard, manifest } = compiled.artifact;
  const session = await openModel(shard?.gradient ?? new Uint8Array());
  const feeds = { ...drawParameters(manifest.parameters), step: scalar(3), shard: pair(first, total) };
  const data = Object.fromEntries([...compiled.source.batch(examples)].map(([name, array]) => [name, toTensor(array)]));
  const results = await session.run(only({ ...feeds, ...data }, manifest.shard?.gradient));
  return numbers(results.gradient);
}
