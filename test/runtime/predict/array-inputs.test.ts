/** Arrays for a prediction: by name for a model of several inputs; an input that a file lacks is refused. */
import { describe, expect, test } from "vitest";
import { writeNpy } from "../../../runtime/data/formats/npy.js";
import { objects, rejectedPredict } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

const question = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [
    [2, 1],
    [0, 1],
    [1, 1],
  ],
];
const context = question.map((steps) => steps.slice(0, 2));
const reader = (name: string, from: string) => ({ layer: "rnn", name, from, cell: "gru", hidden_size: 3 });
const loss = { type: "squared_error" };
const train = { steps: 2, shuffle: false };

describe("a model of two inputs", () => {
  const spec = (main: object) => ({
    data: { type: "arrays", inputs: main, targets: [[1], [2]] },
    model: [
      { ...reader("a", "question"), return: "last" },
      { ...reader("b", "context"), return: "last" },
      { layer: "concat", from: ["a", "b"] },
      { layer: "dense", size: 1 },
    ],
    loss,
    train,
  });

  test("reads them by name, the main one as inputs too, and as the object of the spec", async () => {
    const { out, done } = await trainSpec(spec({ question, context }));
    const expected = done.predictions.map((output, index) => ({
      index,
      output: expect.closeTo(Number([output].flat()[0]), 5),
    }));
    for (const content of [{ question, context }, { inputs: question, context }, { inputs: { question, context } }])
      expect(await objects(out, "in.json", JSON.stringify(content))).toEqual(expected);
  });

  test("is refused a file that lacks one, with the names", async () => {
    const { out } = await trainSpec(spec({ question, context }));
    expect(await rejectedPredict(out, "in.json", JSON.stringify({ question, contxt: context }))).toMatchObject([
      { message: '"in.json" has no context, which is an input of the model.' },
    ]);
    const oneArray = '"in.npy" is one array, but the model reads question and context.';
    expect(
      await rejectedPredict(out, "in.npy", writeNpy([2, 3, 2], Float32Array.from(question.flat(2)))),
    ).toMatchObject([{ message: oneArray }]);
    expect(await rejectedPredict(out, "in.json", JSON.stringify({ question, context: [context[0]] }))).toMatchObject([
      { message: "context has 1 example, but question has 2." },
    ]);
    expect(await rejectedPredict(out, "in.json", "{")).toMatchObject([
      { message: expect.stringContaining('"in.json" is not JSON') },
    ]);
  });

  test("is refused inputs of different steps, where training had the same", async () => {
    const { out } = await trainSpec(spec({ question, context: question }));
    expect(await rejectedPredict(out, "in.json", JSON.stringify({ question, context }))).toMatchObject([
      { message: "context has 2 steps, but question has 3." },
    ]);
  });
});

test("predictions at each step of the other input are all there", async () => {
  const longer = question.map((steps) => [...steps, [7, 8], [9, 9]]);
  const { out, done } = await trainSpec({
    data: { type: "arrays", inputs: { question, longer }, targets: longer.map((steps) => steps.map(() => [1])) },
    model: [
      { ...reader("a", "question"), return: "state" },
      { ...reader("b", "longer"), initial_state: "a" },
      { layer: "dense", size: 1 },
    ],
    loss,
    train,
  });
  const predictions = await objects(out, "in.json", JSON.stringify({ question, longer }));
  expect(predictions.map(({ output }) => output)).toHaveLength(2);
  for (const [index, { output }] of predictions.entries()) {
    const expected = [done.predictions[index]].flat(3).map((value) => expect.closeTo(Number(value), 5));
    expect(expected).toHaveLength(5);
    expect(output).toEqual(expected);
  }
});

