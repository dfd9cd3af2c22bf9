/**
 * Padding never matters: random models over every layer have the same losses, metrics, predictions and updates for other
 * values past the lengths, for another number of steps, and for each sequence alone.
 */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../compiler/compile.js";
import { defaultStrategy, type Mode } from "../../compiler/elaborate/context.js";
import { elaborate } from "../../compiler/elaborate/index.js";
import type { Program } from "../../compiler/elaborate/program.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { at } from "../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../compiler/ir/types.js";
import { buildTrainingStep } from "../../compiler/pipeline/training-step.js";
import type { ArraySignature, Signature } from "../../compiler/signature.js";
import { computeMetric } from "../../runtime/evaluation/metric-accumulators.js";
import { randomStream } from "../../runtime/tensors/random.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { isVariance } from "../support/artifacts.js";
import { sequenceCells } from "../support/cell-definition.js";
import { normal } from "../support/read-spec.js";

interface DrawnModel {
  readonly spec: { readonly model: readonly object[]; readonly loss: { readonly reduction?: string } };
  readonly input: "ids" | "numbers" | "pairs";
  readonly outputs: readonly [
    {
      readonly target: {
        readonly kind: "classes" | "numbers" | "probabilities" | "labels";
        readonly width: number;
        readonly everyStep: boolean;
      };
      steps(steps: Steps): number;
    },
  ];
}

/** Modules of plain JavaScript, which have no types. */
const load = <T>(name: string): Promise<T> => import(join(import.meta.dirname, "../support", name));
const { choices, ownLayers, variantsOf } = await load<{
  choices(below: (limit: number) => number): object;
  readonly ownLayers: object;
  variantsOf(union: string): readonly string[];
}>("draw-values.mjs");
const { FEATURES, IDS, CLASSES, drawModel } = await load<{
  readonly FEATURES: number;
  readonly IDS: number;
  readonly CLASSES: number;
  drawModel(random: object, shortest: number, kinds: readonly string[]): DrawnModel;
}>("draw-model.mjs");

type Axis = "time" | "target_time";
type Steps = Readonly<Record<Axis, number>>;
type Lengths = Readonly<Record<Axis, readonly number[]>>;

const rowCount = 3;
/** Lengths of sequences and of targets, long enough for windows or as short as one step. */
const someLengths: readonly Lengths[] = [
  { time: [7, 5, 6], target_time: [5, 6, 5] },
  { time: [3, 1, 5], target_time: [1, 4, 2] },
];
const LABELS = 2;
/** Float64 rounding, as a fraction of the largest number; deep models and small variances amplify it. */
const TOLERANCE = 1e-7;

type Arrays = ReadonlyMap<string, Tensor>;

/** Rows of the data with `steps` of padded sequences; past the lengths numbers of about `padding`, and other ids. */
function batchOf(
  { input, outputs: [{ target }] }: DrawnModel,
  lengths: Lengths,
  rows: readonly number[],
  steps: Steps,
  padding: number,
) {
  const array = (name: string, axis: Axis | null, width: number | null, ids?: number): Tensor => {
    const shape = [rows.length, ...(axis === null ? [] : [steps[axis]]), ...(width === null ? [] : [width])];
    return tabulate(ids === undefined ? "float32" : "int32", shape, (index) => {
      const row = at(rows, at(index, 0));
      const [step, entry] = axis === null ? [0, index[1] ?? 0] : [at(index, 1), index[2] ?? 0];
      const random = randomStream(1, name, row, step, entry);
      if (axis !== null && step >= at(lengths[axis], row))
        return ids === undefined ? padding * random.normal() : (3 * step + Math.sign(padding)) % ids;
      if (ids !== undefined) return random.below(ids);
      return Math.fround(name === "inputs" ? random.normal() : random.uniform());
    });
  };
  const { kind, width, everyStep } = target;
  const axis = !everyStep ? null : input === "pairs" ? "target_time" : "time";
  const lengthsOf = (of: Axis) =>
    tensor(
      "int64",
      [rows.length],
      rows.map((row) => at(lengths[of], row)),
    );
  const arrays: [string, Tensor][] = [
    ["inputs", input === "numbers" ? array("inputs", "time", FEATURES) : array("inputs", "time", null, IDS)],
    ["lengths", lengthsOf("time")],
    ["step", tensor("int64", [], [0])],
  ];
  if (kind === "labels")
    arrays.push(["targets", tabulate("int32", [rows.length, LABELS], ([, label = 0]) => 1 + (label % 2))]);
  else if (kind === "classes") arrays.push(["targets", array("targets", axis, null, CLASSES)]);
  else arrays.push(["targets", array("targets", axis, width)]);
  if (input === "pairs")
    arrays.push(
      ["decoder_inputs", array("decoder_inputs", "target_time", null, IDS)],
      ["target_lengths", lengthsOf("target_time")],
    );
  else if (kind !== "labels") arrays.push(["weights", array("weights", axis, null)]);
  return new Map(arrays);
}

