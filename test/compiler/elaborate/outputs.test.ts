/** Models with several outputs: their losses and gradients against PyTorch, their metrics, ports and problems. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { check } from "../../../compiler/compile.js";
import { restrictToOutputs } from "../../../compiler/elaborate/program.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { computeMetric } from "../../../runtime/evaluation/metric-accumulators.js";
import { build } from "../../support/artifacts.js";
import { open, operandsOf, outputsOf, programOf } from "../../support/programs.js";
import { unplacedProblems } from "../../support/read-spec.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../support/reference-numbers.js";

interface Fixture {
  readonly lengths: readonly number[];
  readonly inputs: Numbers;
  readonly targets: Readonly<Record<"tags" | "kind" | "amount", Numbers>>;
  readonly parameters: Readonly<Record<string, Numbers>>;
  readonly losses: Readonly<Record<string, number>>;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Numbers>>;
}
const fixture = readFixture<Fixture>("outputs.json");
const { tags, kind, amount } = fixture.targets;

/** A tag and an amount for each step, and a kind for each sequence. */
const data = {
  type: "arrays",
  inputs: nested(fixture.inputs),
  targets: { tags: nested(tags), kind: nested(kind), amount: nested(amount) },
  lengths: fixture.lengths,
};
const model = [
  { layer: "rnn", cell: "rnn", hidden_size: 3 },
  { layer: "dense", name: "tags", size: "classes" },
  { layer: "pool", mode: "mean", from: "rnn" },
  { layer: "dense", name: "kind", size: "classes" },
  { layer: "dense", name: "amount", from: "rnn", size: 1 },
];
const losses = [
  { type: "cross_entropy", from: "tags", target: "tags", weight: 0.5, label_smoothing: 0.1 },
  { type: "cross_entropy", from: "kind", target: "kind", reduction: "sum" },
  { type: "squared_error", target: "amount", weight: 2 },
];
const spec = { data, model, losses, optimizer: { type: "sgd", learning_rate: 0.1 }, train: { batch_size: 4 } };

/** In float64, where a batch of the data would be float32. */
const operands: ReadonlyMap<string, Tensor> = new Map([
  ...Object.entries(fixture.parameters).map(([name, numbers]) => [name, tensorOf(numbers)] as const),
  ["inputs", tensorOf(fixture.inputs)],
  ["lengths", tensor("int64", [fixture.lengths.length], fixture.lengths)],
  ["targets/tags", tensorOf(tags, "int32")],
  ["targets/kind", tensorOf(kind, "int32")],
  ["targets/amount", tensorOf(amount)],
]);

test("the loss is the weighted sum, with the gradients of PyTorch in float64", async () => {
  const program = restrictToOutputs(programOf(await open(spec)), ({ name }) => name === "loss");
  const trained = program.inputs.flatMap(({ role }, index) => (role === "parameter" ? [index] : []));
  const [loss, ...gradients] = evaluate(differentiate(program.graph, 0, trained), operandsOf(program.inputs, operands));
  expect(loss?.data[0]).toBeCloseTo(fixture.loss, 12);
  expect(trained.map((index) => program.inputs[index]?.name).sort()).toEqual(Object.keys(fixture.gradients).sort());
  for (const [position, index] of trained.entries()) {
    const name = program.inputs[index]?.name ?? "";
    expectClose(gradients[position], fixture.gradients[name] ?? { shape: [], data: [] }, 1e-12, name);
  }
});

