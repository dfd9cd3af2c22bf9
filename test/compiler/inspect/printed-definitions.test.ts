/**
 * Printed equations of each built-in loss, metric, activation, optimizer and schedule: as a definition of the user's own
 * they give the same numbers. Printed gradients, read back by the language, are those of the reverse pass.
 */
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { type Comparison, elaborateComparison } from "../../../compiler/elaborate/comparison.js";
import { lossUse } from "../../../compiler/elaborate/losses/equations.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { explainComparisons } from "../../../compiler/inspect/explain-comparison.js";
import { explainFunction } from "../../../compiler/inspect/explain-function.js";
import { explainOptimizer, explainSchedule } from "../../../compiler/inspect/explain-update.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { at, expectDefined } from "../../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Shape, Tensor, Value } from "../../../compiler/ir/types.js";
import { shapeRules } from "../../../compiler/language/expression-type.js";
import { builtInFunctions, functionTable } from "../../../compiler/language/functions/index.js";
import { buildSchedule, factorIn } from "../../../compiler/language/schedule.js";
import { equationUpdate, optionsOf } from "../../../compiler/training/optimizers/equations.js";
import { definitionOf } from "../../../compiler/training/optimizers/index.js";
import { resolveOptimizer } from "../../../compiler/training/resolve-optimizer.js";
import { scheduleDefinitionOf, scheduleOptions } from "../../../compiler/training/schedules/index.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import {
  builtInActivation,
  builtInActivations,
  builtInLosses,
  builtInMetric,
  builtInMetrics,
  builtInOptimizers,
  builtInSchedule,
  builtInSchedules,
} from "../../../schema/built-in.js";
import { definition as schemaOf } from "../../../schema/json-schema.js";
import type {
  CellOption,
  NormalActivationDefinition,
  NormalLoss,
  NormalMetric,
  NormalSpec,
} from "../../../schema/normal/index.js";
import { fillDefaults } from "../../../schema/normalize/fill.js";
import { type GivenValue, readEquations } from "../../support/read-equations.js";
import { base, normal } from "../../support/read-spec.js";

const ROWS = 4;
const context = { expected: new Map<string, number>() };
const fail = ({ message }: { readonly message: string }) => {
  throw new Error(message);
};
const filled = <T>(content: object, definition: string) => fillDefaults<T>(content, schemaOf(definition), "", (p) => p);

type Named = Readonly<Record<string, Tensor>>;

/** The result of a graph of named operands, and the derivative of its sum weighted by `weights` for the first operand. */
function evaluated(operands: Named, weights: string | undefined, build: (b: Builder, named: Values) => Value) {
  const b = graphBuilder("comparison");
  const opened = Object.fromEntries(
    Object.entries(operands).map(([name, { shape }]) => [name, b.input(name, { dtype: "float32", shape })] as const),
  );
  const { [weights ?? ""]: weight, ...others } = opened;
  const result = build(b, others);
  const values = Object.values(operands);
  const [value] = evaluate(b.finish([result]), values);
  if (weight === undefined) return { value: expectDefined(value, "a value"), gradient: undefined };
  const graph = b.finish([b.sum(b.mul(result, weight))]);
  return { value: expectDefined(value, "a value"), gradient: evaluate(differentiate(graph, 0, [0]), values)[1] };
}

type Values = Readonly<Record<string, Value>>;

function randomValues(name: string) {
  const random = randomStream(5, name);
  const normal = (...shape: readonly number[]) => tabulate("float32", shape, () => 0.2 + 0.7 * random.normal());
  const below = (count: number) => tabulate("float32", [ROWS, 1], () => Math.floor(count * random.uniform()));
  const positive = (...shape: readonly number[]) => tabulate("float32", shape, () => 0.1 + random.uniform());
  return { normal, below, positive };
}

function expectEqual(actual: Tensor | undefined, expected: Tensor | undefined, digits: number) {
  expect(actual?.shape).toEqual(expected?.shape);
  expect(expected?.data.length).toBeGreaterThan(0);
  expected?.data.forEach((value, index) => {
    expect(Math.abs((actual?.data[index] ?? Number.NaN) - value)).toBeLessThan(10 ** -digits * (1 + Math.abs(value)));
  });
}

/** Outputs for two targets, or for a class. */
const outputCounts: Readonly<Record<string, number>> = {
  ...{ mixture_density: 18, quantile: 6, gaussian_nll: 4, negative_binomial_nll: 4, student_t_nll: 6 },
};

function explained(part: { readonly losses?: readonly object[]; readonly metrics?: readonly object[] }, sizes: Sizes) {
  const spec = { losses: [], metrics: [], ...part } as object as NormalSpec;
  const targets = { dtype: "float32", shape: ["batch", sizes.target_size] } as const;
  const signature = { targets, expected: {} } as object as Parameters<typeof explainComparisons>[1];
  const layers = [{ name: "answer", output: ["batch", sizes.output_size] }] as object as Layers;
  const [use] = [...(part.metrics ?? []), ...(part.losses ?? [])] as readonly { readonly type: string }[];
  const [explanation] = explainComparisons(spec, signature, { layers }, builtInFunctions, context, use?.type ?? "");
  return expectDefined(explanation, "an explanation");
}

