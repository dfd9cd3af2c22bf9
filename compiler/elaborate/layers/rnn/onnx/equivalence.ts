/**
 * Numerical check that a cell's equations are those of the ONNX operator it maps to: both run on the same inputs, in
 * float64.
 */
import type { OnnxMapping } from "../../../../../schema/normal/index.js";
import { graphBuilder } from "../../../../graph/builder.js";
import { evaluate } from "../../../../graph/evaluate.js";
import { scan } from "../../../../graph/scan.js";
import { at } from "../../../../ir/expect.js";
import { tensor } from "../../../../ir/tensor.js";
import type { Dim, Graph } from "../../../../ir/types.js";
import { buildCellStep } from "../../../../language/build-step.js";
import type { ResolvedDefinition } from "../../../../language/resolve.js";
import { type CellSizes, declaredShapes } from "../../../../language/size-expression.js";
import { buildOperator } from "./build.js";

const [STEPS, ROWS] = [4, 3];
/** Scales of the inputs: 1 for the ordinary range, 30 to saturate gates and reach clips. */
const SCALES = [1, 30];
/** Largest relative error, in float64. */
const TOLERANCE = 1e-9;

/** The difference of a cell from its operator; undefined for an equivalent cell. */
export function findDifference(
  cell: ResolvedDefinition,
  sizes: CellSizes,
  path: string,
  mapping: OnnxMapping,
): string | undefined {
  // A cell that is valid for some sizes only is compared at its actual sizes.
  const graph =
    comparisonGraph(cell, { hidden_size: 3, input_size: 2 }, path, mapping) ??
    comparisonGraph(cell, sizes, path, mapping);
  if (graph === undefined) return "its equations cannot be evaluated";
  const differences = SCALES.map((scale) => {
    const results = evaluate(
      graph,
      graph.inputs.map(({ type }, index) => pseudoRandom(type.shape.map(Number), index, scale)),
    );
    const half = results.length / 2;
    return Math.max(
      ...results.slice(0, half).map(({ data }, index) => maxRelativeError(data, at(results, half + index).data)),
    );
  });
  const largest = Math.max(...differences);
  return largest <= TOLERANCE
    ? undefined
    : `its results differ from ${mapping.operator} by ${largest.toExponential(1)} (relative)`;
}

/**
 * Outputs and final states of the loop, then those of the operator; undefined where one of them is invalid at these
 * sizes.
 */
function comparisonGraph(
  cell: ResolvedDefinition,
  sizes: CellSizes,
  path: string,
  mapping: OnnxMapping,
): Graph | undefined {
  let isSound = true;
  const report = () => {
    isSound = false;
  };
  const declared = declaredShapes(cell, sizes, path, report);
  if (declared === undefined) return undefined;
  const b = graphBuilder("proof");
  const input = (name: string, shape: readonly Dim[]) => b.input(name, { dtype: "float32", shape });
  const x = input("x", [STEPS, ROWS, sizes.input_size]);
  const inputs = (shapes: Readonly<Record<string, readonly Dim[]>>) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]));
  const initial = inputs(
    Object.fromEntries(Object.entries(declared.states).map(([name, shape]) => [name, [ROWS, ...shape]])),
  );
  const parameters = inputs(declared.parameters);
  const names = Object.keys(initial);
  const loop = scan(b, "proof", { initial: Object.values(initial), scans: [x] }, (inner, carry, slices) => {
    const timeSlice = at(slices, 0);
    const states = Object.fromEntries(names.map((name, index) => [name, at(carry, index)]));
    const step = buildCellStep(cell, sizes, inner, { x: timeSlice, states, parameters }, report, path);
    return step === undefined
      ? { next: carry, scanOutputs: [timeSlice] }
      : { next: Object.values(step.states), scanOutputs: [step.output] };
  });
  if (!isSound) return undefined;
  const operator = buildOperator(b, mapping, {
    prefix: "proof",
    x,
    initial,
    parameters,
    lengths: null,
    reverse: false,
  });
  if (typeof operator === "string") return undefined;
  return b.finish([...loop.scanOutputs, ...loop.final, operator.outputs, ...operator.final]);
}

/** Deterministic noise, uniform between plus and minus the scale. */
function pseudoRandom(shape: readonly number[], seed: number, scale: number) {
  const count = shape.reduce((product, size) => product * size, 1);
  const noise = (index: number) => {
    const wave = 43758.5453 * Math.sin(12.9898 * (index + 1) + 78.233 * (seed + 1));
    return scale * (2 * (wave - Math.floor(wave)) - 1);
  };
  return tensor(
    "float32",
    shape,
    Array.from({ length: count }, (_, index) => noise(index)),
  );
}

function maxRelativeError(x: Float64Array, y: Float64Array): number {
  if (x.length !== y.length) return Number.POSITIVE_INFINITY;
  const errors = x.map((value, index) => Math.abs(value - at(y, index)) / Math.max(1, Math.abs(value)));
  return errors.some(Number.isNaN)
    ? Number.POSITIVE_INFINITY
    : errors.reduce((largest, error) => Math.max(largest, error), 0);
}
