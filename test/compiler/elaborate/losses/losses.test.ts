/** Losses against reference values and gradients, after a dense layer that is the identity. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { type Context, defaultStrategy } from "../../../../compiler/elaborate/context.js";
import { lossDefinition } from "../../../../compiler/elaborate/losses/index.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import type { Wire } from "../../../../compiler/elaborate/wire.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { verify } from "../../../../compiler/graph/verify.js";
import { tabulate } from "../../../../compiler/ir/tensor.js";
import type { DType, Tensor, Value } from "../../../../compiler/ir/types.js";
import { builtInFunctions } from "../../../../compiler/language/functions/index.js";
import { forwardPasses, runPasses, stepPasses } from "../../../../compiler/optimize/pipeline.js";
import { type OpenedSpec, open, operandsOf, programOf } from "../../../support/programs.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../../support/reference-numbers.js";

interface Case {
  readonly name: string;
  readonly loss: { readonly type: string };
  readonly inputs: Numbers;
  readonly targets: Numbers;
  readonly weights?: Numbers;
  readonly value: Numbers | number;
  readonly sum?: number;
  readonly gradient: Numbers;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("losses.json");
const scalar = (value: number): Numbers => ({ shape: [], data: [value] });

describe("every loss has the reference values and gradients", () => {
  test("29 reference cases", () => {
    expect(cases).toHaveLength(29);
  });

  test.each(cases)("$name, from its spec", async (fixture) => {
    const opened = await openCase(fixture);
    const program = restrictToOutputs(programOf(opened), ({ role }) => role === "loss");
    const classes = fixture.inputs.shape.at(-1) ?? 0;
    const tensors = operandsOf(
      program.inputs,
      new Map([
        ["dense/W", tabulate("float32", [classes, classes], ([row, column]) => Number(row === column))],
        ["inputs", tensorOf(fixture.inputs)],
        ["targets", targetsOf(fixture, "int32")],
        ...(fixture.weights ? [["weights", tensorOf(fixture.weights)] as const] : []),
      ]),
    );
    const inputs = program.inputs.findIndex(({ name }) => name === "inputs");
    const context = { expected: new Map(Object.entries(opened.signature.expected)) };
    const unoptimized = verify(differentiate(program.graph, 0, [inputs]), "differentiate");
    const prepared = runPasses(program.graph, forwardPasses, context);
    const optimized = runPasses(differentiate(prepared, 0, [inputs]), stepPasses, context);
    for (const graph of [unoptimized, optimized]) {
      const [loss, gradient] = evaluate(graph, tensors);
      expectClose(loss, scalar(typeof fixture.value === "number" ? fixture.value : (fixture.sum ?? 0)), 1e-10, "loss");
      expectClose(gradient, fixture.gradient, 1e-10, "gradient");
    }
  });

  test.each(cases)("$name, before the sum over entries", async (fixture) => {
    const { value, ...sums } = await evaluateLoss(fixture);
    expectClose(value, typeof fixture.value === "number" ? scalar(fixture.value) : fixture.value, 1e-10, "value");
    // The loss of one batch is its total by its count.
    const [total = Number.NaN, count = Number.NaN] = [sums.total.data[0], sums.count.data[0]];
    const expectedLoss = typeof fixture.value === "number" ? fixture.value : (fixture.sum ?? 0);
    expect(total / count).toBeCloseTo(expectedLoss, 10);
  });

  test("the values printed in tutorials", () => {
    const printed = cases.filter(({ name }) => name.startsWith("sequence_loss_seed")).map(({ value }) => value);
    expect(printed.map((value) => Number(value).toFixed(6))).toEqual(["0.596759", "0.513015", "0.371101"]);
  });
});

function openCase({ loss, inputs, targets, weights }: Case): Promise<OpenedSpec> {
  return open({
    data: {
      type: "arrays",
      inputs: nested(inputs),
      targets: nested(targets),
      ...(weights && { weights: nested(weights) }),
    },
    model: [{ layer: "dense", size: inputs.shape.at(-1), bias: false }],
    loss,
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
}

/** Class ids, one per row of logits. */
function targetsOf({ inputs, targets }: Case, integerType: DType): Tensor {
  return tensorOf(targets, targets.shape.length < inputs.shape.length ? integerType : "float32");
}

/** The loss, on a wire of the case's inputs. */
async function evaluateLoss(fixture: Case) {
  const { spec } = await openCase(fixture);
  const b = graphBuilder(fixture.name);
  const sequence = fixture.inputs.shape.length === 3;
  const operands: Tensor[] = [];
  const input = (name: string, tensor: Tensor): Value => {
    operands.push(tensor);
    const value = b.input(name, { dtype: tensor.dtype, shape: tensor.shape });
    return sequence ? b.transpose(value, tensor.shape.length === 3 ? [1, 0, 2] : [1, 0]) : value;
  };
  const connect: Wire = {
    value: input("inputs", tensorOf(fixture.inputs)),
    sequence,
    mask: null,
    padding: "zeros",
    logits: null,
  };
  const targets = input("targets", targetsOf(fixture, "int64"));
  const weights = fixture.weights ? input("weights", tensorOf(fixture.weights)) : null;
  const unexpected = (): never => {
    throw new Error("a loss has a problem, or asks for what no loss needs");
  };
  const context: Context = {
    b,
    mode: "training",
    recurrences: defaultStrategy,
    integerBits: 64,
    seed: 0,
    functions: builtInFunctions,
    cells: {},
    layers: {},
    soundLayers: new Set<string>(),
    soundCells: new Set(),
    problem: unexpected,
    pathOf: () => "",
    report: unexpected,
    notice: unexpected,
    parameter: unexpected,
    buffer: unexpected,
    setNextBuffer: unexpected,
    isTraining: unexpected,
    size: unexpected,
    stepsOf: unexpected,
    isTrainedValue: unexpected,
    cacheSteps: 0,
    blockSteps: null,
    step: unexpected,
    shard: null,
    inputState: unexpected,
    outputState: unexpected,
    lengthsOf: unexpected,
    recordMask: unexpected,
    earlierLayer: unexpected,
    statesOf: unexpected,
    recordAffine: unexpected,
    affineBehind: unexpected,
    recordStates: unexpected,
    recordAttention: unexpected,
  };
  const [options = unexpected()] = spec.losses;
  const loss =
    lossDefinition(options.type).elaborate(
      options,
      { name: "loss", wire: connect, targets, weights, mask: null },
      context,
    ) ?? unexpected();
  const graph = verify(b.finish([loss.value, loss.total, loss.count]), "a test");
  const [value, total, count] = evaluate(graph, operands) as [Tensor, Tensor, Tensor];
  return { value, total, count };
}
