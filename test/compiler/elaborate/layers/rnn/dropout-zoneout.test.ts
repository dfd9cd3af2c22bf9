/** Dropout, zoneout and layer normalization of cells, and the dropout layer, in training and in evaluation. */
import { describe, expect, test } from "vitest";
import type { Mode } from "../../../../../compiler/elaborate/context.js";
import { restrictToOutputs } from "../../../../../compiler/elaborate/program.js";
import { bernoulliMask, dropoutMask } from "../../../../../compiler/elaborate/random.js";
import { graphBuilder } from "../../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../../compiler/graph/evaluate.js";
import { scalarTensor, tabulate, tensor } from "../../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../../compiler/ir/types.js";
import { forwardPasses, runPasses } from "../../../../../compiler/optimize/pipeline.js";
import { buildTrainingStep } from "../../../../../compiler/pipeline/training-step.js";
import { randomStream } from "../../../../../runtime/tensors/random.js";
import { expectGradients, weightedSum } from "../../../../support/finite-differences.js";
import { type OpenedSpec, open, operandsOf, programOf } from "../../../../support/programs.js";
import { unplacedProblems } from "../../../../support/read-spec.js";
import { expectClose, nested } from "../../../../support/reference-numbers.js";
import { type Matrix, type Row, references, type States } from "./cell-references.js";
import { parametersOf, rowsOf } from "./rows.js";

const [batch, time, n, m] = [2, 3, 3, 3];
const seed = 11;
const lengths = [time, 2];

const random = randomStream(6, "wrappers");
const draw = (...shape: readonly number[]) => tabulate("float32", shape, () => 0.8 * random.normal());
const x = draw(batch, time, n);

/** Layers over the sequence `x`, with outputs [batch, time, m] or the last step of them. */
function openModel(model: readonly object[], { last = false, masked = false, cells = {} } = {}): Promise<OpenedSpec> {
  const target = Array(m).fill(0);
  const targets = Array(batch).fill(last ? target : Array(time).fill(target));
  return open({
    seed,
    cells,
    data: {
      type: "arrays",
      inputs: nested({ shape: x.shape, data: [...x.data] }),
      targets,
      ...(masked && { lengths }),
    },
    model,
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { batch_size: "all" },
  });
}

const layerOf = (cell: object) => ({ layer: "rnn", hidden_size: m, ...cell });

/** The program's outputs and final states, for random parameters by name and a step. */
function forward(opened: OpenedSpec, mode: Mode) {
  const program = restrictToOutputs(programOf(opened, mode), ({ role }) => role === "prediction" || role === "state");
  const values = new Map<string, Tensor>([["inputs", x]]);
  values.set("lengths", tensor("int64", [batch], lengths));
  for (const { name, role, value } of program.inputs.map((port, index) => ({
    ...port,
    value: program.graph.inputs[index],
  }))) {
    const draws = randomStream(8, name);
    const shape = value?.type.shape.filter((dim) => typeof dim === "number") ?? [];
    if (role === "parameter")
      values.set(
        name,
        tabulate("float32", shape, () => 0.7 * draws.normal()),
      );
  }
  const operands = (step: number) =>
    operandsOf(program.inputs, new Map(values).set("step", scalarTensor(step, "int64")));
  return {
    program,
    given: values,
    operands,
    run(step: number): ReadonlyMap<string, Tensor> {
      const results = evaluate(program.graph, operands(step));
      return new Map(program.outputs.map(({ name }, index) => [name, results[index] as Tensor]));
    },
  };
}

/** The random numbers of a site at a step: [time, batch, width], or [batch, width] for all steps. */
function drawMask(kind: "keep" | "drop", site: string, shape: readonly number[], rate: number, step: number): Tensor {
  const b = graphBuilder("mask");
  const randomness = { b, seed, step: () => b.scalar(step, "int64"), shard: null, integerBits: 64 as const };
  const mask =
    kind === "keep" ? bernoulliMask(randomness, site, shape, rate) : dropoutMask(randomness, site, shape, rate);
  return evaluate(b.finish([mask]), [])[0] as Tensor;
}

