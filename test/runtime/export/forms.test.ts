/** Special models of export forms: derived weights of any type, given initial states, several time axes. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ExportForm } from "../../../compiler/export/options.js";
import { type ExportOutcome, exportTrainedModel } from "../../../runtime/export/index.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

async function exported(spec: object, form: ExportForm, unroll: number | null = null): Promise<ExportOutcome> {
  const out = join(temporaryFolder(), "model.onnx");
  const settings = { form, opset: 17, recurrent: "operators", unroll } as const;
  return exportTrainedModel(await subject(spec), { out, ...settings });
}

async function differenceOf(spec: object, form: ExportForm): Promise<number> {
  const outcome = await exported(spec, form);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return outcome.value.verification.difference;
}

describe("values that depend on weights only", () => {
  const gated = (...equations: string[]) => ({
    data: { type: "text", text: "hihello", window: 6 },
    cells: {
      gated: {
        state: { h: "hidden_size" },
        parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], p: ["hidden_size"] },
        equations,
        output: "h'",
      },
    },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gated", hidden_size: 5 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
  });
  const cells = {
    "a condition": gated("a = tanh(x @ W + h @ U)", "h' = where(p > 0.5, a, 0.5 * h + a)"),
    "two conditions": gated("a = tanh(x @ W + h @ U)", "h' = where(p > 0.5, a, where(p > 0, 0.5 * h, h - a))"),
    "a condition of a sum": gated("a = tanh(x @ W + h @ U)", "h' = where(p * p + p > 0.1, a * p, 0.5 * h + a)"),
  };
  const forms: readonly ExportForm[] = ["sequence", "step", "generate"];
  test.each(Object.entries(cells).flatMap(([name, spec]) => forms.map((form) => [name, form, spec] as const)))(
    "%s in the %s form",
    async (_, form, spec) => {
      expect(await differenceOf(spec, form)).toBeLessThan(1e-5);
    },
  );
});

const sequences = [
  [[0.1], [0.2], [0.3]],
  [[0.3], [0.1], [0.5]],
];
const rows = [
  [1, 0],
  [0, 1],
];
const readers = (...layers: object[]) => ({
  model: [...layers, { layer: "dense", size: 1 }],
  loss: { type: "squared_error" },
});
const reader = (from: string, cell = "gru") => ({
  layer: "rnn",
  name: from,
  from,
  cell,
  hidden_size: 2,
  return: "last",
});

describe("the step form starts from the given initial states", () => {
  const given = [
    [0.5, -0.5],
    [0.25, 0.75],
  ];
  const data = { type: "arrays", inputs: { steps: sequences }, targets: [[0.5], [0.1]] };
  test.each([
    ["all of them", "gru", ["h"]],
    ["some of them", "lstm", ["c"]],
    ["of several states", "lstm", ["h", "c"]],
  ])("%s", async (_, cell, states) => {
    const initial_states = Object.fromEntries(states.map((state) => [`reader/0/${state}`, given]));
    const spec = { data: { ...data, initial_states }, ...readers({ ...reader("steps", cell), name: "reader" }) };
    expect(await differenceOf(spec, "step")).toBeLessThan(1e-5);
  });
});

describe("several inputs", () => {
  const arrays = (inputs: object) => ({ data: { type: "arrays", inputs, targets: [[0.5], [0.1]] } });
  const longer = sequences.map((steps) => [...steps, [0.7], [0.9]]);
  const pair = readers(
    { ...reader("a"), name: "ra" },
    { ...reader("b"), name: "rb" },
    { layer: "concat", from: ["ra", "rb"] },
  );

  test("the step form refuses sequences of different lengths", async () => {
    expect(await exported({ ...arrays({ a: sequences, b: longer }), ...pair }, "step")).toMatchObject({
      ok: false,
      error: {
        kind: "input",
        problems: [
          {
            code: "not-streaming",
            message: "The model cannot run step by step: its inputs a and b have different numbers of steps.",
            hint: "Export the sequence form.",
          },
        ],
      },
    });
  });

  test("their sequence form is exported", async () => {
    expect(await differenceOf({ ...arrays({ a: sequences, b: longer }), ...pair }, "sequence")).toBeLessThan(1e-5);
  });

  test("the step form has one step of two sequences of one length", async () => {
    expect(await differenceOf({ ...arrays({ a: sequences, b: sequences }), ...pair }, "step")).toBeLessThan(1e-5);
  });

  test.each([
    ["first", { row: rows, steps: sequences }],
    ["last", { steps: sequences, row: rows }],
  ])("the step form has one step of a sequence, with a row %s", async (_, inputs) => {
    const model = readers({ ...reader("steps"), name: "reader" }, { layer: "concat", from: ["row", "reader"] });
    expect(await differenceOf({ ...arrays(inputs), ...model }, "step")).toBeLessThan(1e-5);
  });
});

describe("an unrolled model", () => {
  const layers = [
    { layer: "dense", name: "picture", size: 6 },
    { layer: "embedding", name: "words", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
    { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 6, initial_state: "picture" },
    { layer: "projection", size: "target_vocabulary" },
  ];
  const data = (source: unknown) => ({
    type: "pairs",
    unit: "char",
    pairs: [
      [source, "abc"],
      [source, "ca"],
    ],
  });
  const loss = { type: "sequence_loss" };

  test("has no loop over the time axis of a decoder", async () => {
    const spec = { data: data([0.5, 1, 2]), model: layers, loss };
    const outcome = await exported(spec, "sequence", 4);
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    const { cells, model, verification } = outcome.value;
    expect(cells).toMatchObject([{ name: "decoder/0", form: "unrolled" }]);
    expect(model.inputs.find(({ name }) => name === "decoder_inputs")?.shape).toEqual(["batch", 4]);
    expect(verification.difference).toBeLessThan(1e-5);
  });

  test("is no form of one step", async () => {
    const spec = {
      data: { type: "text", text: "hihello", window: 6 },
      model: [
        { layer: "one_hot" },
        { layer: "rnn", cell: "gru", hidden_size: 3 },
        { layer: "projection", size: "vocabulary" },
      ],
      loss: { type: "sequence_loss" },
    };
    expect(await exported(spec, "step", 4)).toMatchObject({
      ok: false,
      error: { problems: [{ message: expect.stringContaining("the step form runs one step at a time") }] },
    });
  });

  test("has one time axis", async () => {
    const model = [
      { layer: "embedding", size: 4 },
      { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 6, return: "last" },
      ...layers.slice(1, 2),
      { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 6, initial_state: "encoder" },
      { layer: "projection", size: "target_vocabulary" },
    ];
    const outcome = await exported({ data: data("xyz"), model, loss }, "sequence", 4);
    expect(outcome).toMatchObject({
      ok: false,
      error: {
        problems: [
          {
            code: "unroll-axes",
            message: "--unroll sets the steps of one time axis, but inputs and decoder_inputs have their own.",
            hint: "Remove --unroll.",
          },
        ],
      },
    });
  });
});
