/** Predictions of runs on sequences. */
import { describe, expect, test } from "vitest";
import { loadRun } from "../../../runtime/load-run.js";
import { array, jsonl, objects, predicted, predictTo, rejectedPredict } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

describe("sequences", () => {
  const sentences = [
    { text: "the small cat sleeps", tags: ["d", "a", "n", "v"] },
    { text: "a cat runs", tags: ["d", "n", "v"] },
    { text: "dogs sleep", tags: ["n", "v"] },
  ];
  const tagging = {
    data: { type: "sequences", file: "s.jsonl" },
    model: [
      { layer: "embedding", size: 4 },
      { layer: "rnn", cell: "gru", hidden_size: 6 },
      { layer: "dense", size: "classes", activation: "softmax" },
    ],
    loss: { type: "sequence_loss" },
    train: { steps: 30, shuffle: false, batch_size: 3 },
  };

  test("have a tag for every step, independent of the other sequences in the batch", async () => {
    const { out, done } = await trainSpec(tagging, { "s.jsonl": jsonl(sentences) });
    const predictions = await objects(out, "in.jsonl", jsonl(sentences.map(({ text }) => ({ text }))));
    expect(predictions.map(({ line, tags }) => [line, tags])).toEqual(
      done.predictions.map((tags, index) => [index + 1, tags]),
    );
    const [single] = await objects(out, "in.jsonl", jsonl([{ text: "dogs sleep" }]));
    expect(single?.tags).toEqual(predictions[2]?.tags);
    expect(await objects(out, "in.csv", "text\nthe unknown cat\n")).toMatchObject([
      { line: 2, tags: [expect.any(String), expect.any(String), expect.any(String)] },
    ]);
  });

  const labeled = {
    ...tagging,
    model: [tagging.model[0], { ...tagging.model[1], return: "last" }, { layer: "dense", size: "classes" }],
    loss: { type: "cross_entropy" },
  };
  const lines = sentences.map(({ text }, index) => ({ text, label: ["x", "y", "x"][index] }));

  test("have one label each", async () => {
    const { out, done } = await trainSpec(labeled, { "s.jsonl": jsonl(lines) });
    const predictions = await objects(out, "in.jsonl", jsonl(lines));
    expect(predictions.map(({ label }) => label)).toEqual(done.predictions);
    const csv = (await predictTo(out, "in.csv", "id,text,id,label\n7,a cat,u,x\n8,,v,y\n", "csv")).text.toString(
      "utf8",
    );
    expect(csv.split("\n").slice(0, 3)).toEqual([
      "line,id (column 1),text,id (column 3),label (input),label,probability,probabilities.x,probabilities.y",
      expect.stringMatching(/^2,7,a cat,u,x,[xy],[\d.]+,[\d.]+,[\d.]+$/),
      "3,8,,v,y,,,,",
    ]);
    expect(await rejectedPredict(out, "in.jsonl", '{"text":"the cat"}\n{"label":"x"}\n')).toEqual([
      { message: "in.jsonl:2: The line has no text, but the first line has it.", at: ["in.jsonl", 2, undefined] },
    ]);
  });

  test("have the columns of the training data, and repeat the others", async () => {
    const data = { ...labeled.data, file: "s.csv", columns: { text: "review", label: "mood" } };
    const rows = lines.map(({ text, label }) => `${label},${text}\n`).join("");
    const { out } = await trainSpec({ ...labeled, data }, { "s.csv": `mood,review\n${rows}` });
    const expected = await objects(out, "in.csv", "id,review\n7,a cat\n");
    expect(expected).toMatchObject([{ line: 2, id: "7", review: "a cat", mood: expect.stringMatching(/^[xy]$/) }]);
    const [{ line: _, id: __, ...json } = {}] = await objects(out, "in.jsonl", jsonl([{ review: "a cat" }]));
    expect(expected[0]).toMatchObject(json);
    expect(await rejectedPredict(out, "in.csv", "id,reviews\n7,a cat\n")).toMatchObject([
      { message: '"in.csv" has no column "review".' },
    ]);
    const loaded = await loadRun(out);
    const inline = loaded.ok ? await loaded.value.predict({ sequences: [{ text: "a cat" }] }) : loaded;
    expect(inline.ok && inline.value.predictions[0]).toEqual({ line: 1, ...json });
  });

  test("are numbered columns without a header; lines of JSON then have the usual names", async () => {
    const data = { ...labeled.data, file: "s.csv", columns: { text: 2, label: 1 }, header: false };
    const rows = lines.map(({ text, label }) => `${label},${text}\n`).join("");
    const { out } = await trainSpec({ ...labeled, data }, { "s.csv": rows });
    const [csv] = await objects(out, "in.csv", "7,a cat\n");
    expect(csv).toMatchObject({ line: 1, "column 1": "7", "column 2": "a cat" });
    expect(await objects(out, "in.jsonl", jsonl([{ text: "a cat" }]))).toMatchObject([{ label: csv?.label }]);
  });

  test("have their input, and notices of unknown words and of empty texts", async () => {
    const { out } = await trainSpec(labeled, { "s.jsonl": jsonl(lines) });
    const input =
      '{"id":9007199254740993,"text":"a zebra sleeps","probability":1}\n{"text":""}\n{"text":"yak a zebra"}\n';
    const { rows, notices } = await predicted(out, "in.jsonl", input);
    const prediction = {
      label: expect.any(String),
      probability: expect.any(Number),
      probabilities: expect.any(Object),
    };
    expect(rows).toEqual([
      { line: 1, id: "9007199254740993", text: "a zebra sleeps", "probability (input)": 1, ...prediction },
      { line: 2, text: "", label: null, probability: null },
      { line: 3, text: "yak a zebra", ...prediction },
    ]);
    expect(notices).toEqual([
      "1 sequence is empty and has no prediction (line 2).",
      '2 words are not in the vocabulary and are read as unknown: "zebra", "yak".',
    ]);
    const { shape, values } = await array(out, "in.jsonl", input);
    expect(shape).toEqual([3, 2]);
    expect(Array.from(values, Number.isNaN)).toEqual([false, false, true, true, false, false]);
    expect(await rejectedPredict(out, "in.jsonl", '{"text":"a","id":1,"id":2}\n')).toMatchObject([
      { message: 'in.jsonl:1: The line has the key "id" twice.' },
    ]);
    expect(await rejectedPredict(out, "in.jsonl", '{"text":""}\n')).toMatchObject([
      { message: '"in.jsonl" has empty sequences only.' },
    ]);
  });

  test("have no tags where they have no steps", async () => {
    const { out } = await trainSpec(tagging, { "s.jsonl": jsonl(sentences) });
    const rows = await objects(out, "in.jsonl", '{"tokens":["a","cat"]}\n{"tokens":[]}\n');
    expect(rows[1]).toEqual({ line: 2, tokens: [], tags: [], probability: [] });
  });

  test("are as long as a window, or empty", async () => {
    const [embedding, ...others] = labeled.model;
    const windows = { layer: "conv1d", name: "phrases", size: 4, kernel_size: 2, padding: "valid" };
    const model = [embedding, windows, ...others];
    const { out } = await trainSpec({ ...labeled, model, train: { steps: 1 } }, { "s.jsonl": jsonl(lines) });
    expect(await objects(out, "in.jsonl", '{"text":"a cat"}\n{"text":""}\n')).toMatchObject([
      { line: 1, label: expect.any(String) },
      { line: 2, label: null },
    ]);
    expect(await rejectedPredict(out, "in.jsonl", '{"text":"a cat"}\n{"text":"cat"}\n')).toMatchObject([
      { message: "Example 1 (examples count from 0) has 1 step, but the windows of phrases need 2." },
    ]);
  });
});