const reference = references["lstm with peepholes"];
if (reference === undefined) throw new Error("there is no reference");

interface Wrapping {
  readonly dropout?: {
    input?: number;
    output?: number;
    state?: number | Readonly<Record<string, number>>;
    variational?: boolean;
  };
  readonly zoneout?: number | Readonly<Record<string, number>>;
}

/** The wrapped lstm in plain numbers: outputs [batch, time, m] and final states. */
function expected(
  { dropout = {}, zoneout = 0 }: Wrapping,
  operands: ReadonlyMap<string, Tensor>,
  step: number,
  training: boolean,
) {
  const { input = 0, output = 0, state = 0, variational = false } = dropout;
  const factors = (site: string, width: number, rate: number) => {
    if (rate === 0 || !training) return () => Array(width).fill(1) as number[];
    const shape = variational ? [batch, width] : [time, batch, width];
    const { data } = drawMask("drop", `rnn/0/dropout/${site}`, shape, rate, step);
    return (t: number, row: number) => [...data.slice(...valueRange(variational ? row : t * batch + row, width))];
  };
  const dropRate = (name: string) => (typeof state === "number" ? (name === "h" ? state : 0) : (state[name] ?? 0));
  const stayRate = (name: string) => (typeof zoneout === "number" ? zoneout : (zoneout[name] ?? 0));
  const carryState = (name: string) => {
    const rate = stayRate(name);
    if (rate === 0 || !training) return () => Array(m).fill(rate) as number[];
    const { data } = drawMask("keep", `rnn/0/zoneout/${name}`, [time, batch, m], rate, step);
    return (t: number, row: number) => [...data.slice(...valueRange(t * batch + row, m))];
  };
  const [inputs, outputs] = [factors("input", n, input), factors("output", m, output)];
  const states = { h: factors("state/h", m, dropRate("h")), c: factors("state/c", m, dropRate("c")) };
  const keptStates = { h: carryState("h"), c: carryState("c") };
  const product = (a: Row, b: Row) => a.map((entry, index) => entry * (b[index] ?? 0));

  const runs = rowsOf(x).map((xs: Matrix, row) => {
    let now: States = { h: Array(m).fill(0), c: Array(m).fill(0) };
    const ys = xs.map((entry, t) => {
      const read = { h: product(now.h ?? [], states.h(t, row)), c: product(now.c ?? [], states.c(t, row)) };
      const next = reference?.step(product(entry, inputs(t, row)), read, parametersOf(operands)) ?? {};
      const before = now;
      const blend = (name: "h" | "c") =>
        keptStates[name](t, row).map(
          (stay, unit) => stay * (before[name]?.[unit] ?? 0) + (1 - stay) * (next[name]?.[unit] ?? 0),
        );
      now = { h: blend("h"), c: blend("c") };
      return product(now.h ?? [], outputs(t, row));
    });
    return { ys, last: now };
  });
  return runs;
}

function valueRange(row: number, width: number): [number, number] {
  return [row * width, (row + 1) * width];
}

const wrappings: Readonly<Record<string, Wrapping>> = {
  "input dropout": { dropout: { input: 0.4 } },
  "output dropout": { dropout: { output: 0.4 } },
  "state dropout": { dropout: { state: 0.4 } },
  "state dropout by state": { dropout: { state: { c: 0.4 } } },
  "variational dropout": { dropout: { input: 0.3, output: 0.4, state: { h: 0.4, c: 0.2 }, variational: true } },
  zoneout: { zoneout: 0.3 },
  "zoneout by state": { zoneout: { c: 0.5 } },
  "all at once": { dropout: { input: 0.3, output: 0.4, state: { h: 0.4, c: 0.2 } }, zoneout: { h: 0.2, c: 0.5 } },
};