type Sizes = Record<"output_size" | "target_size", number>;
type Layers = Parameters<typeof explainComparisons>[2]["layers"];

const uses: readonly (readonly [string, object])[] = [
  ...builtInLosses().map((type) => [type, {}] as const),
  ["binary_cross_entropy", { positive_weight: 3 }],
  ["quantile", { levels: [0.25, 0.75] }],
];

test.each(uses)("loss %s %o", (type, options) => {
  const loss = { ...filled<NormalLoss>({ type, ...options }, type), from: "answer", target: "targets" };
  const use = lossUse(loss, { pathOf: () => "" });
  const { definition } = use;
  const isOfClasses = definition.target === "class";
  const outputs = "levels" in use.options ? 2 * (use.options.levels as readonly number[]).length : outputCounts[type];
  const sizes = isOfClasses ? { output_size: 3, target_size: 1 } : { output_size: outputs ?? 2, target_size: 2 };
  const printed = explained({ losses: [loss] }, sizes);
  const { normal: normalValues, below, positive } = randomValues(type);
  const isOfBatch = definition.scope === "batch";
  const operands: Named = {
    y: normalValues(ROWS, sizes.output_size),
    t: isOfClasses ? below(3) : positive(ROWS, sizes.target_size),
    ...(isOfBatch && {
      valid: tensor("float32", [ROWS, 1], [1, 1, 1, 0]),
      index: tensor("float32", [ROWS, 1], [0, 1, 2, 3]),
    }),
  };
  const compare = (compared: Comparison, weights: Tensor) =>
    evaluated({ ...operands, dloss: weights }, "dloss", (b, named) => {
      const parts = { b, functions: builtInFunctions, report: fail };
      return expectDefined(elaborateComparison(compared, named, sizes, parts), "a value").value;
    });
  const first = evaluated(operands, undefined, (b, named) => {
    const parts = { b, functions: builtInFunctions, report: fail };
    return expectDefined(elaborateComparison(use, named, sizes, parts), "a value").value;
  });
  const weights = normalValues(...first.value.shape);
  const expected = compare(use, weights);
  const own = { ...definition, options: printed.options, equations: printed.equations, variants: {} };
  const actual = compare({ ...use, definition: own, options: {}, name: "own", isOwn: true }, weights);
  expect(actual).toEqual(expected);

  const lists = Object.entries(printed.options).flatMap(([name, list]) =>
    Array.isArray(list) ? [{ name, shape: [list.length], value: tensor("float32", [list.length], list) }] : [],
  );
  const rows = (value: Tensor): Shape => (isOfBatch ? value.shape : ["batch", ...value.shape.slice(1)]);
  const given: readonly GivenValue[] = [
    ...Object.entries({ ...operands, dloss: weights }).map(([name, value]) => ({ name, shape: rows(value), value })),
    ...lists,
  ];
  expectEqual(readEquations(printed.gradient, given).get("dy"), expected.gradient, 12);
});

test.each(builtInMetrics())("metric %s", (type) => {
  const sizes = { output_size: 2, target_size: 2 };
  const metric = { type, output: "answer" } as object as NormalMetric;
  const printed = explained({ losses: [{ type: "squared_error", from: "answer" }], metrics: [metric] }, sizes);
  const { normal: normalValues } = randomValues(type);
  const operands = { y: normalValues(ROWS, 2), t: normalValues(ROWS, 2) };
  const entriesOf = (equations: readonly string[]) => {
    const definition = { description: "", options: {}, equations, variants: {}, scope: "row" } as const;
    const use = { kind: "metric", definition, options: {}, path: "" } as const;
    return evaluated(operands, undefined, (b, named) => {
      const parts = { b, functions: builtInFunctions, report: fail };
      return expectDefined(elaborateComparison(use, named, sizes, parts), "a value").value;
    }).value;
  };
  const file = builtInMetric(type) as { readonly equations: readonly string[]; readonly reduce?: string };
  expect(entriesOf(printed.equations)).toEqual(entriesOf(file.equations));
  expect(printed.reduce).toBe(file.reduce ?? "mean");
});

