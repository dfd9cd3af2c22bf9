/** One cell in one direction: what it is run with, and what it gives. */
import type { Dim, Value } from "../../../ir/types.js";
import type { ResolvedCell } from "../../../language/resolve-cell.js";
import type { CellSizes } from "../../../language/size-expression.js";
import type { CellStates } from "../../context.js";
import type { WrappedCell } from "./dropout-zoneout.js";

export interface CellRun extends WrappedCell {
  readonly cell: ResolvedCell;
  /** Where the cell's definition stands in the spec. */
  readonly path: string;
  readonly sizes: CellSizes;
  /** What public names begin with: parameters may be another cell's, states never are. */
  readonly parameterPrefix: string;
  readonly statePrefix: string;
  readonly reverse: boolean;
  /** Lay the steps out one after another where their number is known, in place of a loop. */
  readonly unroll: boolean;
  /** The first value of a state, [batch, size]; undefined when it cannot be had, which has been reported. */
  readonly initialState: (name: string, size: Dim) => Value | undefined;
}

/** What a direction gives. */
export interface CellResult {
  /** Outputs [time, batch, width], zero past each length. */
  readonly outputs: Value;
  /** The output of the last live step in walking order, [batch, width]. */
  readonly last: Value;
  /** Each state after the last live step, [batch, size]. */
  readonly states: CellStates;
}