describe.each(Object.entries(wrappings))("%s", (name, wrapping) => {
  const cell = layerOf({ ...reference.use, ...wrapping });

  test.each<[Mode, number]>([
    ["training", 0],
    ["training", 7],
    ["evaluation", 0],
    ["inference", 0],
  ])("%s, step %i, equals the plain implementation", async (mode, step) => {
    const { given: values, run } = forward(await openModel([cell]), mode);
    const actual = run(step);
    const runs = expected(wrapping, values, step, mode === "training");
    expectClose(
      actual.get("outputs"),
      { shape: [batch, time, m], data: runs.flatMap(({ ys }) => ys.flat()) },
      1e-12,
      "y",
    );
    for (const state of ["h", "c"]) {
      const data = runs.flatMap(({ last }) => last[state] ?? []);
      expectClose(actual.get(`rnn/0/${state}`), { shape: [batch, m], data }, 1e-12, state);
    }
  });

  test("has the gradient of finite differences for constant masks", async () => {
    const opened = await openModel([cell]);
    const { program, operands } = forward(opened, "training");
    const inputs = operands(3);
    const loss = weightedSum(program.graph, inputs, randomStream(9, name));
    const floats = inputs.flatMap(({ dtype }, index) => (dtype === "float32" ? [index] : []));
    expectGradients(loss, floats);
    const context = { expected: new Map(Object.entries(opened.signature.expected)) };
    expectGradients({ ...loss, graph: runPasses(loss.graph, forwardPasses, context) }, floats);
  });
});

describe("outside of training", () => {
  const dropped = { dropout: { input: 0.3, output: 0.4, state: 0.4 } };

  test.each<Mode>(["evaluation", "inference", "stream"])("a graph for %s has no nodes of dropout", async (mode) => {
    const shape = (opened: OpenedSpec) => {
      const { graph } = programOf(opened, mode);
      return [graph.inputs.map(({ name }) => name), opsOf(graph)];
    };
    const model = (cell: object, layers: readonly object[]) =>
      openModel([layerOf({ cell: "gru", ...cell }), ...layers]);
    const unwrapped = await model({}, []);
    expect(shape(await model(dropped, [{ layer: "dropout", rate: 0.5 }]))).toEqual(shape(unwrapped));
    expect(opsOf(programOf(await model(dropped, [])).graph)).toContain("Mod");
  });

  test("rates of zero add no nodes in training", async () => {
    const zero = { dropout: { input: 0, output: 0, state: { h: 0 }, variational: true }, zoneout: { h: 0 } };
    const model = (cell: object, layers: readonly object[]) =>
      openModel([layerOf({ cell: "gru", ...cell }), ...layers]);
    const unwrapped = programOf(await model({}, []));
    const with0 = programOf(await model(zero, [{ layer: "dropout", rate: 0 }]));
    expect(opsOf(with0.graph)).toEqual(opsOf(unwrapped.graph));
  });
});

describe("the mean of many stochastic outputs is the deterministic one", () => {
  // Everything is linear in each mask, so that the mean over masks is exact.
  const leaky = {
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"] },
    equations: ["h' = x @ W + 0.5 * (h @ U)"],
    output: "h'",
  };
  const cells: Readonly<Record<string, readonly object[]>> = {
    "per step": [layerOf({ cell: "leaky", dropout: { input: 0.2, output: 0.5, state: 0.3 } })],
    zoneout: [layerOf({ cell: "leaky", zoneout: 0.4 })],
    "the layer": [layerOf({ cell: "leaky" }), { layer: "dropout", rate: 0.5 }],
  };

  test.each(Object.entries(cells))("%s", async (_, model) => {
    const opened = await openModel(model, { cells: { leaky } });
    const training = forward(opened, "training");
    const expectedOutputs = forward(opened, "evaluation").run(0).get("outputs")?.data ?? [];
    const steps = 400;
    const draws = Array.from({ length: steps }, (_, step) => training.run(step).get("outputs")?.data ?? []);
    for (const [position, value] of expectedOutputs.entries()) {
      const values = draws.map((outputs) => outputs[position] ?? Number.NaN);
      const mean = values.reduce((sum, entry) => sum + entry, 0) / steps;
      const deviation = Math.sqrt(values.reduce((sum, entry) => sum + (entry - mean) ** 2, 0) / steps / (steps - 1));
      expect(deviation).toBeGreaterThan(0);
      expect(Math.abs(mean - value) / deviation).toBeLessThan(4.5);
    }
  });
});