test.each(builtInActivations())("activation %s", (name) => {
  const x = randomValues(name).normal(ROWS, 6);
  const shape: Shape = ["batch", 6];
  const called = (table: ReturnType<typeof functionTable>, own: string, dy?: Tensor) =>
    evaluated({ x, ...(dy && { dy }) }, dy && "dy", (b, { x: argument }) => {
      const call = expectDefined(table.get(own), own);
      const type = { kind: "tensor", shape, isBatched: true } as const;
      const inferred = call.infer([type], shapeRules(["batch"]));
      if (inferred?.kind !== "tensor") throw new Error(`${own} has no shape`);
      const result = call.build(b, [expectDefined(argument, "x")], inferred.shape, [type], 1);
      return at([result].flat(), 0);
    });
  const { value } = called(builtInFunctions, name);
  const dy = randomValues(`${name}/dy`).normal(...value.shape);
  const expected = called(builtInFunctions, name, dy);
  const printed = explainFunction(expectDefined(builtInFunctions.get(name), name), context);
  const { options = {} } = builtInActivation(name) as Partial<NormalActivationDefinition>;
  const own = filled<NormalActivationDefinition>({ options, equations: printed.equations }, "activation_definition");
  expect(called(functionTable({ own }), "own", dy)).toEqual(expected);

  const given = [
    { name: "x", shape, value: x },
    { name: "dy", shape: ["batch", at(dy.shape, 1)], value: dy },
  ];
  expectEqual(readEquations(printed.gradient, given).get("dx"), expected.gradient, 12);
});

const optimizers: readonly (readonly [string, object])[] = [
  ...builtInOptimizers().map((type) => [type, {}] as const),
  ...["torch", "keras"].map((variant) => ["adam", { variant, weight_decay: 0.1 }] as const),
  ...["torch", "keras"].map((variant) => ["rmsprop", { variant, momentum: 0.5 }] as const),
  ["muon", { nesterov: false, scale: "match_rms_adamw", weight_decay: 0 }],
  ["momentum", { nesterov: true }],
];

test.each(optimizers)("optimizer %s %o", async (type, options) => {
  const { spec } = await normal({ ...base, optimizer: { type, learning_rate: 0.1, ...options } });
  const used = resolveOptimizer(spec);
  for (const shape of [[], [3], [4, 2]]) {
    const [printed] = explainOptimizer(spec, [{ name: "W", shape }]);
    const { equations, slots, options: values } = expectDefined(printed, "an explanation");
    // A matrix's optimizer has another one for other parameters.
    if (printed?.optimizer !== type) continue;
    const { description } = definitionOf(used);
    const own = {
      ...{ description, options: values as Readonly<Record<string, CellOption>>, variants: {} },
      slots: Object.fromEntries(
        slots.map(({ name, initial, shape: ofSlot }) => [
          name,
          ofSlot.includes(1) ? { initial, shape: ofSlot.map((dim) => dim) } : initial,
        ]),
      ),
      equations: equations.map(({ text }) => text),
    };
    const update = (definition: typeof own | ReturnType<typeof definitionOf>, given: ReturnType<typeof optionsOf>) =>
      updateOf(equationUpdate(definition, given, shape), shape, type);
    expect(update(own, {})).toEqual(update(definitionOf(used), optionsOf(used)));
  }
});

/** The next values of a parameter and its slots. */
function updateOf(update: ReturnType<typeof equationUpdate>, shape: readonly number[], name: string) {
  const { normal: normalValues, positive } = randomValues(name);
  const b = graphBuilder("update");
  const values: Tensor[] = [];
  const open = (label: string, value: Tensor) => {
    values.push(value);
    return b.input(label, { dtype: "float32", shape: value.shape });
  };
  const scalar = (value: number) => tensor("float32", [], [value]);
  const next = update.build(b, {
    parameter: open("p", normalValues(...shape)),
    gradient: open("g", normalValues(...shape)),
    slots: Object.fromEntries(
      update.slots.map((slot) => [slot.name, open(slot.name, positive(...slot.shape.map(Number)))]),
    ),
    rate: open("rate", scalar(0.1)),
    momentum: 0,
    t: open("t", scalar(7)),
  });
  return evaluate(b.finish([next.parameter, ...Object.values(next.slots)]), values);
}

const schedules: readonly (readonly [string, object])[] = [
  ...builtInSchedules().map((type) => [type, {}] as const),
  ["exponential_decay", { staircase: true }],
  ["polynomial_decay", { power: 2 }],
  ["one_cycle", { anneal: "linear" }],
];

test.each(schedules)("schedule %s %o", async (type, options) => {
  const { options: defaults } = { options: {}, ...builtInSchedule(type) };
  const schedule = { type, ...defaults, ...options };
  const { spec } = await normal({ ...base, optimizer: { type: "adam", schedule } });
  const { schedule: used } = resolveOptimizer(spec);
  const printed = explainSchedule(spec);
  const factors = (definition: Parameters<typeof buildSchedule>[0], given: ReturnType<typeof scheduleOptions>) =>
    [0, 1, 299, 300, 700, 1500].map((step) => {
      const b = graphBuilder("schedule");
      const n = b.input("n", { dtype: "float32", shape: [] });
      const factor = factorIn(buildSchedule(definition, given, null, b, n), b);
      return at(evaluate(b.finish([factor]), [tensor("float32", [], [step])]), 0);
    });
  const source = expectDefined(scheduleDefinitionOf(used), type);
  const own = { ...source, options: printed.options as typeof source.options, equations: printed.equations };
  expect(factors({ ...own, variants: {} }, {})).toEqual(factors(source, scheduleOptions(used)));
});
