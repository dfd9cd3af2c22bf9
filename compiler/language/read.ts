/** A cell read whole under one choice of options and sizes: all that can be wrong with it is found here, before anything is built. */
import type { Report } from "../../schema/diagnostics.js";
import type { Dim } from "../ir/types.js";
import type { ResolvedCell } from "./cell.js";
import { checkNames } from "./declarations.js";
import { type Assignment, readEquations } from "./equations.js";
import { checkInitializers } from "./initializers.js";
import { type CellShapes, inferShapes } from "./shapes.js";
import { type CellSizes, declaredShapes } from "./sizes.js";

export interface ReadCell {
  readonly equations: readonly Assignment[];
  readonly shapes: CellShapes;
}

/** Undefined when anything is wrong, which is reported. `path` is the place of the cell's definition. */
export function readCell(
  cell: ResolvedCell,
  sizes: CellSizes,
  batch: Dim,
  path: string,
  report: Report,
): ReadCell | undefined {
  const distinct = checkNames(cell, path, report);
  const declared = declaredShapes(cell, sizes, path, report);
  const startable = checkInitializers(cell, sizes, path, report);
  const equations = readEquations(cell, path, report);
  if (!distinct || declared === undefined || equations === undefined) return undefined;
  const shapes = inferShapes(equations, { cell, sizes, declared, batch }, path, report);
  return shapes === undefined || !startable ? undefined : { equations, shapes };
}
