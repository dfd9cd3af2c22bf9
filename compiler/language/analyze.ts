/** Analysis of a definition under one set of options and one scope: every problem is found here, before any node is built. */
import type { Report } from "../../schema/diagnostics/index.js";
import { checkNames } from "./check/declarations.js";
import { checkInitializers } from "./check/initializers.js";
import { type EquationShapes, inferEquations } from "./infer/equations.js";
import { type Assignment, parseEquations } from "./parse/equations.js";
import type { ResolvedDefinition } from "./resolve.js";
import type { Scope } from "./scope.js";
import { checkHeads, validShapes } from "./size-expression.js";

export interface Analysis {
  /** Undefined after a problem of syntax or names. */
  readonly equations: readonly Assignment[] | undefined;
  /** Undefined after any problem. */
  readonly shapes: EquationShapes | undefined;
}

/** Reports all problems of a definition. `path` is its JSON pointer. */
export function analyze(definition: ResolvedDefinition, scope: Scope, path: string, report: Report): Analysis {
  if (!checkHeads(definition, scope.sizes, path, report)) return { equations: undefined, shapes: undefined };
  const hasDistinctNames = checkNames(definition, scope, path, report);
  const declared = validShapes(definition, scope.sizes, path, report);
  const hasValidInitializers = checkInitializers(definition, scope.sizes, path, report);
  const { equations, assignments } = parseEquations(definition, scope, path, report);
  // With two meanings of one name, the shapes of the equations are ambiguous.
  if (!hasDistinctNames) return { equations: undefined, shapes: undefined };
  const shapes = inferEquations(equations, definition, { ...scope, declared: declared.shapes }, path, report);
  const isSound = hasValidInitializers && declared.isComplete && assignments !== undefined;
  return { equations: assignments, shapes: isSound ? shapes : undefined };
}
