/** A cell read whole under one choice of options and sizes: all that can be wrong with it is found here, before anything is built. */
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

/** Undefined when anything is wrong, which is reported. `path` is the place of the cell's definition. */
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
