/** Whether a cell is the operator that its definition says it is: both are run on the same numbers, in float64. */
import type { OnnxMapping } from "../../../../schema/normal.js";
import { graphBuilder } from "../../../graph/build.js";
import { evaluate } from "../../../graph/evaluate.js";
import { scan } from "../../../graph/scan.js";
import { at } from "../../../ir/present.js";
import { tensor } from "../../../ir/tensor.js";
import type { Dim, Graph } from "../../../ir/types.js";
import type { ResolvedCell } from "../../../language/cell.js";
import { lowerCell } from "../../../language/lower.js";
import { type CellSizes, declaredShapes } from "../../../language/sizes.js";
import { runOperator } from "./operator.js";

const [STEPS, ROWS] = [4, 3];
/** Of usual numbers, and of numbers at which gates are closed, clips are reached and sums lose nothing. */
const SCALES = [1, 30];
/** Relative, in float64. */
const TOLERANCE = 1e-9;

/** In words why they differ, or undefined where they are the same. */
export function disproof(cell: ResolvedCell, sizes: CellSizes, path: string, mapping: OnnxMapping): string | undefined {
  // A cell whose equations hold for some sizes alone is tried at its own.
  const graph =
    proofGraph(cell, { hidden_size: 3, input_size: 2 }, path, mapping) ?? proofGraph(cell, sizes, path, mapping);
  if (graph === undefined) return "its equations cannot be tried";
  const differences = SCALES.map((scale) => {
    const results = evaluate(
      graph,
      graph.inputs.map(({ type }, index) => drawn(type.shape.map(Number), index, scale)),
    );
    const half = results.length / 2;
    return Math.max(...results.slice(0, half).map(({ data }, index) => apart(data, at(results, half + index).data)));
  });
  const largest = Math.max(...differences);
  return largest <= TOLERANCE
    ? undefined
    : `its numbers are not those of ${mapping.operator}: they differ by ${largest.toExponential(1)}`;
}

/** Outputs and last states of the loop, then those of the operator; undefined where the cell or the operator has no such sizes. */
function proofGraph(cell: ResolvedCell, sizes: CellSizes, path: string, mapping: OnnxMapping): Graph | undefined {
  let sound = true;
  const report = () => {
    sound = false;
  };
  const declared = declaredShapes(cell, sizes, path, report);
  if (declared === undefined) return undefined;
  const b = graphBuilder("proof");
  const input = (name: string, shape: readonly Dim[]) => b.input(name, { dtype: "float32", shape });
  const x = input("x", [STEPS, ROWS, sizes.input_size]);
  const inputs = (shapes: Readonly<Record<string, readonly Dim[]>>) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]));
  const initial = inputs(
    Object.fromEntries(Object.entries(declared.states).map(([name, size]) => [name, [ROWS, size]])),
  );
  const parameters = inputs(declared.parameters);
  const names = Object.keys(initial);
  const loop = scan(b, "proof", { initial: Object.values(initial), scans: [x] }, (inner, carried, slices) => {
    const slice = at(slices, 0);
    const states = Object.fromEntries(names.map((name, index) => [name, at(carried, index)]));
    const step = lowerCell(cell, sizes, inner, { x: slice, states, parameters }, report, path);
    return step === undefined
      ? { next: carried, stacked: [slice] }
      : { next: Object.values(step.states), stacked: [step.output] };
  });
  if (!sound) return undefined;
  const operator = runOperator(b, mapping, { at: "proof", x, initial, parameters, lengths: null, reverse: false });
  if (typeof operator === "string") return undefined;
  return b.finish([...loop.stacked, ...loop.final, operator.outputs, ...operator.final]);
}

/** Numbers between plus and minus the scale that no equation could expect. */
function drawn(shape: readonly number[], seed: number, scale: number) {
  const count = shape.reduce((product, size) => product * size, 1);
  const noise = (place: number) => {
    const wave = 43758.5453 * Math.sin(12.9898 * (place + 1) + 78.233 * (seed + 1));
    return scale * (2 * (wave - Math.floor(wave)) - 1);
  };
  return tensor(
    "float32",
    shape,
    Array.from({ length: count }, (_, place) => noise(place)),
  );
}

function apart(x: Float64Array, y: Float64Array): number {
  if (x.length !== y.length) return Number.POSITIVE_INFINITY;
  const gaps = x.map((value, place) => Math.abs(value - at(y, place)) / Math.max(1, Math.abs(value)));
  return gaps.some(Number.isNaN) ? Number.POSITIVE_INFINITY : gaps.reduce((most, gap) => Math.max(most, gap), 0);
}
