/** Where the states of a layer start when another layer gives them, and what reads a sequence's single vectors. */
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

/** A model as it infers, as text. */
async function printed(model: readonly object[]): Promise<string> {
  const spec = await open({
    data: { type: "arrays", inputs, targets: [[1], [2]] },
    model: [...model, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  return printGraph(dce.run(programOf(spec, "inference").graph, { expected: new Map() }));
}

/** The states of the last loop of a model, and where they start. */
async function starts(model: readonly object[]): Promise<readonly string[]> {
  const text = await printed(model);
  return [...text.matchAll(/^ {4}state .* = (.*)$/gm)].map(([, from = ""]) => from.replace(/^expand.*/, "zeros"));
}

const gru = { layer: "rnn", name: "gru", cell: "gru", hidden_size: 3 };
const lstm = { layer: "rnn", name: "lstm", cell: "lstm", hidden_size: 3, return: "last", from: "inputs" };

describe("states that another layer gives", () => {
  test("a vector is the first state of a cell; the others start at zero", async () => {
    const vector = [
      { layer: "pool", mode: "max" },
      { layer: "dense", name: "start", size: 3 },
    ];
    expect(await starts([...vector, { ...lstm, initial_state: "start" }])).toEqual(["start", "zeros"]);
  });

  test("a state that the other cell lacks starts at zero", async () => {
    expect(await starts([gru, { ...lstm, initial_state: "gru" }])).toEqual(["zeros", "gru/0/h", "zeros"]);
  });
});

describe("attention", () => {
  test("a vector that looks over a sequence gets a vector", async () => {
    const text = await printed([
      { ...gru, name: "memory" },
      { ...gru, name: "query", return: "last" },
      { layer: "attention", name: "looks", from: ["query", "memory"] },
    ]);
    expect(text).toContain("looks: f32[batch, 3] = Squeeze(");
  });
});
