/** The preview of a batch shows ids as their names, and numbers as numbers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { previewBatch } from "../../../runtime/data/preview.js";
import { open } from "../../support/programs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const recurrent = { layer: "rnn", cell: "gru", hidden_size: 3 };
const embedding = { layer: "embedding", size: 2 };

async function preview(spec: object, lines: readonly string[]) {
  const file = join(temporaryFolder(), "data.jsonl");
  writeFileSync(file, lines.join("\n"));
  const { data, ...rest } = { data: {}, ...spec };
  const train = { steps: 1, batch_size: "all" };
  const optimizer = { type: "sgd", learning_rate: 0.1 };
  const opened = await open({ name: "t", ...rest, data: { ...data, file }, optimizer, train });
  return previewBatch(opened.source, [0, 1, 2]).examples;
}

test("lengths of sequences are numbers next to classes that have names", async () => {
  const model = [embedding, { ...recurrent, return: "last" }, { layer: "dense", size: "classes" }];
  const loss = { type: "cross_entropy" };
  const examples = await preview({ data: { type: "sequences" }, model, loss }, [
    '{"text":"good","label":"pos"}',
    '{"text":"very bad","label":"neg"}',
    '{"text":"so it goes","label":"neu"}',
  ]);
  expect(examples).toEqual([
    { inputs: "good", lengths: "1", targets: "pos" },
    { inputs: "very bad", lengths: "2", targets: "neg" },
    { inputs: "so it goes", lengths: "3", targets: "neu" },
  ]);
});

test("lengths of tagged sequences and of both sides of pairs are numbers next to words", async () => {
  const tags = await preview(
    {
      data: { type: "sequences" },
      model: [embedding, recurrent, { layer: "dense", size: "classes" }],
      loss: { type: "cross_entropy" },
    },
    [
      '{"text":"a dog","tags":["article","noun"]}',
      '{"text":"dogs","tags":["noun"]}',
      '{"text":"a dog runs","tags":["article","noun","verb"]}',
    ],
  );
  expect(tags.map(({ lengths }) => lengths)).toEqual(["2", "1", "3"]);
});

test("both lengths of pairs are numbers, the target's with its end", async () => {
  const opened = await open({
    name: "t",
    data: {
      type: "pairs",
      pairs: [
        ["one two", "uno dos"],
        ["three", "tres"],
        ["two one three", "dos uno tres"],
      ],
    },
    model: [
      { ...embedding, name: "source" },
      { ...recurrent, name: "encoder" },
      { ...embedding, name: "target", from: "decoder_inputs", vocabulary_size: "target_vocabulary" },
      { ...recurrent, name: "decoder", initial_state: "encoder" },
      { layer: "projection", size: "target_vocabulary" },
    ],
    loss: { type: "sequence_loss" },
    optimizer: { type: "sgd", learning_rate: 0 },
    train: { steps: 1, batch_size: "all" },
  });
  const { examples } = previewBatch(opened.source, [0, 1, 2]);
  expect(examples.map(({ lengths, target_lengths }) => [lengths, target_lengths])).toEqual([
    ["2", "3"],
    ["1", "2"],
    ["3", "4"],
  ]);
});
