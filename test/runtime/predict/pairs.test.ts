/** Predictions of runs on pairs. */
import { describe, expect, test } from "vitest";
import { jsonl, objects, predicted, rejectedPredict } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

describe("pairs", () => {
  const spec = {
    data: {
      type: "pairs",
      pairs: [
        ["one", "1"],
        ["two", "2"],
        ["one two", "1 2"],
        ["two one", "2 1"],
      ],
      unit: "word",
    },
    model: [
      { layer: "embedding", name: "words", size: 6, from: "inputs" },
      { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 12, return: "state" },
      { layer: "embedding", name: "digits", size: 6, vocabulary_size: "target_vocabulary", from: "decoder_inputs" },
      { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 12, initial_state: "encoder" },
      { layer: "projection", size: "target_vocabulary", activation: "softmax" },
    ],
    loss: { type: "sequence_loss" },
    train: { steps: 150, batch_size: "all" },
  };

  test("are decoded", async () => {
    const { out } = await trainSpec(spec);
    expect(await objects(out, "in.txt", "two one\tanything\n\none\n")).toEqual([
      { line: 1, source: "two one", target: "2 1" },
      { line: 3, source: "one", target: "1" },
    ]);
    expect(await objects(out, "in.jsonl", '{"source":"one two"}\n')).toEqual([
      { line: 1, source: "one two", target: "1 2" },
    ]);
    expect(await rejectedPredict(out, "in.jsonl", '{"source":[1]}\nx\n')).toMatchObject([
      { message: "in.jsonl:1: The line has no source text." },
      { message: expect.stringMatching(/^in\.jsonl:2: The line is not JSON: /) },
    ]);
    expect(await rejectedPredict(out, "in.jsonl", '{"source":"one","source":"two"}\n')).toMatchObject([
      { message: 'in.jsonl:1: The line has the key "source" twice.' },
    ]);
    expect(await objects(out, "in.csv", 'id,source\n7,"one two"\n')).toEqual([
      { line: 2, id: "7", source: "one two", target: "1 2" },
    ]);
    expect(await rejectedPredict(out, "in.csv", "id,sorce,more\n7,one,1\n")).toMatchObject([
      { message: '"in.csv" has no column "source".' },
    ]);
  });

  test("are the first column of a line of text, which a notice states", async () => {
    const { out } = await trainSpec({ ...spec, train: { steps: 1 } });
    const { rows, notices } = await predicted(out, "in.tsv", "two one\t2 1\none\none two\t1 2\n");
    expect(rows.map(({ source }) => source)).toEqual(["two one", "one", "one two"]);
    expect(notices[0]).toBe(
      "2 lines have text after a tab, which is not read (lines 1, 3): the source is the text before it.",
    );
    expect((await predicted(out, "in.txt", "one\n")).notices.join()).not.toContain("tab");
  });

  test("have the other members of their lines, and notices of unknown words and empty sources", async () => {
    const { out } = await trainSpec(spec);
    const lines = [
      { id: 7, source: "one zebra", target: "1" },
      { id: 8, source: " " },
      { id: 9, source: "yak two zebra" },
    ];
    const { rows, notices } = await predicted(out, "in.jsonl", jsonl(lines));
    expect(rows).toEqual([
      { line: 1, id: 7, source: "one zebra", "target (input)": "1", target: expect.any(String) },
      { line: 2, id: 8, source: " ", target: null },
      { line: 3, id: 9, source: "yak two zebra", target: expect.any(String) },
    ]);
    expect(notices).toEqual([
      "1 source is empty and has no prediction (line 2).",
      '2 words are not in the vocabulary and are read as unknown: "zebra", "yak".',
    ]);
    expect(await rejectedPredict(out, "in.jsonl", jsonl([{ source: "" }]))).toMatchObject([
      { message: '"in.jsonl" has no sources.' },
    ]);
  });

  test("without an end token are cut, and counted in a notice", async () => {
    const endless = spec.data.pairs.slice(0, 1).map(([source]) => [source, "1 1 1 1 1 1 1 1"]);
    const { out } = await trainSpec({ ...spec, data: { ...spec.data, pairs: endless }, train: { steps: 6 } });
    const { rows, notices } = await predicted(out, "in.txt", "one\none\n");
    expect(rows).toEqual([1, 2].map((line) => ({ line, source: "one", target: nineOnes, cut: true })));
    expect(notices).toEqual([
      "2 sequences have no end token and are cut at 9 tokens, the longest target of the training data (lines 1, 2).",
    ]);
  });

  test("with fewer steps than a window, or more than the encoder has positions, are refused", async () => {
    const [words, encoder, ...decoder] = spec.model;
    const layers = [
      { layer: "position", name: "places", type: "learned", length: 3 },
      { layer: "conv1d", name: "phrases", size: 6, kernel_size: 2, padding: "valid" },
    ];
    const { out } = await trainSpec({
      ...spec,
      data: { ...spec.data, pairs: spec.data.pairs.filter(([source = ""]) => source.includes(" ")) },
      model: [words, ...layers, encoder, ...decoder],
      train: { steps: 1, batch_size: "all" },
    });
    expect(await objects(out, "in.txt", "two one one\n")).toHaveLength(1);
    expect(await rejectedPredict(out, "in.txt", "two one\n\none\n")).toMatchObject([
      { message: "The source of line 3 has 1 step, but the windows of phrases need 2." },
    ]);
    expect(await rejectedPredict(out, "in.txt", "two one one two\n")).toMatchObject([
      { message: "places has positions for 3 steps, but a sequence has 4 steps." },
    ]);
  });

  test("may be longer than the decoder has positions", async () => {
    const [words, encoder, digits, ...decoder] = spec.model;
    const places = { layer: "position", name: "places", type: "learned", length: 3 };
    const { out } = await trainSpec({
      ...spec,
      model: [words, encoder, digits, places, ...decoder],
      train: { steps: 1, batch_size: "all" },
    });
    expect(await objects(out, "in.txt", "one two one two one\n")).toHaveLength(1);
  });
});

const nineOnes = "1 1 1 1 1 1 1 1 1";
