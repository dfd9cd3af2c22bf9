/** Analysis of a cell under one set of options and sizes: every problem is found here, before any node is built. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { Dim } from "../ir/types.js";
import { checkNames } from "./check/declarations.js";
import { checkInitializers } from "./check/initializers.js";
import { type CellShapes, inferCellShapes } from "./infer/cell.js";
import { type Assignment, parseEquations } from "./parse/equations.js";
import type { ResolvedCell } from "./resolve-cell.js";
import { type CellSizes, validShapes } from "./size-expression.js";

export interface CellAnalysis {
  /** Undefined after a problem of syntax or names. */
  readonly equations: readonly Assignment[] | undefined;
  /** Undefined after any problem. */
  readonly shapes: CellShapes | undefined;
}

/** Reports all problems of a cell. `path` is the JSON pointer of its definition. */
export function analyzeCell(
  cell: ResolvedCell,
  sizes: CellSizes,
  batch: Dim,
  path: string,
  report: Report,
): CellAnalysis {
  const hasDistinctNames = checkNames(cell, path, report);
  const declared = validShapes(cell, sizes, path, report);
  const hasValidInitializers = checkInitializers(cell, sizes, path, report);
  const { equations, assignments } = parseEquations(cell, path, report);
  // With two meanings of one name, the shapes of the equations are ambiguous.
  if (!hasDistinctNames) return { equations: undefined, shapes: undefined };
  const shapes = inferCellShapes(equations, { cell, sizes, declared: declared.shapes, batch }, path, report);
  const isSound = hasValidInitializers && declared.isComplete && assignments !== undefined;
  return { equations: assignments, shapes: isSound ? shapes : undefined };
}
