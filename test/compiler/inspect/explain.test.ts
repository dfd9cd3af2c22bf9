/**
 * Explanations of cells: gradients as equations, checked by evaluation, and loops with fewer operations than written.
 */
import { expect, test } from "vitest";
import { type Explanation, explainCell } from "../../../compiler/inspect/explain.js";
import type { RecurrenceForm } from "../../../compiler/optimize/pass.js";
import { readSpec } from "../../../schema/read.js";
import { resolveCell } from "../../support/cell-definition.js";

interface Sizes {
  readonly steps: number;
  readonly recurrence: RecurrenceForm;
  /** Expected sizes. */
  readonly batch: number;
  readonly time: number;
}

async function explained(
  cell: object,
  cells: object = {},
  { steps, recurrence, batch = 8, time = 6 }: Readonly<Partial<Sizes>> = {},
): Promise<Explanation> {
  const read = await readSpec(
    JSON.stringify({
      data: { type: "text", text: "hihello", window: 6 },
      cells,
      model: [{ layer: "one_hot" }, { layer: "rnn", hidden_size: 3, ...cell }],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam" },
      train: { steps: 1 },
    }),
  );
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const [, layer] = read.spec.model;
  if (layer?.layer !== "rnn" || layer.cells[0] === undefined) throw new Error("no rnn");
  const [use] = layer.cells;
  const definition = read.spec.cells[use.cell];
  if (definition === undefined) throw new Error("no cell");
  const sizes = { input_size: 5, hidden_size: 3 };
  const expected = new Map([
    ["batch", batch],
    ["time", time],
  ]);
  return explainCell(resolveCell(definition, use), sizes, { expected, recurrence }, steps);
}

test("the gradient of a plain cell, and its loops", async () => {
  const { gradient, hoisted, forward, between, backward, sunk } = await explained({ cell: "rnn" });
  expect({
    gradient,
    hoisted,
    forward: forward.lines,
    between,
    backward: backward.lines,
    sunk,
  }).toMatchInlineSnapshot(`
    {
      "backward": [
        "t = (dh + dy[t]) * a1[t]",
        "dh' = t @ transpose(U)",
        "stack t[t] = t",
      ],
      "between": [
        "a1 = 1 - h' * h'",
      ],
      "forward": [
        "h' = tanh(h @ U + a[t])",
        "stack h'[t] = h'",
        "stack h[t] = h",
      ],
      "gradient": [
        "h' = tanh(x @ W + b + h @ U)",
        "t = dh' * (1 - h' * h')",
        "dh = t @ transpose(U)",
        "dU = hᵀ @ t",
        "db = sum(t, batch)",
        "dx = t @ transpose(W)",
        "dW = xᵀ @ t",
      ],
      "hoisted": [
        "a = x @ W + b",
      ],
      "sunk": [
        "dU = flat(h)ᵀ @ flat(t)",
        "db = sum(t, time, batch)",
        "dx = t @ transpose(W)",
        "dW = flat(x)ᵀ @ flat(t)",
      ],
    }
  `);
});

test.each(["rnn", "lstm", "gru", "minimal_gated"])(
  "the loops of %s carry less than its equations say",
  async (cell) => {
    const { before, forward, backward } = await explained({ cell });
    expect(forward.operations).toBeLessThan(before.forward);
    expect(backward.operations).toBeLessThan(before.backward / 2);
  },
);

test("a sum of gradients that a loop carries has the name of its result", async () => {
  const { backward, sunk } = await explained({ cell: "rnn" }, {}, { batch: 2048, time: 1024 });
  expect(backward.lines.filter((line) => line.startsWith("dU'"))).toEqual([expect.stringMatching(/ᵀ @ \w+ \+ dU$/)]);
  expect(sunk.join()).not.toContain("dU");
});

