/** One time step of a cell as nodes: its equations in order, each value under its name in the equations. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { analyze } from "./analyze.js";
import { buildEquations, expandTo, nameValues, outputOf } from "./build.js";
import type { ResolvedDefinition } from "./resolve.js";
import { rowScope } from "./scope.js";
import type { CellSizes } from "./size-expression.js";

/** The operands of one step, by their names in the equations: x [batch, input], states [batch, size]. */
export interface CellOperands {
  readonly x: Value;
  /** The inputs in addition to x, [batch, size]. */
  readonly inputs?: Readonly<Record<string, Value>>;
  readonly states: Readonly<Record<string, Value>>;
  readonly parameters: Readonly<Record<string, Value>>;
}

export interface CellStep {
  /** The next states by the states' names (no prime), [batch, size]. One may be an unchanged operand. */
  readonly states: Readonly<Record<string, Value>>;
  /** [batch, width]. May be one of the next states. */
  readonly output: Value;
}

/**
 * Builds one step of a cell. Undefined after a problem, which is reported, and where sizes that depend on the data are
 * compared before the data is known.
 *
 * @param path the JSON pointer of the cell's definition.
 */
export function buildCellStep(
  cell: ResolvedDefinition,
  sizes: CellSizes,
  builder: Builder,
  { x, inputs, states, parameters }: CellOperands,
  report: Report,
  path: string,
): CellStep | undefined {
  const batch = at(x.type.shape, 0);
  const { equations, shapes } = analyze(cell, rowScope(sizes, [batch]), path, report);
  if (equations === undefined || shapes === undefined || shapes.isUndecided) return undefined;
  const sound = { definition: cell, equations, shapes, batchAxes: 1 };
  const names = buildEquations(builder, sound, { x, ...inputs, ...parameters, ...states });
  nameValues(builder, equations, names);
  const next = [...shapes.states].map(([name, shape]) => {
    const value = expectDefined(names.get(`${name}'`), `${name}'`);
    return [name, expandTo(builder, value, shape)] as const;
  });
  return { states: Object.fromEntries(next), output: outputOf(builder, sound, names) };
}
