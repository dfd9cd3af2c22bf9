/** Whether a value has the shape of a spec: against the schema, and against the cells that it uses. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findingsOfCells } from "./cell-uses.js";
import type { Problem } from "./diagnostics.js";
import { withoutEchoes } from "./finding.js";
import { findingsOfArrays, findingsOfBulk, withoutArrays } from "./inline-arrays.js";
import type { Json } from "./pointer.js";
import { packageRoot } from "./root.js";
import { findingsOf, type SchemaError } from "./shape.js";

interface Validator {
  (value: Json): boolean;
  readonly errors?: readonly SchemaError[] | null;
}

/** More problems than anyone reads at once are cut off here. */
const mostProblems = 100;

/** All problems of shape. None: the value is a `Spec`. */
export async function validate(value: Json): Promise<readonly Problem[]> {
  const lean = withoutArrays(value);
  const bulk = findingsOfBulk(lean);
  if (bulk.length > 0) return withoutEchoes(bulk);
  const validator = await compiled();
  const fromSchema = validator(lean) ? [] : findingsOf(validator.errors as readonly SchemaError[]);
  const problems = withoutEchoes([...fromSchema, ...findingsOfArrays(value), ...findingsOfCells(value)]);
  if (problems.length <= mostProblems) return problems;
  const message = `There are more than ${mostProblems} problems; the others are not shown.`;
  return [...problems.slice(0, mostProblems), { code: "too-many-problems", path: "", message }];
}

/** The validator that the build makes of the schemas (precompile.mjs). */
async function compiled(): Promise<Validator> {
  const module: { default: Validator } = await import(
    pathToFileURL(join(packageRoot(), "schema", "spec.validator.mjs")).href
  );
  return module.default;
}
