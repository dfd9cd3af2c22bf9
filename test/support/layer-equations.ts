/** Layers with their equations, weights and outputs, and the arithmetic of vectors that the equations need. */
import { expect } from "vitest";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { explainLayer, type LayerExplanation } from "../../compiler/inspect/explain-layer.js";
import { at } from "../../compiler/ir/expect.js";
import { tabulate } from "../../compiler/ir/tensor.js";
import type { Tensor } from "../../compiler/ir/types.js";
import { randomStream } from "../../runtime/tensors/random.js";
import { analysisOf, open, operandsOf, programOf, tensorOfArray } from "./programs.js";

export type Vector = readonly number[];
export type Matrix = readonly Vector[];

const TIME = 6;
export const lengths = [6, 4];

const random = randomStream(1, "layer equations");
const draw = () => Math.fround(random.normal());
const numbers = lengths.map(() => Array.from({ length: TIME }, () => Array.from({ length: 4 }, draw)));
export const ids = lengths.map((_, row) => Array.from({ length: TIME }, (_step, step) => (2 * row + step) % 5));

export const sum = (values: Vector) => values.reduce((a, b) => a + b, 0);
export const mean = (values: Vector) => sum(values) / values.length;
export const dot = (a: Vector, b: Vector) => sum(a.map((value, index) => value * at(b, index)));
export const plus = (a: Vector, b: Vector) => a.map((value, index) => value + at(b, index));
export const times = (a: Vector, b: Vector) => a.map((value, index) => value * at(b, index));
export const transpose = (a: Matrix) => at(a, 0).map((_, column) => a.map((row) => at(row, column)));
/** x @ W of a vector. */
export const product = (x: Vector, w: Matrix) => transpose(w).map((column) => dot(x, column));
export const softmax = (values: Vector) => {
  const exponentials = values.map((value) => Math.exp(value));
  return exponentials.map((value) => value / sum(exponentials));
};
export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
export const range = (count: number) => Array.from({ length: count }, (_, index) => index);

type Nested = number | readonly Nested[];

function nested(shape: readonly number[], data: Vector): Nested {
  const [count = 0, ...rest] = shape;
  if (shape.length === 0) return at(data, 0);
  const size = data.length / count;
  return range(count).map((row) => nested(rest, data.slice(row * size, (row + 1) * size)));
}

export interface Explained extends LayerExplanation {
  /** The output of the layer, batch first, of the rows. */
  readonly output: readonly Matrix[];
  readonly weight: (name: string) => Matrix;
  readonly bias: (name: string) => Vector;
}

/** The explanation and the output of the layer `layer`, after other layers. */
export async function explained(
  layer: object,
  {
    inputs = numbers as object,
    before = [] as readonly object[],
    after = [{ layer: "pool" }] as readonly object[],
  } = {},
): Promise<Explained> {
  const opened = await open({
    data: { type: "arrays", inputs, targets: [[0], [0]], lengths },
    model: [...before, { ...layer, name: "layer" }, ...after, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  const program = programOf(opened, "inference");
  const value = program.layers.find(({ name }) => name === "layer")?.value;
  const described = opened.spec.model.find(({ name }) => name === "layer");
  if (value === undefined || described === undefined || described.layer === "rnn") throw new Error("no such layer");
  const weights = new Map<string, Tensor>();
  for (const [index, { name, role }] of program.inputs.entries()) {
    if (role === "data") continue;
    const shape = at(program.graph.inputs, index).type.shape as readonly number[];
    weights.set(
      name,
      tabulate("float32", shape, () => (name.endsWith("variance") ? 1 + draw() ** 2 : draw())),
    );
  }
  const data = [...opened.batch].map(([name, array]) => [name, tensorOfArray(array)] as const);
  const operands = operandsOf(program.inputs, new Map([...weights, ...data]));
  const [result] = evaluate({ ...program.graph, outputs: [value] }, operands);
  const { shape, data: entries } = result as Tensor;
  const [steps = 0, rows = 0, width = 0] = shape.length === 3 ? shape : [1, ...shape];
  const entry = (row: number, step: number) =>
    Array.from(entries.slice((step * rows + row) * width, (step * rows + row + 1) * width));
  const owner = "weights" in described ? described.weights : null;
  const named = (name: string) => {
    const weight = weights.get(`layer/${name}`) ?? (weights.get(`${owner}/${name}`) as Tensor);
    return nested(weight.shape, Array.from(weight.data));
  };
  return {
    ...explainLayer(described, opened.spec, opened.signature, analysisOf(opened)),
    output: range(rows).map((row) => range(steps).map((step) => entry(row, step))),
    weight: (name) => named(name) as Matrix,
    bias: (name) => named(name) as Vector,
  };
}

export const textOf = ({ equations, notes }: LayerExplanation) => [
  ...equations.map(({ text, shape }) => `${text}  [${shape.join(", ")}]`),
  ...notes,
];

/** Compares the valid steps of the layer's output with values by the equations. */
export function expectOutput(
  { output }: Explained,
  byEquations: (x: Matrix, row: number) => Matrix,
  inputs = numbers,
): void {
  for (const [row, length] of lengths.entries()) {
    const expected = byEquations(at(inputs, row).slice(0, length), row);
    expect(expected.length).toBeGreaterThan(0);
    for (const [step, vector] of expected.entries())
      for (const [column, value] of vector.entries())
        expect(Math.abs((output[row]?.[step]?.[column] ?? Number.NaN) - value)).toBeLessThan(1e-9);
  }
}