test("metrics are named after their outputs, and the loss of an output is without its weight", async () => {
  const program = programOf(await open(spec), "evaluation");
  const outputs = outputsOf(program, operands, ["metric"]);
  const values = Object.entries(program.metrics).map(([name, finalizer]) => {
    const accumulators = Float64Array.from(outputs.get(`metrics/${name}`)?.data ?? []);
    return [name, computeMetric(finalizer, accumulators)] as const;
  });
  const metrics = Object.fromEntries(values);
  expect(Object.keys(metrics)).toEqual([
    ...["loss", "tags/loss", "kind/loss", "amount/loss"],
    ...["tags/accuracy", "kind/accuracy", "amount/rmse"],
  ]);
  expect(metrics.loss).toBeCloseTo(fixture.loss, 12);
  for (const [name, value] of Object.entries(fixture.losses)) expect(metrics[`${name}/loss`]).toBeCloseTo(value, 12);
  expect(metrics["amount/rmse"]).toBeCloseTo(Math.sqrt(fixture.losses.amount ?? Number.NaN), 12);
});

describe("ports", () => {
  test("of several outputs have the names of the layers", async () => {
    const { manifest } = (await build(spec)).artifact;
    expect(manifest.model.outputs.map(({ name, role, shape }) => [name, role, shape])).toEqual([
      ["outputs/tags", "prediction", ["batch", "time", 3]],
      ["outputs/kind", "prediction", ["batch", 2]],
      ["outputs/amount", "prediction", ["batch", "time", 1]],
      ["final/rnn/0/h", "state", ["batch", 3]],
    ]);
    const dataPorts = manifest.train.inputs.flatMap(({ name, role }) => (role === "data" ? [name] : []));
    expect(dataPorts.sort()).toEqual(["inputs", "lengths", "targets/amount", "targets/kind", "targets/tags"]);
  });

  test("of one output have no name of a layer, whether it is written as loss or losses", async () => {
    const text = { ...spec, data: { ...data, targets: nested(amount) }, model: [model[0], model[4]] };
    const { losses: _, ...unfinished } = text;
    const [short, long] = await Promise.all([
      build({ ...unfinished, loss: { type: "squared_error", weight: 2 } }),
      build({ ...unfinished, losses: [{ type: "squared_error", weight: 2, from: "amount", target: "targets" }] }),
    ]);
    expect(Object.keys(short.artifact.manifest.metrics)).toEqual(["loss", "rmse"]);
    expect(short.artifact.manifest.model.outputs[0]?.name).toBe("outputs");
    expect(long.artifact).toEqual(short.artifact);
  });
});

describe("metrics of a spec", () => {
  const metricsOf = async (metrics: readonly object[]) =>
    Object.keys(programOf(await open({ ...spec, metrics }), "evaluation").metrics);

  test("are those of the outputs that they name", async () => {
    const metrics = [
      { type: "f1", output: "kind" },
      { type: "accuracy", output: "tags" },
      { type: "mae", output: "amount" },
    ];
    expect((await metricsOf(metrics)).slice(4)).toEqual(["kind/f1", "tags/accuracy", "amount/mae"]);
  });

  test("an entry of an object names its output in place", async () => {
    const metrics = { own: { equations: ["metric = y"] } };
    expect(await unplacedProblems({ ...spec, metrics })).toEqual([
      'metric-output /metrics/own | The model has several outputs, but own names none. | Add "output": "tags" to metrics.own.',
    ]);
  });

  test.each<[string, unknown, string]>([
    [
      "none",
      "accuracy",
      'metric-output /metrics/0 | The model has several outputs, but accuracy names none. | For example { "type": "accuracy", "output": "tags" }.',
    ],
    [
      "a layer that no loss reads",
      { type: "mae", output: "amonut" },
      'metric-output /metrics/0/output | No loss reads the output of "amonut". | Did you mean "amount"?',
    ],
  ])("an output: %s", async (_, metric, expected) => {
    expect(await unplacedProblems({ ...spec, metrics: [metric] })).toEqual([expected]);
  });
});

