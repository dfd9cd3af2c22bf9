/** The reference cases of one-cell layers, step by step in the reference evaluator. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../compiler/ir/types.js";
import { buildCellStep } from "../../../compiler/language/build-step.js";
import { declaredShapes } from "../../../compiler/language/size-expression.js";
import type { Problem } from "../../../schema/diagnostics/index.js";
import type { CellOption } from "../../../schema/normal/index.js";
import { builtIn, checkCell, definition, type PartialCell, resolveCell } from "../../support/cell-definition.js";

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly name: string;
  readonly layer: {
    readonly cell?: string;
    readonly hidden_size: number;
    readonly layers?: number;
    readonly bidirectional?: string;
    readonly [option: string]: CellOption | undefined;
  };
  readonly cells?: Readonly<Record<string, PartialCell>>;
  readonly x: Numbers;
  readonly lengths?: readonly number[];
  readonly initial_state?: Readonly<Record<string, Numbers>>;
  readonly parameters: Readonly<Record<string, Numbers>>;
  readonly y: Numbers;
  readonly final_state: Readonly<Record<string, Numbers>>;
}

const { cases }: { cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("../../fixtures/cells.json", import.meta.url), "utf8"),
);
const plainCases = cases.filter(
  ({ layer, lengths }) => layer.cell && !layer.layers && !layer.bidirectional && !lengths,
);

describe("one step of a cell, over time", () => {
  test("selects the cases of one plain cell", () => {
    expect(plainCases.map(({ name }) => name)).toEqual([
      "rnn_tanh",
      "rnn_relu",
      "lstm",
      "gru_reset_after",
      "gru_reset_before",
      "lstm_initial_state",
      "minimal_gated",
      "fast_slow",
    ]);
  });

  test.each(plainCases)("$name", (fixture) => {
    const { y, states } = run(fixture);
    expectClose(y, fixture.y.data);
    for (const [name, { data }] of Object.entries(fixture.final_state)) {
      expectClose(states.get(name.slice("rnn/0/".length))?.data ?? [], data);
    }
  });
});

function run(fixture: Case) {
  const [batch = 0, time = 0, input_size = 0] = fixture.x.shape;
  const { cell: name = "", hidden_size, ...rest } = fixture.layer;
  const options = Object.fromEntries(
    Object.entries(rest).filter((entry): entry is [string, CellOption] => entry[1] !== undefined),
  );
  const ownDefinition = fixture.cells?.[name];
  const source = ownDefinition === undefined ? builtIn(name) : definition(ownDefinition);
  const problems: Problem[] = [];
  expect(checkCell(source, "/cell", (problem) => problems.push(problem))).toBe(true);
  const cell = resolveCell(source, options);
  const sizes = { hidden_size, input_size };
  const shapes = declaredShapes(cell, sizes, "/cell", (problem) => problems.push(problem));

  const builder = graphBuilder("step");
  const input = (label: string, shape: readonly (number | string)[]) =>
    builder.input(label, { dtype: "float32", shape });
  const x = input("x", ["batch", input_size]);
  const states = Object.entries(shapes?.states ?? {}).map(
    ([state, shape]) => [state, input(state, ["batch", ...shape])] as const,
  );
  const parameters = Object.entries(shapes?.parameters ?? {}).map(
    ([label, shape]) => [label, input(label, shape)] as const,
  );
  const operands = { x, states: Object.fromEntries(states), parameters: Object.fromEntries(parameters) };
  const step = buildCellStep(cell, sizes, builder, operands, (problem) => problems.push(problem), "/cell");
  expect(problems).toEqual([]);
  if (step === undefined) throw new Error("the cell was not lowered");
  const graph: Graph = builder.finish([step.output, ...states.map(([state]) => step.states[state] ?? x)]);
  verify(graph, "language");

  const toTensor = (numbers: Numbers) => tensor("float32", numbers.shape, numbers.data);
  const values = parameters.map(([label]) => toTensor(fixture.parameters[`rnn/0/${label}`] ?? { shape: [], data: [] }));
  let now = states.map(([state, { type }]) => {
    const initialState = fixture.initial_state?.[`rnn/0/${state}`];
    const size = Number(type.shape[1]);
    return initialState
      ? toTensor(initialState)
      : tensor("float32", [batch, size], new Array<number>(batch * size).fill(0));
  });
  const outputs: Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const row = (b: number) => fixture.x.data.slice((b * time + t) * input_size, (b * time + t + 1) * input_size);
    const slice = tensor("float32", [batch, input_size], Array.from({ length: batch }, (_, b) => row(b)).flat());
    const [output, ...next] = evaluate(graph, [slice, ...now, ...values]);
    if (output !== undefined) outputs.push(output);
    now = next;
  }
  const width = outputs[0]?.shape[1] ?? 0;
  const y = Array.from({ length: batch }, (_, b) =>
    outputs.map(({ data }) => [...data.slice(b * width, (b + 1) * width)]),
  ).flat(2);
  return { y, states: new Map(states.map(([state], index) => [state, now[index]])) };
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]) {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [index, value] of expected.entries()) {
    expect(Math.abs((actual[index] ?? Number.NaN) - value)).toBeLessThan(1e-10 * scale);
  }
}