/** The signature of such batches. */
function signatureOf(
  { outputs: [{ target }], input }: DrawnModel,
  arrays: Arrays,
  { time, target_time }: Steps,
): Signature {
  const of = (name: string, axis: Axis | null): ArraySignature => {
    const { dtype, shape } = arrays.get(name) as Tensor;
    const symbols = ["batch", ...(axis === null ? [] : [axis])];
    return { dtype: dtype as ArraySignature["dtype"], shape: [...symbols, ...shape.slice(symbols.length)] };
  };
  const isPair = input === "pairs";
  const axis = !target.everyStep || target.kind === "labels" ? null : isPair ? "target_time" : "time";
  return {
    inputs: of("inputs", "time"),
    targets: of("targets", axis),
    lengths: of("lengths", null),
    ...(arrays.has("weights") && { weights: of("weights", axis) }),
    ...(isPair && { side_inputs: { decoder_inputs: of("decoder_inputs", "target_time") } }),
    ...(isPair && { target_lengths: of("target_lengths", null) }),
    sizes: { vocabulary: IDS, target_vocabulary: IDS, features: FEATURES, classes: isPair ? IDS : CLASSES },
    ...(!isPair && { steps: time }),
    expected: { batch: rowCount, time, target_time },
  };
}

/** Weights by name: the same in every graph. */
function weightOf(name: string, shape: readonly number[]): Tensor {
  const random = randomStream(1, name);
  return tabulate("float32", shape, () => (isVariance(name) ? Math.abs(random.normal()) : 0.7 * random.normal()));
}

/** The results of a graph; inputs that the arrays lack are weights. */
function run(graph: Graph, arrays: Arrays): readonly Tensor[] {
  const inputs = graph.inputs.map(
    ({ name = "", type }) => arrays.get(name) ?? weightOf(name, type.shape as readonly number[]),
  );
  return evaluate(graph, inputs);
}

interface Programs {
  readonly modes: readonly { readonly mode: Mode; readonly program: Program }[];
  /** A step of gradient descent for sequences of some number of steps. */
  step(time: number): Graph;
}

/** Evaluation, inference with ONNX's operators, and a training step. */
function programsOf(spec: NormalSpec, signature: Signature): Programs {
  const modes = (["evaluation", "inference"] satisfies Mode[]).map((mode) => {
    const recurrences = { ...defaultStrategy, operators: mode === "inference" };
    const elaborated = elaborate(spec, signature, mode, undefined, { recurrences });
    if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join("\n"));
    return { mode, program: elaborated.program };
  });
  const stepFor = (steps: number) => {
    const lowered = buildTrainingStep(spec, { ...signature, steps });
    if (!lowered.ok) throw new Error(lowered.problems.map(({ message }) => message).join("\n"));
    return lowered.trainingStep.step.graph;
  };
  const step = stepFor(signature.steps ?? 1);
  const hasAnyLength = step.inputs.some(({ name, type }) => name === "inputs" && type.shape[1] === "time");
  return { modes, step: (time) => (hasAnyLength || time === signature.steps ? step : stepFor(time)) };
}

