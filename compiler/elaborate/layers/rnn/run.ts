/** One cell in one direction: its parameters, and the loop that runs it over the steps. */
import type { Report } from "../../../../schema/diagnostics.js";
import { loop } from "../../../graph/scan.js";
import { at } from "../../../ir/present.js";
import type { Dim, Value } from "../../../ir/types.js";
import { lowerCell } from "../../../language/lower.js";
import { declaredShapes, resolveSize, sizeNames } from "../../../language/sizes.js";
import type { CellStates, Context } from "../../context.js";
import { cellInitializer } from "../../initializers.js";
import { lastLive } from "../../wire.js";
import type { Ran, Run } from "./direction.js";
import { operatedCell } from "./operated.js";
import { wrapInput, wrapOutput, wrapStates } from "./wrappers.js";

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
  const { cell, path, sizes, statesAt, reverse } = run;
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
  const named = (values: readonly Value[]): CellStates =>
    Object.fromEntries(names.map((name, index) => [name, values[index] as Value]));
  const wrapper = wrapStates(run, named(initial), at(x.type.shape, 0), context);
  if (wrapper === undefined) return undefined;

  const operated = operatedCell(run, x, live, { initial: named(initial), parameters }, context);
  if (operated !== undefined) {
    const states = named(operated.final.map((value, index) => b.named(value, `${statesAt}/${names[index]}`)));
    const outputs = b.named(operated.outputs, statesAt);
    return { ...wrapOutput(run, { outputs, last: operated.last }, { live, reverse }, context), states };
  }
  const unroll = run.unroll || context.recurrences.unroll;

  let outputState = -1;
  let failed = false;
  const masked = live === null ? [] : [live];
  const scans = [wrapInput(run, x, context), ...masked, ...wrapper.scans];
  const operands = { initial, scans, reverse, unroll, chunked: context.recurrences.chunked };
  const { final, stacked } = loop(b, statesAt, operands, (inner, carried, slices) => {
    const slice = at(slices, 0);
    const others = slices.slice(1);
    const [alive] = live === null ? [] : others;
    const masks = others.slice(masked.length);
    const before = named(carried);
    const given = { x: slice, states: wrapper.read(inner, masks, before), parameters };
    const step = lowerCell(cell, sizes, inner, given, report, path);
    if (step === undefined) {
      failed = true;
      return { next: carried, stacked: [slice] };
    }
    outputState = names.findIndex((name) => step.states[name] === step.output);
    const after = wrapper.leave(inner, masks, before, step.states);
    const output = Object.values(after)[outputState] ?? step.output;
    if (alive === undefined) return { next: Object.values(after), stacked: [output] };
    // Past its length a sequence keeps its state and puts out zeros.
    const next = Object.values(after).map((value, index) => inner.where(alive, value, carried[index] as Value));
    return { next, stacked: [inner.where(alive, output, 0)] };
  });
  if (failed) return undefined;
  const states = named(final.map((value, index) => b.named(value, `${statesAt}/${names[index]}`)));
  const outputs = b.named(stacked[0] as Value, statesAt);
  const last = final[outputState] ?? lastLive(b, outputs, live, reverse);
  return { ...wrapOutput(run, { outputs, last }, { live, reverse }, context), states };
}
