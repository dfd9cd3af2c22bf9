/** Predictions of runs on sequences. */
import { describe, expect, test } from "vitest";
import { jsonl, objects, predictTo, rejectedPredict } from "../../support/predict-file.js";
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

  test("have one label each", async () => {
    const labeled = {
      ...tagging,
      model: [tagging.model[0], { ...tagging.model[1], return: "last" }, { layer: "dense", size: "classes" }],
      loss: { type: "cross_entropy" },
    };
    const lines = sentences.map(({ text }, index) => ({ text, label: ["x", "y", "x"][index] }));
    const { out, done } = await trainSpec(labeled, { "s.jsonl": jsonl(lines) });
    const predictions = await objects(out, "in.jsonl", jsonl(lines));
    expect(predictions.map(({ label }) => label)).toEqual(done.predictions);
    const csv = (await predictTo(out, "in.jsonl", jsonl(lines), "csv")).text.toString("utf8");
    expect(csv.split("\n")[0]).toBe("line,label,probability,probabilities.x,probabilities.y");
    expect(await rejectedPredict(out, "in.jsonl", '{"text":"the cat"}\n{"label":"x"}\n')).toEqual([
      { message: "in.jsonl:2: The line has no text, but the first line has it.", at: ["in.jsonl", 2, undefined] },
    ]);
  });
});
