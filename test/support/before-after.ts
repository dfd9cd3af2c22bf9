/** Small graphs before and after a pass, as text, once it is known that the pass keeps every value. */
import { expect } from "vitest";
import { graphBuilder } from "../../compiler/graph/builder.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { scan } from "../../compiler/graph/scan.js";
import { verify } from "../../compiler/graph/verify.js";
import type { Builder } from "../../compiler/ir/builder.js";
import { evaluateDim } from "../../compiler/ir/dims.js";
import { at } from "../../compiler/ir/expect.js";
import { roundToFloat16 } from "../../compiler/ir/float16.js";
import { printGraph } from "../../compiler/ir/print/text.js";
import { tabulate } from "../../compiler/ir/tensor.js";
import type { DType, Graph, Shape, Tensor, Value } from "../../compiler/ir/types.js";
import { dce } from "../../compiler/optimize/canonicalize/dce.js";
import type { Pass } from "../../compiler/optimize/pass.js";
import type { Target } from "../../compiler/optimize/target/index.js";
import { randomStream } from "../../runtime/tensors/random.js";

/** What symbols stand for when values are compared. */
export const sizes: ReadonlyMap<string, number> = new Map([
  ["batch", 2],
  ["time", 3],
  ["words", 4],
]);

/** Whole numbers given to a graph are below this. */
export const CLASSES = 3;

export type Inputs = (name: string, ...shape: Shape) => Value;

/** A graph of float inputs; other dtypes are asked for by name. */
export function graphOf(
  build: (b: Builder, float: Inputs, typed: (dtype: DType) => Inputs) => readonly Value[],
): Graph {
  const b = graphBuilder("graph");
  const typed =
    (dtype: DType): Inputs =>
    (name, ...shape) =>
      b.input(name, { dtype, shape });
  return verify(b.finish(build(b, typed("float32"), typed)), "build");
}

/** As many values as there are in a tuple. */
type Values<T extends readonly Value[]> = { readonly [K in keyof T]: Value };

/** A loop from `initial` over `scans`: a step gives the next states and what it stacks. Returns last states, then stacks. */
export function loop<const S extends readonly Value[], const X extends readonly Value[]>(
  b: Builder,
  initial: S,
  scans: X,
  step: (
    inner: Builder,
    states: Values<S>,
    slices: Values<X>,
  ) => readonly [next: readonly Value[], stacked: readonly Value[]],
  reverse = false,
): readonly Value[] {
  const { final, scanOutputs: stacked } = scan(b, "loop", { initial, scans, reverse }, (inner, states, slices) => {
    const [next, stacks] = step(inner, states as unknown as Values<S>, slices as unknown as Values<X>);
    return { next, scanOutputs: stacks };
  });
  return [...final, ...stacked];
}

function draw(graph: Graph): readonly Tensor[] {
  const random = randomStream(1, "before and after");
  const entries: { readonly [D in DType]: () => number } = {
    float32: () => random.normal(),
    float16: () => roundToFloat16(random.normal()),
    int64: () => random.below(CLASSES),
    int32: () => random.below(CLASSES),
    bool: () => random.below(2),
  };
  return graph.inputs.map(({ type: { dtype, shape } }) => {
    const sizesOf = shape.map((dim) => evaluateDim(dim, sizes) ?? Number.NaN);
    return tabulate(dtype, sizesOf, () => entries[dtype]());
  });
}

export function expectSameValues(actual: Graph, expected: Graph): void {
  const operands = draw(expected);
  const results = evaluate(actual, operands);
  const references = evaluate(expected, operands);
  expect(results.map(({ dtype, shape }) => [dtype, ...shape])).toEqual(
    references.map(({ dtype, shape }) => [dtype, ...shape]),
  );
  results.forEach(({ data }, index) => {
    const reference = at(references, index).data;
    data.forEach((entry, position) => {
      expect(entry).toBeCloseTo(at([...reference], position), 9);
    });
  });
}

export interface Expected {
  /** Sizes that symbols are expected to have. */
  readonly expected?: Readonly<Record<string, number>>;
  /** The opset of an exported model. */
  readonly opset?: number;
  readonly target?: Target;
  readonly precedesGradient?: boolean;
}

function run(pass: Pass, graph: Graph, { expected = {}, ...context }: Expected): Graph {
  const result = verify(pass.run(graph, { ...context, expected: new Map(Object.entries(expected)) }), pass.name);
  expectSameValues(result, graph);
  return result;
}

/** The lines of a graph without dead code. Its inputs are left out: the test has them. */
function linesOf(graph: Graph): readonly string[] {
  const text = printGraph(dce.run(graph, { expected: new Map() }));
  return text
    .split("\n")
    .slice(1, -1)
    .filter((line) => !line.startsWith("  input "));
}

/** Two texts as one: lines of both as they are, those of the first alone with `-`, those of the second alone with `+`. */
function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  // common[i][j]: how many lines the rests from i and from j have in common, in order.
  const common = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const rest = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const length = before[i] === after[j] ? 1 + rest(i + 1, j + 1) : Math.max(rest(i + 1, j), rest(i, j + 1));
      at(common, i)[j] = length;
    }
  }
  const lines: string[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length; ) {
    const [oldLine, line] = [before[i], after[j]];
    if (oldLine !== undefined && oldLine === line) {
      lines.push(` ${oldLine}`);
      i++;
      j++;
    } else if (line === undefined || (oldLine !== undefined && rest(i + 1, j) >= rest(i, j + 1))) {
      lines.push(`-${oldLine}`);
      i++;
    } else {
      lines.push(`+${line}`);
      j++;
    }
  }
  return lines;
}

/** What a pass changes in a graph, as text. */
export function changes(pass: Pass, graph: Graph, context: Expected = {}): string {
  return `\n${difference(linesOf(graph), linesOf(run(pass, graph, context))).join("\n")}\n`;
}

/** The result alone, where what was before is plain from the test. */
export function resultOf(pass: Pass, graph: Graph, context: Expected = {}): string {
  return `\n${linesOf(run(pass, graph, context)).join("\n")}\n`;
}

export function expectUntouched(pass: Pass, graph: Graph, context: Expected = {}): void {
  expect(printGraph(run(pass, graph, context))).toBe(printGraph(graph));
}
