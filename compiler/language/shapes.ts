/** The shapes of a cell's equations, found before anything is built, so that a mismatch is a place in an equation. */
import type { Problem, Report } from "../../schema/diagnostics.js";
import { printShape } from "../ir/dims.js";
import type { Dim, Shape } from "../ir/types.js";
import type { ResolvedCell } from "./cell.js";
import type { Assignment } from "./equations.js";
import type { Expression } from "./expression.js";
import { inferExpression } from "./infer.js";
import { type Meaning, type ShapeRules, shapeOf, shapeRules } from "./meaning.js";
import type { CellSizes, DeclaredShapes } from "./sizes.js";
import type { Fault } from "./tokens.js";

/** A cell that may be built with one batch and one set of sizes. */
export interface CellShapes {
  /** Of every expression in the equations. A `split` stands for each of its parts. */
  readonly meanings: ReadonlyMap<Expression, Meaning>;
  /** [batch, width] of each next state and of the output. */
  readonly states: ReadonlyMap<string, Shape>;
  readonly output: Shape;
  /** Some sizes can only be compared when the data is known: nothing wrong was found, but nothing can be built. */
  readonly undecided: boolean;
}

/** What surrounds the equations: the declarations, and the sizes of this use. */
export interface Surroundings {
  readonly cell: ResolvedCell;
  readonly sizes: CellSizes;
  readonly declared: DeclaredShapes;
  readonly batch: Dim;
}

export function inferShapes(
  equations: readonly Assignment[],
  surroundings: Surroundings,
  path: string,
  report: Report,
): CellShapes | undefined {
  const { cell, sizes, declared, batch } = surroundings;
  let sound = true;
  const fail = (problem: Problem) => {
    sound = false;
    report(problem);
  };
  const rules = shapeRules(batch);
  const meanings = new Map<Expression, Meaning>();
  const tensor = (shape: Shape): Meaning => ({ kind: "tensor", shape });
  const names = new Map<string, Meaning | undefined>([
    ["x", tensor([batch, sizes.input_size])],
    ...Object.entries(declared.states).map(([name, size]) => [name, tensor([batch, size])] as const),
    ...Object.entries(declared.parameters).map(([name, shape]) => [name, tensor(shape)] as const),
    ...Object.entries(cell.options).flatMap(([name, value]) =>
      typeof value === "number" ? [[name, { kind: "number", value }] as const] : [],
    ),
  ]);

  for (const { source, path: at, targets, value } of equations) {
    const complain = (fault: Fault) => fail({ ...fault, path: at });
    const meaning = inferExpression(value, { cell, batch, rules, names, meanings, source, complain });
    for (const { name, offset } of targets) {
      const state = name.slice(0, -1);
      const width = name.endsWith("'") && Object.hasOwn(declared.states, state) ? declared.states[state] : undefined;
      if (width === undefined || meaning === undefined) {
        names.set(name, meaning);
        continue;
      }
      const row = rowShape(meaning, width, batch, rules);
      names.set(name, row && tensor(row));
      if (row !== undefined) continue;
      const message = `${name} is ${describe(meaning)}, and the state ${state} is ${printShape([batch, width])}`;
      complain({ code: "shape-mismatch", message, offset });
    }
  }

  const result = names.get(cell.output);
  const width = result?.kind === "tensor" ? result.shape.at(-1) : undefined;
  const output = result && width !== undefined ? rowShape(result, width, batch, rules) : undefined;
  if (result !== undefined && output === undefined) {
    const message = `the output ${cell.output} is ${describe(result)}, not ${printShape([batch, "width"])}`;
    fail({ code: "shape-mismatch", path: path + cell.written.output, message });
  }
  if (!sound || output === undefined) return undefined;
  const states = new Map(Object.entries(declared.states).map(([name, size]) => [name, [batch, size]]));
  return { meanings, states, output, undecided: rules.undecided() };
}

/**
 * [batch, width], where a meaning is that or repeats for each row without doubt: a vector of the width, one row, or a
 * number. A single column is not spread over the width: it is more often a mistake than meant.
 */
function rowShape(meaning: Meaning, width: Dim, batch: Dim, rules: ShapeRules): Shape | undefined {
  if (meaning.kind === "condition") return undefined;
  const shape = shapeOf(meaning);
  const last = shape.at(-1) ?? width;
  const rows = shape.at(-2) ?? 1;
  const fits = shape.length <= 2 && rules.meet(last, width) !== undefined && (rows === 1 || rows === batch);
  return fits ? [batch, width] : undefined;
}

function describe(meaning: Meaning): string {
  if (meaning.kind === "number") return "a number";
  return meaning.kind === "condition" ? "a condition" : printShape(meaning.shape);
}
