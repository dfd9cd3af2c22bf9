/** Predictions of runs: each type of input, as predictions and as outputs; invalid inputs write nothing. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { array, objects, predictTo, rejectedPredict } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

describe("text", () => {
  const spec = {
    data: { type: "text", text: "hihello hello", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 8 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    train: { steps: 40, shuffle: false },
  };

  test("has the next token of each line, for lines of any length", async () => {
    const { out, done } = await trainSpec(spec);
    const rows = await objects(out, "in.txt", "hihell\nhe\r\n\nhihell\n");
    expect(rows.map(({ line, text }) => [line, text])).toEqual([
      [1, "hihell"],
      [2, "he"],
      [4, "hihell"],
    ]);
    expect(rows[0]).toMatchObject({ prediction: done.predictions[0], next: String(done.predictions[0]).at(-1) });
    expect(rows[0]?.probability).toBeGreaterThan(0.2);
    expect({ ...rows[2], line: 1 }).toEqual(rows[0]);
    const { shape, values } = await array(out, "in.txt", "hihell\nhe\n");
    expect(shape).toEqual([2, 6, 6]);
    // The projection outputs logits; predictions are probabilities, padded with zeros after the end of a line.
    const sums = Array.from({ length: 12 }, (_, row) =>
      Array.from(values.slice(row * 6, row * 6 + 6)).reduce((a, b) => a + b, 0),
    );
    expect(sums.map((sum) => Math.round(sum * 1e5) / 1e5)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  });

  test("has the line and the column of unknown tokens", async () => {
    const { out } = await trainSpec(spec);
    expect(await rejectedPredict(out, "in.txt", "hi\nhe says\n")).toEqual([
      { message: `in.txt:2: "s" is not in the model's vocabulary (6 characters).`, at: ["in.txt", 2, 4] },
      { message: `in.txt:2: "a" is not in the model's vocabulary (6 characters).`, at: ["in.txt", 2, 5] },
      { message: `in.txt:2: "y" is not in the model's vocabulary (6 characters).`, at: ["in.txt", 2, 6] },
    ]);
    expect(await rejectedPredict(out, "in.txt", "\n")).toMatchObject([{ message: '"in.txt" has no lines of text.' }]);
  });
});

describe("tables", () => {
  const rows = Array.from({ length: 20 }, (_, row) => `${row},${(row * 7) % 11},${row % 3 === 0 ? "up" : "down"}`);
  const file = ["a,b,c", ...rows, ""].join("\n");
  const spec = {
    data: {
      type: "table",
      file: "t.csv",
      columns: ["a", "b"],
      target: ["b"],
      window: 3,
      scale: "standard",
      split: { test: 0.2 },
    },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
      { layer: "dense", size: 1 },
    ],
    loss: { type: "squared_error" },
    train: { steps: 10 },
  };

  test("have the forecast after every window, in the original scale, as in training", async () => {
    const { out, done } = await trainSpec(spec, { "t.csv": file });
    const predictions = await objects(out, "other.csv", file);
    // One more window than in training: the last one has no target in the file.
    expect(predictions.map(({ line }) => line)).toEqual(Array.from({ length: 18 }, (_, row) => row + 4));
    for (const [index, prediction] of done.predictions.entries())
      expect([predictions[index]?.b]).toEqual([expect.closeTo(Number([prediction].flat()[0]), 4)]);
    const csv = (await predictTo(out, "other.csv", file, "csv")).text.toString("utf8").split("\n");
    expect(csv.slice(0, 2)).toEqual(["line,row,b", `4,4,${predictions[0]?.b}`]);
    const { shape } = await array(out, "other.csv", file);
    expect(shape).toEqual([18, 1]);
  });

  test("with an invalid field or a missing column are refused by line and column", async () => {
    const { out } = await trainSpec(spec, { "t.csv": file });
    expect(await rejectedPredict(out, "bad.csv", "a,b\n1,2\n3,x\n4,5\n")).toEqual([
      { message: 'bad.csv:3: Column "b" has "x", which is not a number.', at: ["bad.csv", 3, 2] },
    ]);
    expect(await rejectedPredict(out, "bad.csv", "a,d\n1,2\n")).toMatchObject([
      { message: '"bad.csv" has no column "b", which is an input of the model.' },
    ]);
    expect(await rejectedPredict(out, "short.csv", "a,b\n1,2\n")).toMatchObject([
      { message: '"short.csv" has 1 row, but the model reads windows of 3 rows.' },
    ]);
  });

  test("find columns by position where the header repeats a name", async () => {
    const series = (row: number) => `${row},${100 + 10 * row},${row}`;
    const table = `a,a,constructor\n${Array.from({ length: 20 }, (_, row) => series(row)).join("\n")}\n`;
    const byPosition = { ...spec, data: { ...spec.data, columns: [1, 2, 3], target: [2], scale: "min_max" } };
    const { out, done } = await trainSpec(byPosition, { "t.csv": table });
    const predictions = await objects(out, "other.csv", table);
    for (const [index, prediction] of done.predictions.entries())
      expect(predictions[index]?.["a (column 2)"]).toBeCloseTo(Number([prediction].flat()[0]), 3);
    expect(await rejectedPredict(out, "bad.csv", "a,constructor\n1,2\n")).toMatchObject([
      { message: '"bad.csv" has no columns "a (column 1)", "a (column 2)", which are inputs of the model.' },
    ]);
  });

  test("need a target only where the model reads it", async () => {
    const columns = (name: string) => ({ ...spec, data: { ...spec.data, columns: [name], target: ["b"] } });
    const { out } = await trainSpec(columns("a"), { "t.csv": file });
    expect(await objects(out, "other.csv", "a,c\n1,2\n3,4\n5,6\n")).toEqual([
      { line: 4, row: 4, b: expect.any(Number) },
    ]);
    const { out: autoregressive, folder } = await trainSpec(columns("b"), { "t.csv": file });
    writeFileSync(join(folder, "no-b.csv"), "a,c\n1,2\n3,4\n5,6\n");
    const request = { input: "no-b.csv", output: "out.csv", folder, beam: null, device: "cpu" } as const;
    expect(await predictRun({ ...request, run: autoregressive })).toMatchObject({
      error: {
        problems: [
          {
            message: '"no-b.csv" has no column "b", which is an input of the model.',
            hint: "A target among them is read in the rows before the predicted one. 2 columns: a, c.",
          },
        ],
      },
    });
  });

  test("of the row itself have the columns that the model does not read", async () => {
    const sameRow = { ...spec, data: { ...spec.data, columns: ["a"], target: ["b"], horizon: 0, reverse: true } };
    const { out } = await trainSpec(sameRow, { "t.csv": file });
    const csv = (await predictTo(out, "in.csv", "id,a,b,id\nu,1,7,x\nv,2,8,y\nw,3,9,z\n", "csv")).text.toString();
    expect(csv.split("\n")).toEqual([
      "line,id (column 1),b (input),id (column 4),b",
      expect.stringMatching(/^2,u,7,x,-?[\d.]+$/),
      "",
    ]);
  });

  test("keep the keys line and probability where a target has the same name", async () => {
    const header = "line,probability,x";
    const table = `${header}\n${Array.from({ length: 20 }, (_, row) => `${row},${row % 2},${row}`).join("\n")}\n`;
    const numbers = { ...spec, data: { ...spec.data, columns: ["x"], target: ["line"] } };
    const withNumbers = await trainSpec(numbers, { "t.csv": table });
    const [first] = await objects(withNumbers.out, "other.csv", table);
    expect(Object.keys(first ?? {})).toEqual(["line", "row", "line (target)"]);
    expect(first?.line).toBe(4);
    const classes = {
      ...spec,
      data: { ...spec.data, columns: ["x"], target: ["probability"], split: { order: "shuffled", test: 0.2 } },
      model: [
        { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
        { layer: "dense", size: "classes" },
      ],
      loss: { type: "cross_entropy" },
    };
    const withClasses = await trainSpec(classes, { "t.csv": table });
    const [firstClass] = await objects(withClasses.out, "other.csv", table);
    expect(Object.keys(firstClass ?? {})).toEqual([
      "line",
      "row",
      "probability (target)",
      "probability",
      "probabilities",
    ]);
    expect(firstClass?.probability).toBeLessThanOrEqual(1);
  });

  test("have classes with probabilities", async () => {
    const labeled = {
      ...spec,
      data: { ...spec.data, target: ["c"], horizon: 0 },
      model: [
        { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
        { layer: "dense", size: "classes" },
      ],
      loss: { type: "cross_entropy" },
    };
    const { out, done } = await trainSpec(labeled, { "t.csv": file });
    const unlabeled = ["a,b", ...rows.map((row) => row.split(",").slice(0, 2).join(",")), ""].join("\n");
    const predictions = await objects(out, "other.csv", unlabeled);
    expect(predictions.slice(0, 5).map(({ c }) => c)).toEqual(done.predictions);
    const { probability, probabilities } = predictions[0] ?? {};
    expect(Object.keys(Object(probabilities)).sort()).toEqual(["down", "up"]);
    expect(probability).toBe(Math.max(...Object.values<number>(Object(probabilities))));
  });
});

describe("arrays", () => {
  const model = [
    { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
    { layer: "dense", size: 1 },
  ];
  const inputs = [
    [[1], [2], [3]],
    [[4], [5], [6]],
  ];

  test("are nested lists, with lengths", async () => {
    const data = { type: "arrays", inputs, targets: [[1], [2]], lengths: [3, 2] };
    const { out, done } = await trainSpec({ data, model, loss: { type: "squared_error" }, train: { steps: 3 } });
    const content = JSON.stringify({ inputs, lengths: [3, 2] });
    const predictions = await objects(out, "in.json", content);
    expect(predictions).toEqual(
      done.predictions.map((output, index) => ({ index, output: expect.closeTo(Number([output].flat()[0]), 5) })),
    );
    const [, full] = await objects(out, "in.json", JSON.stringify({ inputs, lengths: [3, 3] }));
    expect(full?.output).not.toBe(predictions[1]?.output);
    expect((await array(out, "in.json", content)).shape).toEqual([2, 1]);
    expect(await rejectedPredict(out, "in.json", JSON.stringify({ inputs: [[[1, 2]]], lengths: [1] }))).toMatchObject([
      { message: 'inputs in "in.json" has shape [1, 1, 2], but must be [batch, time, 1].' },
    ]);
    expect(await rejectedPredict(out, "in.json", JSON.stringify({ inputs, lengths: [1] }))).toMatchObject([
      { message: "lengths has 1 example, but inputs has 2." },
    ]);
  });

  test("have numeric classes", async () => {
    const data = { type: "arrays", inputs, targets: [0, 1] };
    const classes = [model[0], { layer: "dense", size: "classes" }];
    const { out, done } = await trainSpec({
      data,
      model: classes,
      loss: { type: "cross_entropy" },
      train: { steps: 30 },
    });
    const predictions = await objects(out, "in.json", JSON.stringify(inputs));
    expect(predictions.map((row) => row.class)).toEqual([0, 1]);
    expect(done.predictions).toHaveLength(2);
  });
});

test("images have predicted classes", async () => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, "../../../specs/data", name));
  const files = { "images.gz": read("digits-images.idx.gz"), "labels.gz": read("digits-labels.idx.gz") };
  const spec = {
    data: { type: "images", file: "images.gz", labels: "labels.gz", limit: 20 },
    model: [
      { layer: "rnn", cell: "rnn", hidden_size: 8, return: "last" },
      { layer: "dense", size: 10 },
    ],
    loss: { type: "cross_entropy" },
    train: { steps: 2 },
  };
  const { out, done } = await trainSpec(spec, files);
  const predictions = await objects(out, "new.gz", files["images.gz"]);
  expect(predictions.length).toBeGreaterThan(20);
  expect(predictions[4]).toMatchObject({ image: 5, label: expect.any(Number) });
  expect(done.predictions).toHaveLength(5);
  expect(await rejectedPredict(out, "new.gz", files["labels.gz"])).toMatchObject([
    { message: expect.stringMatching(/^"new.gz" has shape \[\d+\], but must be \[images, \d+, \d+\]\.$/) },
  ]);
});

describe("problems of the output and the run", () => {
  const spec = {
    data: { type: "arrays", inputs: [[1], [2]], targets: [[1], [2]] },
    model: [{ layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    train: { steps: 1 },
  };

  test("an output of an unknown type, in the place of a folder or below a file, and an unfinished run", async () => {
    const { out, folder } = await trainSpec(spec, { "in.json": "[[1]]" });
    const problemsOf = async (output: string) => {
      const outcome = await predictRun({ run: out, input: "in.json", output, folder, beam: null, device: "cpu" });
      return outcome.ok
        ? []
        : outcome.error.kind === "input"
          ? outcome.error.problems.map(({ message }) => message)
          : ["failed"];
    };
    expect(await problemsOf("out.xls")).toEqual(['Predictions cannot be written to "out.xls".']);
    expect(await problemsOf("in.json/out.csv")).toEqual([
      `"${join(folder, "in.json")}" is a file, and "${join(folder, "in.json/out.csv")}" would be below it.`,
    ]);
    for (const output of ["out.csv", "none/yet/out.csv"]) {
      expect(await problemsOf(output)).toEqual([]);
      expect(existsSync(join(folder, output))).toBe(true);
    }
    mkdirSync(join(folder, "folder.csv"));
    expect(await problemsOf("folder.csv")).toEqual([`"${join(folder, "folder.csv")}" is a folder.`]);
    symlinkSync("in.json", join(folder, "link.json"));
    for (const output of ["in.json", "link.json"])
      expect(await problemsOf(output)).toEqual([
        `"${join(folder, output)}" is the input, which the output would replace.`,
      ]);
    expect(readFileSync(join(folder, "in.json"), "utf8")).toBe("[[1]]");
    const [recorded, model] = [join(out, "spec.json"), join(out, "model.onnx")];
    const ofRun = (name: string) =>
      `"${join(out, name)}" is the ${name} of the run "${out}", which the output would replace.`;
    expect(await problemsOf(recorded)).toEqual([ofRun("spec.json")]);
    expect(await exportModel({ run: out, out: model })).toMatchObject({
      error: { problems: [{ message: ofRun("model.onnx") }] },
    });
    rmSync(join(out, "model.onnx"));
    expect(await problemsOf("out.csv")).toEqual([
      `The run "${out}" has no model.onnx yet: it was stopped before its end.`,
    ]);
  });
});
