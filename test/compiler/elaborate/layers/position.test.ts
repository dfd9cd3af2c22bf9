/** The position layer: its vectors, their gradient, streams, and lengths that do not fit. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { checkLongSequences, longSequenceProblem } from "../../../../runtime/data/long-sequences.js";
import { generationProblem } from "../../../../runtime/generation/autoregressive.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { problemsOf } from "../../../support/check-spec.js";
import { open, operandsOf, programOf } from "../../../support/programs.js";

const [BATCH, TIME] = [2, 3];
const random = randomStream(3, "positions");
const draw = (...shape: readonly number[]) => tabulate("float32", shape, () => random.normal());

const specOf = (layer: object, width: number) => {
  const row = Array<number>(width).fill(0);
  return {
    data: { type: "arrays", inputs: Array(BATCH).fill(Array(TIME).fill(row)), targets: Array(BATCH).fill([0]) },
    model: [
      { layer: "position", ...layer },
      { layer: "dense", size: 1 },
      { layer: "pool", mode: "mean" },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
  };
};

/** "Attention Is All You Need", section 3.5. */
function sinusoid(position: number, entry: number, width: number): number {
  const angle = position / 10_000 ** ((entry - (entry % 2)) / width);
  return entry % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
}

describe("vectors of positions", () => {
  test.each([4, 5])("sines and cosines in turn, of width %i", async (width) => {
    const opened = await open(specOf({ type: "sinusoidal" }, width));
    const program = programOf(opened, "inference");
    const layer = program.layers[0]?.value;
    const x = draw(BATCH, TIME, width);
    const graph = { ...program.graph, outputs: layer === undefined ? [] : [layer] };
    const operands = new Map([
      ["inputs", x],
      ["targets", draw(BATCH, 1)],
      ["dense/W", draw(width, 1)],
      ["dense/b", draw(1)],
    ]);
    const [output] = evaluate(graph, operandsOf(program.inputs, operands));
    const expected = tabulate("float32", [TIME, BATCH, width], ([time = 0, row = 0, entry = 0]) => {
      return (x.data[(row * TIME + time) * width + entry] ?? 0) + sinusoid(time, entry, width);
    });
    expected.data.forEach((value, index) => {
      expect(output?.data[index]).toBeCloseTo(value, 12);
    });
  });

  test("learned rows, and the gradient of each row: the cotangents of its steps", async () => {
    const program = programOf(await open(specOf({ type: "learned", length: 4 }, 2)), "training");
    const layer = program.layers[0]?.value;
    const operands = new Map([
      ["inputs", draw(BATCH, TIME, 2)],
      ["targets", draw(BATCH, 1)],
      ["position/W", tensor("float32", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
      ["dense/W", tensor("float32", [2, 1], [1, -2])],
      ["dense/b", draw(1)],
    ]);
    const values = operandsOf(program.inputs, operands);
    const [output] = evaluate({ ...program.graph, outputs: layer === undefined ? [] : [layer] }, values);
    const x = operands.get("inputs")?.data ?? [];
    const expected = [0, 1, 2].flatMap((time) =>
      [0, 1].flatMap((row) => [0, 1].map((entry) => (x[(row * TIME + time) * 2 + entry] ?? 0) + 2 * time + entry + 1)),
    );
    expected.forEach((value, index) => {
      expect(output?.data[index]).toBeCloseTo(value, 12);
    });
    const table = program.inputs.findIndex(({ name }) => name === "position/W");
    const bias = program.inputs.findIndex(({ name }) => name === "dense/b");
    const graph = differentiate(program.graph, 0, [table, bias]);
    const [rows, ofBias] = evaluate(graph, values).slice(program.outputs.length);
    // The output is the mean over the steps of x @ W + b: a step's share of the gradient of b, times W.
    const share = (ofBias?.data[0] ?? Number.NaN) / TIME;
    [
      ...Array(TIME)
        .fill([share, -2 * share])
        .flat(),
      0,
      0,
    ].forEach((value, index) => {
      expect(rows?.data[index]).toBeCloseTo(value, 12);
    });
  });

  test.each([
    [{ type: "learned", length: 6 }, ["position/W"]],
    [{ type: "sinusoidal" }, []],
  ])("a stream of two parts has those of the whole sequence: %o", async (layer, parameters) => {
    const table = new Map(parameters.map((name) => [name, draw(6, 4)] as const));
    const whole = draw(BATCH, TIME, 4);
    const part = (from: number, to: number): Tensor =>
      tabulate("float32", [BATCH, to - from, 4], ([row = 0, time = 0, entry = 0]) => {
        return whole.data[(row * TIME + from + time) * 4 + entry] ?? 0;
      });
    const run = async (inputs: Tensor, past: Tensor) => {
      const opened = await open(specOf(layer, 4));
      const dynamic = { ...opened.signature, inputs: { dtype: "float32", shape: ["batch", "time", 4] } } as const;
      const program = programOf({ ...opened, signature: dynamic }, "stream");
      const first = program.layers[0]?.value;
      const state = program.graph.outputs[program.outputs.findIndex(({ name }) => name === "past_steps")];
      if (first === undefined || state === undefined) throw new Error("the stream has no positions");
      const weights = [...table, ["dense/W", draw(4, 1)], ["dense/b", draw(1)]] as const;
      const operands = new Map<string, Tensor>([
        ...weights,
        ["inputs", inputs],
        ["targets", past],
        ["past_steps", past],
      ]);
      return evaluate({ ...program.graph, outputs: [first, state] }, operandsOf(program.inputs, operands));
    };
    const start = tensor("float32", [BATCH, 1], [0, 0]);
    const [expected] = await run(whole, start);
    const [first, past] = await run(part(0, 1), start);
    const [second, end] = await run(part(1, 3), past ?? start);
    expect([...(first?.data ?? []), ...(second?.data ?? [])]).toEqual([...(expected?.data ?? [])]);
    expect([...(end?.data ?? [])]).toEqual([3, 3]);
  });
});

describe("lengths that do not fit", () => {
  test.each<[object, string]>([
    [{ type: "learned" }, "The learned positions of position need the length of their table."],
    [{ type: "learned", length: 2 }, "position has positions for 2 steps, but the sequences have 3."],
    [{ type: "sinusoidal", length: 3 }, "The sinusoidal positions of position have no table and no limit."],
  ])("%o", async (layer, message) => {
    const [problem, ...others] = await problemsOf({
      ...specOf(layer, 2),
      model: [{ layer: "position", ...layer }, { layer: "pool" }, { layer: "dense", size: 1 }],
    });
    expect(problem).toContain(message);
    expect(others).toEqual([]);
  });

  test("in data, in a batch, and in generated text", async () => {
    const { spec } = await open(specOf({ type: "learned", length: 3 }, 2));
    const batch = (steps: number) =>
      new Map([["inputs", { dtype: "float32", shape: [1, steps, 2], data: new Float32Array(2 * steps) } as const]]);
    const splits = { train: Uint32Array.of(0), validation: Uint32Array.of(1), test: Uint32Array.of() };
    expect(checkLongSequences(spec, { splits, batch: () => batch(3) })).toEqual([]);
    expect(checkLongSequences(spec, { splits, batch: () => batch(4) })).toMatchObject([
      { code: "position-length", message: "position has positions for 3 steps, but a sequence has 4 steps." },
    ]);
    expect(longSequenceProblem(spec.model, () => 3)).toBeUndefined();
    expect(generationProblem(spec.model, [1, 2], 2)).toBeUndefined();
    expect(generationProblem(spec.model, [1, 2], 3)?.code).toBe("position-length");
    expect(generationProblem(spec.model, [], 4)).toBeUndefined();
  });
});