/** Loss, metrics and final states by name; of each row the outputs at valid steps. */
function evaluated(
  { outputs: [output] }: DrawnModel,
  { modes }: Programs,
  lengths: Lengths,
  rows: readonly number[],
  arrays: Arrays,
) {
  const named = new Map<string, readonly number[]>();
  for (const { mode, program } of modes) {
    const results = run(program.graph, arrays);
    for (const [index, { name, role }] of program.outputs.entries()) {
      const { data, shape } = at(results, index);
      const numbers = [...data];
      const finalizer = program.metrics[name.replace(/^metrics\//, "")];
      if (role === "metric" && finalizer !== undefined)
        named.set(`${mode} ${name}`, [computeMetric(finalizer, Float64Array.from(numbers))]);
      else if (role !== "prediction") named.set(`${mode} ${name}`, numbers);
      else
        for (const [position, row] of rows.entries()) {
          const size = numbers.length / rows.length;
          const steps = shape.length > 2 ? at(shape, 1) : 1;
          const valid = output.steps({ time: at(lengths.time, row), target_time: at(lengths.target_time, row) });
          named.set(`${mode} row ${row}`, numbers.slice(position * size, position * size + (size / steps) * valid));
        }
    }
  }
  return named;
}

function expectClose(actual: readonly number[] | undefined, expected: readonly number[], label: string): void {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  expect(actual, label).toHaveLength(expected.length);
  const distances = expected.map((value, index) => Math.abs(value - (actual?.[index] ?? Number.NaN)) / scale);
  expect(Math.max(0, ...distances.map((distance) => (Number.isNaN(distance) ? 1 : distance))), label).toBeLessThan(
    TOLERANCE,
  );
}

test("random models: other padding, other numbers of steps, and each sequence alone", async () => {
  let refused = 0;
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const random = choices((limit) => (limit <= 1 ? 0 : g(fc.nat, limit - 1)));
    const lengths = at(someLengths, g(fc.nat, someLengths.length - 1));
    const drawn = drawModel(random, Math.min(...lengths.time, ...lengths.target_time), ["numbers", "ids", "pairs"]);
    const hasWeights = drawn.outputs[0].target.kind !== "labels";
    const data =
      drawn.input === "pairs"
        ? { type: "pairs", file: "pairs.jsonl" }
        : {
            type: "arrays",
            inputs: "x.npy",
            targets: "y.npy",
            lengths: "n.npy",
            ...(hasWeights && { weights: "w.npy" }),
          };
    const optimizer = { type: "sgd", learning_rate: 1 };
    const { spec } = await normal({ ...drawn.spec, data, optimizer, train: { batch_size: "all" } });

    const steps = { time: Math.max(...lengths.time), target_time: Math.max(...lengths.target_time) };
    const everyRow = lengths.time.map((_, row) => row);
    const first = batchOf(drawn, lengths, everyRow, steps, 0);
    const signature = signatureOf(drawn, first, steps);
    if (check(spec, signature).length > 0) {
      refused++;
      return;
    }
    const programs = programsOf(spec, signature);
    const expected = evaluated(drawn, programs, lengths, everyRow, first);
    const expectedStep = run(programs.step(steps.time), first);
    const others = [
      { steps, padding: 1e30 },
      { steps: { time: steps.time + 3, target_time: steps.target_time + 2 }, padding: 1e6 },
    ];
    for (const other of others) {
      const arrays = batchOf(drawn, lengths, everyRow, other.steps, other.padding);
      const label = `${other.steps.time} steps, padding of ${other.padding}`;
      const actual = evaluated(drawn, programs, lengths, everyRow, arrays);
      for (const [name, values] of expected) expectClose(actual.get(name), values, `${label}: ${name}`);
      for (const [index, { data }] of run(programs.step(other.steps.time), arrays).entries())
        expectClose([...data], [...at(expectedStep, index).data], `${label}: result ${index} of the step`);
    }
    for (const row of everyRow) {
      const own = { time: at(lengths.time, row), target_time: at(lengths.target_time, row) };
      const alone = evaluated(drawn, programs, lengths, [row], batchOf(drawn, lengths, [row], own, 0));
      for (const { mode } of programs.modes)
        expectClose(
          alone.get(`${mode} row ${row}`),
          expected.get(`${mode} row ${row}`) ?? [],
          `${mode} row ${row} alone`,
        );
    }
  });
  await fc.assert(property, { numRuns: 40, seed: 1 });
  expect(refused).toBeLessThan(5);
}, 120_000);

test("the random models have every layer and every cell", () => {
  const random = randomStream(1, "models");
  const drawn = Array.from({ length: 300 }, () => drawModel(choices(random.below), 1, ["numbers", "ids"]).spec.model);
  const text = JSON.stringify(drawn);
  // A custom layer has its own name in a spec; log_mel reads samples alone (test/compiler/elaborate/layers/log-mel.test.ts),
  // onnx a file (test/compiler/elaborate/layers/onnx.test.ts).
  const names = [
    ...variantsOf("layer").filter((layer) => !["custom", "log_mel", "onnx"].includes(layer)),
    ...Object.keys(ownLayers),
  ];
  for (const layer of names) expect(text).toContain(`"layer":"${layer}"`);
  for (const cell of sequenceCells) expect(text).toContain(`"cell":"${cell}"`);
});