describe("with lengths", () => {
  const wrapped = layerOf({
    cell: "lstm",
    residual: true,
    layer_norm: true,
    dropout: { input: 0.3, output: 0.4, state: 0.4 },
    zoneout: 0.3,
  });

  test("outputs past the lengths are zero, and the last step is the last valid one", async () => {
    const sequence = forward(await openModel([wrapped], { masked: true }), "training")
      .run(5)
      .get("outputs");
    const rows = rowsOf(sequence as Tensor);
    expect(rows[1]?.slice(2).flat()).toEqual(Array((time - 2) * m).fill(0));
    expect(rows[1]?.[1]?.some((entry) => entry !== 0)).toBe(true);
    const opened = await openModel([{ ...wrapped, return: "last" }], { masked: true, last: true });
    const actual = forward(opened, "training").run(5).get("outputs");
    expectClose(
      actual,
      { shape: [batch, m], data: [...(rows[0]?.[time - 1] ?? []), ...(rows[1]?.[1] ?? [])] },
      1e-12,
      "last",
    );
  });
});

test("an unrolled loop and a reversed loop draw the same numbers as a forward loop", async () => {
  const wrapped = layerOf({ cell: "lstm", dropout: { input: 0.3, output: 0.4, state: 0.4 }, zoneout: 0.3 });
  const outputs = async (cell: object) =>
    forward(await openModel([cell]), "training")
      .run(5)
      .get("outputs");
  expect(await outputs({ ...wrapped, unroll: true })).toEqual(await outputs(wrapped));
  const bidirectional = { ...wrapped, bidirectional: "sum" };
  expect(await outputs({ ...bidirectional, unroll: true })).toEqual(await outputs(bidirectional));
});

describe("layer_norm", () => {
  test("normalizes the output of each step, and not the state", async () => {
    const unwrapped = forward(await openModel([layerOf({ cell: "gru" })]), "inference");
    const wrapped = forward(await openModel([layerOf({ cell: "gru", layer_norm: true })]), "inference");
    const [unwrappedOutput, actual] = [unwrapped.run(0), wrapped.run(0)];
    expect(actual.get("rnn/0/h")).toEqual(unwrappedOutput.get("rnn/0/h"));
    const [gain, shift] = ["gain", "shift"].map((name) => wrapped.given.get(`rnn/0/layer_norm/${name}`)?.data ?? []);
    const data = rowsOf(unwrappedOutput.get("outputs") as Tensor)
      .flat()
      .flatMap((row) => {
        const mean = row.reduce((sum, entry) => sum + entry, 0) / m;
        const variance = row.reduce((sum, entry) => sum + (entry - mean) ** 2, 0) / m;
        return row.map(
          (entry, unit) => ((entry - mean) / Math.sqrt(variance + 1e-5)) * (gain?.[unit] ?? 0) + (shift?.[unit] ?? 0),
        );
      });
    expectClose(actual.get("outputs"), { shape: [batch, time, m], data }, 1e-12, "outputs");
  });

  test("has parameters per direction, initialized to the identity", async () => {
    const opened = await openModel([layerOf({ cell: "gru", layer_norm: true, bidirectional: "sum" })]);
    const normalizers = programOf(opened).inputs.filter(({ name }) => name.includes("layer_norm"));
    expect(normalizers.map(({ name, initializer }) => [name, initializer])).toEqual([
      ["rnn/0/forward/layer_norm/gain", { type: "constant", value: 1 }],
      ["rnn/0/forward/layer_norm/shift", { type: "constant", value: 0 }],
      ["rnn/0/backward/layer_norm/gain", { type: "constant", value: 1 }],
      ["rnn/0/backward/layer_norm/shift", { type: "constant", value: 0 }],
    ]);
  });
});

