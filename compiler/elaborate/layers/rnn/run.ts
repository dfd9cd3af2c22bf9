/** One cell in one direction: its parameters, and the loop that runs it over the steps. */
import type { Report } from "../../../../schema/diagnostics.js";
import { loop } from "../../../graph/scan.js";
import type { Dim, Value } from "../../../ir/types.js";
import type { ResolvedCell } from "../../../language/cell.js";
import { lowerCell } from "../../../language/lower.js";
import { type CellSizes, declaredShapes, resolveSize, sizeNames } from "../../../language/sizes.js";
import type { CellStates, Context } from "../../context.js";
import { cellInitializer } from "../../initializers.js";
import { lastLive } from "../../wire.js";

export interface Run {
  readonly cell: ResolvedCell;
  /** Where the cell's definition stands in the spec. */
  readonly path: string;
  readonly sizes: CellSizes;
  /** Public names begin with these: parameters may be another cell's, states never are. */
  readonly parametersAt: string;
  readonly statesAt: string;
  readonly reverse: boolean;
  /** Lay the steps out one after another where their number is known, in place of a loop. */
  readonly unroll: boolean;
  /** The first value of a state, [batch, size]; undefined when it cannot be had, which has been reported. */
  readonly initialState: (name: string, size: Dim) => Value | undefined;
}

/** What a direction gives. */
export interface Ran {
  /** Outputs [time, batch, width], zero past each length. */
  readonly outputs: Value;
  /** The output of the last live step in walking order, [batch, width]. */
  readonly last: Value;
  /** Each state after the last live step, [batch, size]. */
  readonly states: CellStates;
}

function openParameters(run: Run, shapes: Readonly<Record<string, readonly Dim[]>>, report: Report, context: Context) {
  const names = sizeNames(run.cell, run.sizes);
  const edge = (size: number | string) => Number(resolveSize(size, names, run.path, report, 0));
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const { initializers, options } = run.cell;
      const opened = context.parameter(`${run.parametersAt}/${name}`, shape, (known) =>
        cellInitializer(initializers[name], known, options, edge),
      );
      return [name, opened];
    }),
  );
}

/**
 * @param x [time, batch, features].
 * @param live [time, batch, 1] bool, or null.
 */
export function runCell(run: Run, x: Value, live: Value | null, context: Context): Ran | undefined {
  const { b } = context;
  const { cell, path, sizes, statesAt, reverse, unroll } = run;
  /** A cell is sound for some sizes, so what is wrong with it now is a matter of these. */
  const report: Report = (problem) => {
    const hint = `In ${statesAt}, input_size is ${sizes.input_size} and hidden_size is ${sizes.hidden_size}.`;
    context.report({ ...problem, hint: problem.hint || hint });
  };
  const declared = declaredShapes(cell, sizes, path, report);
  if (declared === undefined) return undefined;
  const parameters = openParameters(run, declared.parameters, report, context);
  const names = Object.keys(declared.states);
  const initial: Value[] = [];
  for (const [name, size] of Object.entries(declared.states)) {
    const value = run.initialState(name, size);
    if (value === undefined) return undefined;
    initial.push(value);
  }

  let outputState = -1;
  let failed = false;
  const operands = { initial, scans: live === null ? [x] : [x, live], reverse, unroll };
  const { final, stacked } = loop(b, statesAt, operands, (inner, states, [slice, alive]) => {
    if (slice === undefined) throw new Error("a loop without its input");
    const current = Object.fromEntries(names.map((name, index) => [name, states[index] as Value]));
    const step = lowerCell(cell, sizes, inner, { x: slice, states: current, parameters }, report, path);
    if (step === undefined) {
      failed = true;
      return { next: states, stacked: [slice] };
    }
    outputState = names.findIndex((name) => step.states[name] === step.output);
    // Past its length a sequence keeps its state and puts out zeros.
    const next = names.map((name, index) => {
      const value = step.states[name] as Value;
      return alive === undefined ? value : inner.where(alive, value, states[index] as Value);
    });
    return { next, stacked: [alive === undefined ? step.output : inner.where(alive, step.output, 0)] };
  });
  if (failed) return undefined;
  const states = Object.fromEntries(
    names.map((name, index) => [name, b.named(final[index] as Value, `${statesAt}/${name}`)]),
  );
  const outputs = b.named(stacked[0] as Value, statesAt);
  return { outputs, last: final[outputState] ?? lastLive(b, outputs, live, reverse), states };
}
