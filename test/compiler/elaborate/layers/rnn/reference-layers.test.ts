/** Recurrent layers against reference outputs and gradients: the plain graph, and the graph after all passes. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../../compiler/autodiff/reverse.js";
import { type Program, restrictToOutputs } from "../../../../../compiler/elaborate/program.js";
import { graphBuilder } from "../../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../../compiler/graph/evaluate.js";
import { inline } from "../../../../../compiler/graph/rewrite.js";
import { verify } from "../../../../../compiler/graph/verify.js";
import { at } from "../../../../../compiler/ir/expect.js";
import { tensor } from "../../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../../compiler/ir/types.js";
import { forwardPasses, runPasses, stepPasses } from "../../../../../compiler/optimize/pipeline.js";
import { open, operandsOf, programOf } from "../../../../support/programs.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../../../support/reference-numbers.js";
import { paperCells } from "./cell-references.js";

type Named = Readonly<Record<string, Numbers>>;

interface Case {
  readonly name: string;
  readonly layer: { readonly cell?: string };
  readonly cells?: object;
  readonly x?: Numbers;
  /** Several inputs by name, in place of x. */
  readonly inputs?: Named;
  readonly input_gradients?: Named;
  readonly lengths?: readonly number[];
  readonly initial_state?: Named;
  readonly parameters: Named;
  readonly y: Numbers;
  readonly final_state: Named;
  readonly w: Numbers;
  readonly loss: number;
  readonly gradients: Named;
  readonly initial_state_gradients?: Named;
}

const casesOf = (file: string) => readFixture<{ readonly cases: readonly Case[] }>(file).cases;
const [usual, ofPapers] = [casesOf("cells.json"), casesOf("paper-cells.json")];

describe("every recurrent layer has the reference outputs, final states and gradients", () => {
  test("15 reference cases", () => {
    expect(usual).toHaveLength(15);
  });

  test("cases of every cell of a paper", () => {
    const cells = ofPapers.map(({ layer }) => layer.cell);
    expect([...new Set(cells)].sort()).toEqual(paperCells);
  });

  for (const fixture of [...usual, ...ofPapers]) {
    test(`${fixture.name}, as elaborated`, async () => {
      const { loss, wrt, operands, names } = await prepare(fixture);
      const graph = verify(differentiate(loss, 0, wrt), "differentiate");
      expectReference(fixture, names, evaluate(graph, operands));
    });

    test(`${fixture.name}, after the passes`, async () => {
      const { loss, wrt, operands, names, signature } = await prepare(fixture);
      const context = { expected: new Map(Object.entries(signature.expected)) };
      const prepared = runPasses(loss, forwardPasses, context);
      const graph = runPasses(differentiate(prepared, 0, wrt), stepPasses, context);
      expectReference(fixture, names, evaluate(graph, operands));
    });
  }
});

function mapValues<R>(named: Named = {}, map: (numbers: Numbers) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(named).map(([name, numbers]) => [name, map(numbers)]));
}

/** The layer as a model of one layer, with the arrays of the case as its data. */
async function prepare({ layer, cells, x, inputs, w, lengths, initial_state, parameters }: Case) {
  const opened = await open({
    ...(cells && { cells }),
    data: {
      type: "arrays",
      inputs: x === undefined ? mapValues(inputs, nested) : nested(x),
      targets: nested(w),
      ...(lengths && { lengths }),
      ...(initial_state && {
        initial_states: Object.fromEntries(Object.entries(initial_state).map(([name, state]) => [name, nested(state)])),
      }),
    },
    model: [layer],
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  const program = restrictToOutputs(programOf(opened), ({ role }) => role === "prediction" || role === "state");
  const operands = new Map<string, Tensor>([
    ...Object.entries({ ...(x && { inputs: x }), ...inputs, ...parameters, ...initial_state }).map(
      ([name, value]) => [name, tensorOf(value)] as const,
    ),
  ]);
  if (lengths !== undefined) operands.set("lengths", tensor("int64", [lengths.length], lengths));
  const differentiable = program.inputs.filter(({ name }) => name !== "lengths");
  return {
    signature: opened.signature,
    loss: weighted(program),
    wrt: differentiable.map((input) => program.inputs.indexOf(input)),
    operands: [...operandsOf(program.inputs, operands), tensorOf(w)],
    names: ["loss", ...program.outputs.map(({ name }) => name), ...differentiable.map(({ name }) => `d/${name}`)],
  };
}

/** sum(outputs * w), then the outputs of the program. */
function weighted({ graph }: Program): Graph {
  const b = graphBuilder(`${graph.name}/weighted`);
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const outputs = inline(b, graph, inputs);
  const w = b.input("w", at(outputs, 0).type);
  return verify(b.finish([b.sum(b.mul(at(outputs, 0), w)), ...outputs]), "a test");
}

function expectReference(fixture: Case, names: readonly string[], results: readonly Tensor[]): void {
  const actual = new Map(names.map((name, index) => [name, at(results, index)]));
  const gradients = {
    ...fixture.gradients,
    ...(fixture.gradients.x && { inputs: fixture.gradients.x }),
    ...fixture.input_gradients,
    ...fixture.initial_state_gradients,
  };
  expectClose(actual.get("loss"), { shape: [], data: [fixture.loss] }, 1e-10, "loss");
  expectClose(actual.get("outputs"), fixture.y, 1e-10, "y");
  for (const [name, state] of Object.entries(fixture.final_state)) expectClose(actual.get(name), state, 1e-10, name);
  for (const [name, gradient] of Object.entries(gradients)) {
    if (name !== "x") expectClose(actual.get(`d/${name}`), gradient, 1e-8, `d/${name}`);
  }
  const expectedNames = [...Object.keys(fixture.final_state), ...Object.keys(gradients).map((name) => `d/${name}`)];
  expect(names.filter((name) => name !== "loss" && name !== "outputs").sort()).toEqual(
    expectedNames.filter((name) => name !== "d/x").sort(),
  );
}