test("a step only multiplies or selects by its masks", async () => {
  const bodies = async (cell: object) => {
    const { spec, signature } = await openModel([layerOf({ cell: "lstm", ...cell })]);
    const lowering = buildTrainingStep(spec, signature, { disabledPasses: ["unroll-small-loops"] });
    if (!lowering.ok) throw new Error("the spec is wrong");
    return lowering.trainingStep.step.graph.nodes.flatMap((node) =>
      node.op === "Scan" ? [node.attributes.body.nodes.filter(({ op }) => op !== "Constant").length] : [],
    );
  };
  const [forward0 = 0, backward0 = 0] = await bodies({});
  expect(await bodies({ dropout: { input: 0.2, output: 0.2 } })).toEqual([forward0, backward0]);
  const [forward1 = 0, backward1 = 0] = await bodies({ dropout: { input: 0.2, output: 0.2, state: 0.2 } });
  expect([forward1 - forward0, backward1 - backward0]).toEqual([1, 1]);
  const [forward2 = 0, backward2 = 0] = await bodies({ zoneout: { h: 0.2 } });
  expect(forward2 - forward0).toBe(1);
  expect(backward2 - backward0).toBeLessThanOrEqual(4);
});

test.each<[string, readonly object[], readonly string[]]>([
  [
    "a rate that is none",
    [layerOf({ cell: "gru", dropout: { output: 1, input: -0.1 } })],
    [
      'wrong-value /model/0/dropout/output | "output" must be a number of at least 0 and below 1, but is 1.',
      'wrong-value /model/0/dropout/input | "input" must be a number of at least 0 and below 1, but is -0.1.',
    ],
  ],
])("%s", async (_, model, expected) => {
  const spec = {
    data: { type: "text", text: "hihello", window: 6 },
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  };
  expect(await unplacedProblems({ ...spec, model })).toEqual(expected);
});

test("unknown states", async () => {
  const opened = openModel([layerOf({ cell: "lstm", dropout: { state: { hh: 0.1 } }, zoneout: { c: 0.1, d: 0.2 } })]);
  const { spec, signature, origins } = await opened;
  const lowering = buildTrainingStep(spec, signature, { origins });
  expect(lowering.ok ? [] : lowering.problems).toEqual([
    {
      code: "unknown-state",
      path: "/model/0/dropout/state/hh",
      message: 'The cell "lstm" has no state "hh".',
      hint: "States: h, c.",
      atKey: true,
    },
    {
      code: "unknown-state",
      path: "/model/0/zoneout/d",
      message: 'The cell "lstm" has no state "d".',
      hint: "States: h, c.",
      atKey: true,
    },
  ]);
});

function opsOf(graph: Graph): readonly string[] {
  return graph.nodes.flatMap((node) => (node.op === "Scan" ? [node.op, ...opsOf(node.attributes.body)] : [node.op]));
}

describe("states of equal value", () => {
  const cell = (second: string, output: string) => ({
    state: { a: "hidden_size", b: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"] },
    equations: ["a' = tanh(x @ W + (a + b) @ U)", `b' = ${second}`],
    output,
  });
  const rowsWith = async (second: string, output: string, zoneout: object, mode: Mode) => {
    const options = { cells: { twins: cell(second, output) }, masked: true };
    const opened = await openModel([layerOf({ cell: "twins", zoneout })], options);
    return [...forward(opened, mode).run(3)].map(([name, { data }]) => [name, [...data]]);
  };

  test.each<[string, object, Mode]>([
    ["b'", { a: 0.5 }, "inference"],
    ["b'", { a: 0.5 }, "training"],
    ["a'", { b: 0.5 }, "inference"],
    ["b'", { a: 0.2, b: 0.7 }, "training"],
  ])("the output %s with zoneout %j, in %s", async (output, zoneout, mode) => {
    expect(await rowsWith("a'", output, zoneout, mode)).toEqual(await rowsWith("1 * a'", output, zoneout, mode));
  });
});