test("a cell whose next state does not depend on the state has no loop", async () => {
  const forgetGateCell = {
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"] },
    equations: ["h' = tanh(x @ W)"],
    output: "h'",
  };
  const { hoisted, forward, between, backward, sunk } = await explained(
    { cell: "forgetful" },
    { forgetful: forgetGateCell },
  );
  expect([forward, backward]).toEqual([
    { lines: [], operations: 0 },
    { lines: [], operations: 0 },
  ]);
  expect({ hoisted, between, sunk }).toMatchInlineSnapshot(`
    {
      "between": [],
      "hoisted": [
        "h' = tanh(x @ W)",
        "t = dy * (1 - h' * h')",
        "dx = t @ transpose(W)",
        "dW = flat(x)ᵀ @ flat(t)",
      ],
      "sunk": [],
    }
  `);
});

test("an output that is no state has a cotangent too", async () => {
  const read = {
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], u: ["hidden_size"] },
    equations: ["h' = tanh(x @ W + u * h)", "y = sigmoid(h')"],
    output: "y",
  };
  const { gradient } = await explained({ cell: "read" }, { read });
  expect(gradient).toMatchInlineSnapshot(`
    [
      "h' = tanh(x @ W + u * h)",
      "y = sigmoid(h')",
      "t = (dh' + dy * y * (1 - y)) * (1 - h' * h')",
      "dh = t * u",
      "du = sum(t * h, batch)",
      "dx = t @ transpose(W)",
      "dW = xᵀ @ t",
    ]
  `);
});

/** The values of a cell of one unit, whose equations are JavaScript once @ is *. */
function run(lines: readonly string[], inputs: Readonly<Record<string, number>>): Record<string, number> {
  const values: Record<string, number> = { ...inputs };
  const word = (name: string) => name.replaceAll("'", "_next");
  for (const line of lines) {
    const [target = "", expression = ""] = line.split(" = ");
    const source = word(expression)
      .replaceAll(/@/g, "*")
      .replaceAll(/ᵀ|, batch|transpose|sum/g, "");
    const names = Object.keys(values);
    const compute = new Function("tanh", "sigmoid", ...names.map(word), `return ${source};`);
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    values[target] = compute(Math.tanh, sigmoid, ...Object.values(values));
  }
  return values;
}

test("the equations of a gradient agree with finite differences", async () => {
  const { gradient } = await explained({ cell: "minimal_gated" });
  const inputs = { x: 0.4, h: -0.3, Wf: 0.7, Uf: -0.5, bf: 0.2, Wn: 0.9, Un: 0.6, bn: -0.1 };
  const next = ({ x, h, Wf, Uf, bf, Wn, Un, bn }: typeof inputs) => {
    const f = 1 / (1 + Math.exp(-(x * Wf + h * Uf + bf)));
    return (1 - f) * h + f * Math.tanh(x * Wn + f * h * Un + bn);
  };
  const computed = run(gradient, { ...inputs, "dh'": 1 });
  for (const name of Object.keys(inputs) as (keyof typeof inputs)[]) {
    const step = 1e-6;
    const shifted = (by: number) => next({ ...inputs, [name]: inputs[name] + by });
    expect(computed[`d${name}`]).toBeCloseTo((shifted(step) - shifted(-step)) / (2 * step), 7);
  }
});

test("the forms of recurrences, with reasons", async () => {
  const formsOf = async (...cell: Parameters<typeof explained>) =>
    (await explained(...cell)).recurrences.map(
      ({ states, form, reason }) => `${states.join(", ")}: ${form}; ${reason}`,
    );
  const steps = 64;
  expect(await formsOf({ cell: "mlstm" }, {}, { steps })).toEqual([
    "C, n: chunkwise; linear, and read by products with vectors",
    "m: chunkwise; a running maximum",
  ]);
  expect(await formsOf({ cell: "mlstm" }, {}, { steps, recurrence: "scan" })).toEqual([
    "C: scan; linear by entry",
    "n: scan; linear by entry",
    "m: scan; a running maximum",
  ]);
  expect(await formsOf({ cell: "mingru" }, {}, { steps, recurrence: "loop" })).toEqual(["h: loop; linear by entry"]);
  expect(await formsOf({ cell: "lstm" }, {}, { steps })).toEqual(["h, c: loop; not linear by entry"]);
  expect(await formsOf({ cell: "mingru" })).toEqual(["h: loop; the sequences differ in length"]);
});