describe("problems of losses", () => {
  test.each<[string, object, readonly string[]]>([
    [
      "an unknown layer",
      { losses: [losses[0], losses[1], { ...losses[2], from: "amuont" }] },
      ['unknown-layer /losses/2/from | No layer is named "amuont". | Did you mean "amount"?'],
    ],
    [
      "one layer twice",
      { losses: [...losses, { type: "huber", target: "amount" }] },
      [
        'repeated-output /losses/3 | losses[2] reads the output of amount too. | Name another layer in "from", or keep one of the two losses: each output has one.',
      ],
    ],
    [
      "an unknown target",
      { losses: [losses[0], losses[1], { ...losses[2], target: "amounts" }] },
      ['unknown-target /losses/2/target | The data has no target "amounts". | Did you mean "amount"?'],
    ],
    [
      "no target",
      { losses: [losses[0], losses[1], { type: "squared_error" }] },
      [
        'unknown-target /losses/2 | The loss has no "target", but the targets of the data have names. | Write "target": "tags", "kind" or "amount".',
      ],
    ],
    [
      "a target without a loss",
      { losses: [losses[0], losses[2]], model: [model[0], model[1], model[4]] },
      [
        'unread-target /data | No loss reads the target "kind". | Add a loss with "target": "kind" to "losses", or remove the target from the data.',
      ],
    ],
    [
      "a target of two kinds",
      {
        losses: [losses[0], losses[1], { ...losses[2], target: "kind" }],
        data: { ...data, targets: { tags: [], kind: [] } },
      },
      [
        'target-use /losses/2/target | The target "kind" would be classes for the output kind, and numbers for amount. | Give each of the two outputs a target of its own.',
      ],
    ],
    [
      "a target per step and per sequence",
      {
        losses: [losses[0], { ...losses[1], target: "tags" }, losses[2]],
        data: { ...data, targets: { tags: [], amount: [] } },
      },
      [
        'target-use /losses/1/target | The target "tags" would be one entry per step for the output tags, and one per sequence for kind. | Give each of the two outputs a target of its own.',
      ],
    ],
    [
      "a name for the only target",
      { losses: [{ type: "squared_error", target: "amount" }], data: { ...data, targets: nested(amount) } },
      [
        'unknown-target /losses/0/target | The data has no target "amount". | Remove "target": the data has one target, without a name. Data of the types arrays, table and sequences can have several.',
      ],
    ],
    [
      "samples during training",
      { train: { sample: { every: 1, prompt: "x" } } },
      [
        'sample /train/sample | Samples need a model with one output, but this one has several. | Remove "sample".',
        'sample /train/sample | Samples need text data, but the data is of type arrays. | Remove "sample".',
        'sample /train/sample | Samples are generated step by step, which this model does not support: pool needs the whole sequence. | Remove "sample".',
      ],
    ],
  ])("%s", async (_, parts, expected) => {
    expect(await unplacedProblems({ ...spec, ...parts })).toEqual(expected);
  });

  test("a layer that no layer and no loss reads", async () => {
    const opened = await open({
      ...spec,
      losses: [losses[0], losses[2]],
      data: { ...data, targets: { tags: nested(tags), amount: nested(amount) } },
    });
    const problems = check(opened.spec, opened.signature, opened.origins);
    expect(problems).toMatchObject([
      {
        code: "ambiguous-size",
        path: "/model/3/size",
        message: expect.stringContaining("no loss depends on the layer"),
      },
    ]);
    const sized = model.map((layer) => (layer.name === "kind" ? { ...layer, size: 2 } : layer));
    const again = await open({
      ...spec,
      model: sized,
      losses: [losses[0], losses[2]],
      data: { ...data, targets: { tags: nested(tags), amount: nested(amount) } },
    });
    expect(check(again.spec, again.signature, again.origins)).toMatchObject([
      { code: "unread-layer", path: "/model/3", message: "No layer and no loss reads the output of kind." },
    ]);
  });
});

describe("the size classes", () => {
  test("of a layer that outputs of several targets depend on is ambiguous", async () => {
    const opened = await open({ ...spec, model: [{ layer: "dense", size: "classes" }, ...model] });
    expect(check(opened.spec, opened.signature, opened.origins)).toMatchObject([
      { code: "ambiguous-size", path: "/model/0/size", hint: "Write an integer." },
    ]);
  });
});
