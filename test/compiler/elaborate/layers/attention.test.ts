/** Attention layers against PyTorch in float64: outputs and gradients of every option, with lengths on both sides. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import type { Mode } from "../../../../compiler/elaborate/context.js";
import { elaborate } from "../../../../compiler/elaborate/index.js";
import { alibiSlopes } from "../../../../compiler/elaborate/layers/attention/weights.js";
import type { Program } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { verify } from "../../../../compiler/graph/verify.js";
import { at } from "../../../../compiler/ir/expect.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../compiler/ir/types.js";
import { runPasses, stepPasses } from "../../../../compiler/optimize/pipeline.js";
import type { ArraySignature, Signature } from "../../../../compiler/signature.js";
import { operandsOf } from "../../../support/programs.js";
import { normal } from "../../../support/read-spec.js";
import { expectClose, type Numbers, readFixture, tensorOf } from "../../../support/reference-numbers.js";

interface Case {
  readonly name: string;
  readonly layer: object;
  readonly inputs: Numbers;
  readonly memory?: Numbers;
  readonly targets: Numbers;
  readonly lengths?: readonly number[];
  readonly memory_lengths?: readonly number[];
  readonly parameters: Readonly<Record<string, Numbers>>;
  readonly output: Numbers;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Numbers>>;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("attention.json");

/** Tolerance of float64 numbers that are written with 12 digits. */
const TOLERANCE = 1e-10;

const array = ({ shape }: Numbers, time: string): ArraySignature => ({
  dtype: "float32",
  shape: ["batch", time, shape[2] ?? 0],
});
const lengthsOf = { dtype: "int64", shape: ["batch"] } as const;

/** The program of one attention layer with the summed squared error over valid steps. */
async function programOf(
  { layer, inputs, memory, targets, lengths, memory_lengths }: Case,
  mode: Mode,
): Promise<Program> {
  const isSameTime = memory?.shape[1] === inputs.shape[1];
  const { spec, origins } = await normal({
    data: { type: "arrays", inputs: { inputs: "x.npy", memory: "m.npy" }, targets: "t.npy" },
    model: [{ layer: "attention", from: memory === undefined ? ["inputs"] : ["inputs", "memory"], ...layer }],
    loss: { type: "squared_error", reduction: "sum" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
  });
  const signature: Signature = {
    inputs: array(inputs, "time"),
    ...(memory && { side_inputs: { memory: array(memory, isSameTime ? "time" : "target_time") } }),
    targets: array(targets, "time"),
    ...(lengths && { lengths: lengthsOf }),
    ...(memory_lengths && !isSameTime && { target_lengths: lengthsOf }),
    sizes: {},
    expected: { batch: at(inputs.shape, 0), time: at(inputs.shape, 1) },
  };
  const elaborated = elaborate(spec, signature, mode, origins);
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join("\n"));
  verify(elaborated.program.graph, "elaborate");
  return elaborated.program;
}

function operandsByName({ inputs, memory, targets, lengths, memory_lengths, parameters }: Case) {
  const ids = (values: readonly number[]) => tensor("int64", [values.length], values);
  return new Map<string, Tensor>([
    ["inputs", tensorOf(inputs)],
    ["targets", tensorOf(targets)],
    ...(memory ? [["memory", tensorOf(memory)] as const] : []),
    ...(lengths ? [["lengths", ids(lengths)] as const] : []),
    ...(memory_lengths ? [["target_lengths", ids(memory_lengths)] as const] : []),
    ...Object.entries(parameters).map(([name, numbers]) => [`attention/${name}`, tensorOf(numbers)] as const),
  ]);
}

const publicName = (name: string) => (name === "inputs" || name === "memory" ? name : `attention/${name}`);
const optimized = (graph: Graph) => runPasses(graph, stepPasses, { expected: new Map() });

describe("attention is that of PyTorch", () => {
  test.each(cases.map((entry) => [entry.name, entry] as const))("%s", async (_, entry) => {
    const program = await programOf(entry, "training");
    const named = operandsByName(entry);
    const names = Object.keys(entry.gradients);
    const wrt = names.map((name) => program.inputs.findIndex((port) => port.name === publicName(name)));
    const loss = program.outputs.findIndex(({ role }) => role === "loss");
    const outputs = program.outputs.findIndex(({ role }) => role === "prediction");
    const graph = differentiate(program.graph, loss, wrt);
    for (const step of [graph, verify(optimized(graph), "optimized")]) {
      const results = evaluate(step, operandsOf(program.inputs, named));
      expect(Math.abs((at(results, loss).data[0] ?? Number.NaN) - entry.loss) / entry.loss).toBeLessThan(TOLERANCE);
      expectClose(withoutPadding(at(results, outputs), entry.lengths), entry.output, TOLERANCE, "output");
      const gradients = results.slice(program.outputs.length);
      names.forEach((name, index) => {
        expectClose(gradients[index], at(Object.values(entry.gradients), index), TOLERANCE, `d/d${name}`);
      });
    }
  });

  test("slopes of linear biases", () => {
    expect(alibiSlopes(1)).toEqual([2 ** -8]);
    expect(alibiSlopes(2)).toEqual([2 ** -4, 2 ** -8]);
    expect(alibiSlopes(3)).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
  });
});

/** [batch, time, features] with zeros past the lengths. */
function withoutPadding(output: Tensor, lengths: readonly number[] | undefined): Tensor {
  if (lengths === undefined) return output;
  const [, time = 1, features = 1] = output.shape;
  const isValid = (index: number) =>
    Math.floor(index / features) % time < (lengths[Math.floor(index / (time * features))] ?? 0);
  return { ...output, data: output.data.map((value, index) => (isValid(index) ? value : 0)) };
}
