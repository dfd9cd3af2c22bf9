/** Analysis of a cell under one set of options and sizes: every problem is found here, before any node is built. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { Dim } from "../ir/types.js";
import { checkNames } from "./check/declarations.js";
import { checkInitializers } from "./check/initializers.js";
import { type CellShapes, inferCellShapes } from "./infer/cell.js";
import { type Assignment, parseEquations } from "./parse/equations.js";
import type { ResolvedCell } from "./resolve-cell.js";
import { type CellSizes, declaredShapes } from "./size-expression.js";

export interface CellAnalysis {
  readonly equations: readonly Assignment[];
  readonly shapes: CellShapes;
}

/** Undefined after a problem, which is reported. `path` is the JSON pointer of the cell's definition. */
export function analyzeCell(
  cell: ResolvedCell,
  sizes: CellSizes,
  batch: Dim,
  path: string,
  report: Report,
): CellAnalysis | undefined {
  const hasDistinctNames = checkNames(cell, path, report);
  const declared = declaredShapes(cell, sizes, path, report);
  const hasValidInitializers = checkInitializers(cell, sizes, path, report);
  const equations = parseEquations(cell, path, report);
  if (!hasDistinctNames || declared === undefined || equations === undefined) return undefined;
  const shapes = inferCellShapes(equations, { cell, sizes, declared, batch }, path, report);
  return shapes === undefined || !hasValidInitializers ? undefined : { equations, shapes };
}
