/** Inputs of cells in addition to x: their feeds, their sizes, and what is refused. */
import { describe, expect, test } from "vitest";
import { open, programOf } from "../../../../support/programs.js";
import { unplacedProblems } from "../../../../support/read-spec.js";

const steps = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const gaps = [[0.5], [1], [2]];

const spec = (model: readonly object[], more: object = {}) => ({
  data: {
    type: "arrays",
    inputs: {
      inputs: [steps, steps],
      gaps: [gaps, gaps],
      codes: [
        [1, 2, 0],
        [0, 1, 2],
      ],
    },
    targets: [[1], [2]],
  },
  model: [...model, { layer: "dense", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  ...more,
});
const cfc = { layer: "rnn", cell: "cfc", hidden_size: 3, return: "last" };
const parameters = async (model: readonly object[]) =>
  Object.fromEntries(
    programOf(await open(spec(model))).inputs.flatMap(({ name, initializer }, index) =>
      initializer === undefined ? [] : [[name, index] as const],
    ),
  );

test("the layers that from names after the first are the inputs of the cell", async () => {
  const { graph } = programOf(await open(spec([{ ...cfc, backbone_size: 8, from: ["inputs", "gaps"] }])), "inference");
  expect(graph.inputs.map(({ name, type }) => `${name} ${type.shape.join(" ")}`)).toContain("gaps batch time 1");
  expect(graph.inputs.map(({ name, type }) => `${name} ${type.shape.join(" ")}`)).toContain("rnn/0/W 2 8");
});

test("cells with other inputs stack: those without one do not read it", async () => {
  const cells = [
    { cell: "gru", hidden_size: 3 },
    { cell: "cfc", hidden_size: 3, backbone_size: 4 },
    { cell: "cfc", hidden_size: 2, backbone_size: 4, bidirectional: "sum" },
  ];
  const names = await parameters([{ layer: "rnn", cells, return: "last", from: ["inputs", "gaps"] }]);
  expect(Object.keys(names)).toContain("rnn/2/backward/V");
});

describe("refusals", () => {
  test.each<[string, readonly object[], string]>([
    ["a missing input", [cfc], 'The cell "cfc" reads x and dt, but rnn reads 1 of them.'],
    [
      "an input of another width",
      [{ ...cfc, from: ["inputs", "inputs"] }],
      'The input dt of rnn is "inputs", numbers [batch, time, 2].',
    ],
    [
      "an input of ids",
      [
        { layer: "embedding", name: "codes_read", size: 2, from: "codes" },
        { ...cfc, from: ["inputs", "codes"] },
      ],
      'The input dt of rnn is "codes", token ids [batch, time].',
    ],
    [
      "a vector",
      [
        { layer: "pool", name: "mean", mode: "mean", from: "gaps" },
        { ...cfc, from: ["inputs", "mean"] },
      ],
      'The input dt of rnn is "mean", numbers [batch, 1].',
    ],
    [
      "more inputs than the cell has",
      [{ ...cfc, from: ["inputs", "gaps", "gaps"] }],
      'rnn reads 2 layers, but "from" names 3.',
    ],
    [
      "inputs of a cell without any",
      [{ ...cfc, cell: "gru", from: ["inputs", "gaps"] }],
      'rnn reads 1 layer, but "from" names 2.',
    ],
  ])("%s", async (_, model, message) => {
    await expect(open(spec(model)).then(programOf)).rejects.toThrow(message);
  });

  test("inputs that no equation reads, and names that are taken", async () => {
    const mine = {
      inputs: { dt: 1, h: 2 },
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "hidden_size"] },
      equations: ["h' = tanh(x @ W + h)"],
      output: "h'",
    };
    const opened = open(spec([{ ...cfc, cell: "mine", from: ["inputs", "gaps", "gaps"] }], { cells: { mine } }));
    await expect(opened.then(programOf)).rejects.toThrow('"h" is an input already');
    const unused = { ...mine, inputs: { dt: 1 } };
    const second = open(spec([{ ...cfc, cell: "mine", from: ["inputs", "gaps"] }], { cells: { mine: unused } }));
    await expect(second.then(programOf)).rejects.toThrow('no equation reads the input "dt"');
    expect(await unplacedProblems(spec([cfc], { cells: { mine: { ...mine, inputs: { "1": 1 } } } }))).not.toEqual([]);
  });
});
