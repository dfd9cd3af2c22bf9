/** Initial states from another layer, and attention of a vector over a sequence. */
import { describe, expect, test } from "vitest";
import { printGraph } from "../../../../../compiler/ir/print/text.js";
import { dce } from "../../../../../compiler/optimize/canonicalize/dce.js";
import { open, programOf } from "../../../../support/programs.js";

const inputs = [
  [
    [1, 2],
    [3, 4],
  ],
  [
    [2, 1],
    [4, 3],
  ],
];

/** The inference graph of a model, printed. */
async function printed(model: readonly object[]): Promise<string> {
  const spec = await open({
    data: { type: "arrays", inputs, targets: [[1], [2]] },
    model: [...model, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  return printGraph(dce.run(programOf(spec, "inference").graph, { expected: new Map() }));
}

/** The states of the last loop of a model, and their initial values. */
async function starts(model: readonly object[]): Promise<readonly string[]> {
  const text = await printed(model);
  return [...text.matchAll(/^ {4}state .* = (.*)$/gm)].map(([, from = ""]) => from.replace(/^expand.*/, "zeros"));
}

const gru = { layer: "rnn", name: "gru", cell: "gru", hidden_size: 3 };
const lstm = { layer: "rnn", name: "lstm", cell: "lstm", hidden_size: 3, return: "last", from: "inputs" };

describe("initial states from another layer", () => {
  test("a vector initializes the first state of a cell; the others are zero", async () => {
    const vector = [
      { layer: "pool", mode: "max" },
      { layer: "dense", name: "start", size: 3 },
    ];
    expect(await starts([...vector, { ...lstm, initial_state: "start" }])).toEqual(["start", "zeros"]);
  });

  test("a cell with other states is rejected", async () => {
    await expect(starts([gru, { ...lstm, initial_state: "gru" }])).rejects.toThrow(
      'Cell 0 of lstm has the states h, c, but that of "gru" has the state h.',
    );
  });
});

describe("attention", () => {
  test("a vector as the query has a vector as the output", async () => {
    const text = await printed([
      { ...gru, name: "memory" },
      { ...gru, name: "query", return: "last" },
      { layer: "attention", name: "looks", from: ["query", "memory"] },
    ]);
    expect(text).toContain("looks: f32[batch, 3] = Squeeze(");
  });
});