describe("rows of numbers", () => {
  const rows = [
    [0.5, 1],
    [2, -3],
  ];
  const spec = {
    data: { type: "arrays", inputs: rows, targets: [[1], [2]] },
    model: [{ layer: "dense", size: 1 }],
    loss,
    train,
  };

  test("are also read from a CSV file, with or without names", async () => {
    const { out } = await trainSpec(spec);
    const expected = await objects(out, "in.json", JSON.stringify(rows));
    for (const [name, content] of [
      ["in.csv", "0.5,1\n2,-3\n"],
      ["in.csv", "a,b\n0.5,1\n2,-3\n"],
      ["in.tsv", "0.5\t1\n2\t-3\n"],
    ] as const)
      expect(await objects(out, name, content)).toEqual(expected);
  });

  test("have the line and column of what is no number, and one width", async () => {
    const { out } = await trainSpec(spec);
    expect(await rejectedPredict(out, "in.csv", "a,b\n0.5,1\n2,x\n")).toMatchObject([
      { message: 'in.csv:3: Column "b" has "x", which is not a number.', at: ["in.csv", 3, 2] },
    ]);
    expect(await rejectedPredict(out, "in.csv", "1,2,3\n")).toMatchObject([
      { message: 'inputs in "in.csv" has shape [1, 3], but must be [batch, 2].' },
    ]);
    expect(await rejectedPredict(out, "in.csv", "a,b\n")).toHaveLength(1);
  });
});

describe("lengths", () => {
  const spec = {
    data: { type: "arrays", inputs: question, targets: [[1], [2]], lengths: [3, 1] },
    model: [
      { ...reader("a", "inputs"), return: "last" },
      { layer: "dense", size: 1 },
    ],
    loss,
    train,
  };

  test("are required where the run has them", async () => {
    const { out } = await trainSpec(spec);
    const npy = writeNpy([2, 3, 2], Float32Array.from(question.flat(2)));
    const oneArray = (file: string) => [{ message: `"${file}" is one array, but the model reads inputs and lengths.` }];
    expect(await rejectedPredict(out, "in.npy", npy)).toMatchObject(oneArray("in.npy"));
    expect(await rejectedPredict(out, "in.json", JSON.stringify(question))).toMatchObject(oneArray("in.json"));
    expect(await rejectedPredict(out, "in.json", JSON.stringify({ inputs: question }))).toMatchObject([
      { message: '"in.json" has no lengths, which is an input of the model.' },
    ]);
  });
});

describe("token ids of a prediction", () => {
  const classLoss = { type: "cross_entropy" };
  const ids = [
    [0, 1, 2],
    [2, 1, 0],
  ];
  const data = { type: "arrays", inputs: ids, targets: [0, 1] };
  const tail = [
    { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
    { layer: "dense", size: 2 },
  ];

  test.each([
    ["one_hot", { layer: "one_hot" }],
    ["embedding", { layer: "embedding", size: 2 }],
    ["embedding", { layer: "embedding", size: 2, vocabulary_size: 3 }],
  ])("%s: an id that the layer has no row for is refused with its place", async (_, first) => {
    const { out } = await trainSpec({ data, model: [first, ...tail], loss: classLoss, train });
    expect(await objects(out, "in.json", JSON.stringify(ids))).toHaveLength(2);
    expect(await rejectedPredict(out, "in.json", "[[0, 1, 2], [0, 3, 1]]")).toMatchObject([
      {
        message: 'inputs[1][1] in "in.json" is 3.',
      },
    ]);
    expect(await rejectedPredict(out, "in.json", "[[0, 1, -1]]")).toMatchObject([
      { message: 'inputs[0][2] in "in.json" is -1.' },
    ]);
  });

  test("of a second input are checked too", async () => {
    const model = [
      { layer: "embedding", name: "words", from: "words", size: 2 },
      { layer: "embedding", name: "tags", from: "tags", size: 2, vocabulary_size: 5 },
      { layer: "concat", from: ["words", "tags"] },
      ...tail,
    ];
    const named = { ...data, inputs: { words: ids, tags: ids } };
    const { out } = await trainSpec({ data: named, model, loss: classLoss, train });
    const content = { words: ids, tags: [ids[0], [4, 5, 0]] };
    expect(await rejectedPredict(out, "in.json", JSON.stringify(content))).toMatchObject([
      { message: 'tags[1][1] in "in.json" is 5.' },
    ]);
  });
});
