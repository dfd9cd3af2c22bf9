/** One cell in one direction: its parameters, and its loop over the time steps. */
import type { Report } from "../../../../schema/diagnostics/index.js";
import { loop } from "../../../graph/loop.js";
import type { Builder } from "../../../ir/builder.js";
import { at, expectDefined } from "../../../ir/expect.js";
import type { Shape, Value } from "../../../ir/types.js";
import { analyze } from "../../../language/analyze.js";
import { buildCellStep } from "../../../language/build-step.js";
import { ownValue, reportAtUse } from "../../../language/resolve.js";
import { rowScope } from "../../../language/scope.js";
import { declaredShapes } from "../../../language/size-expression.js";
import type { CellStates, Context } from "../../context.js";
import { openParameters } from "../../equation-parameters.js";
import { lastValid } from "../../wire.js";
import { wrapInput, wrapOutput, wrapStates } from "./dropout-zoneout.js";
import { asOnnxOperator, type DirectedCell } from "./onnx/choose.js";

export interface CellRun extends DirectedCell {
  /** The first value of a state, [batch, …]; undefined after a reported problem. */
  readonly initialState: (name: string, shape: Shape) => Value | undefined;
}

export interface CellResult {
  /** Outputs [time, batch, width], zero past each length. */
  readonly outputs: Value;
  /** The output of the last valid step in walking order, [batch, width]. */
  readonly last: Value;
  /** Each state after the last valid step, [batch, …]. */
  readonly states: CellStates;
}

/**
 * One direction of a cell over a sequence, as an ONNX operator or as a loop; undefined after a reported problem.
 *
 * @param x [time, batch, features].
 * @param inputs those in addition to x, [time, batch, size].
 * @param mask [time, batch, 1] bool, or null.
 */
export function runCell(
  run: CellRun,
  x: Value,
  inputs: readonly Value[],
  mask: Value | null,
  context: Context,
): CellResult | undefined {
  const { b } = context;
  const { cell, path, sizes, statePrefix, reverse } = run;
  /** The cell is valid for some sizes: a problem here is one of these sizes. */
  const withSizes: Report = (problem) => {
    const hint = `In ${statePrefix}, input_size is ${sizes.input_size} and hidden_size is ${sizes.hidden_size}.`;
    context.report({ ...problem, hint: problem.hint || hint });
  };
  const source = expectDefined(ownValue(context.cells, run.use.cell), `the cell ${run.use.cell}`);
  const optionPath = (name: string) => context.pathOf(run.use, name);
  const report = reportAtUse(source, { ...run.use }, path, optionPath, withSizes);
  const declared = declaredShapes(cell, sizes, path, report);
  if (declared === undefined || !context.soundCells.has(run.use.cell)) {
    // One problem of a cell hides no other, such as a shape that is wrong with these sizes.
    analyze(cell, rowScope(sizes, [at(x.type.shape, 1)]), path, report);
    return undefined;
  }
  const use = { definition: cell, path, sizes, prefix: run.parameterPrefix };
  const parameters = openParameters(use, declared.parameters, report, context);
  const names = Object.keys(declared.states);
  const initial: Value[] = [];
  for (const [name, shape] of Object.entries(declared.states)) {
    const value = run.initialState(name, [at(x.type.shape, 1), ...shape]);
    if (value === undefined) return undefined;
    initial.push(value);
  }
  const byName = (values: readonly Value[]): CellStates =>
    Object.fromEntries(names.map((name, index) => [name, values[index] as Value]));
  const wrapper = wrapStates(run, byName(initial), at(x.type.shape, 0), context);
  if (wrapper === undefined) return undefined;

  const operatorResult = asOnnxOperator(run, x, mask, { initial: byName(initial), parameters }, context);
  if (operatorResult !== undefined) {
    const states = byName(
      operatorResult.final.map((value, index) => b.withName(value, `${statePrefix}/${names[index]}`)),
    );
    const outputs = b.withName(operatorResult.outputs, statePrefix);
    return {
      ...wrapOutput(run, { outputs, last: operatorResult.last }, { validSteps: mask, reverse }, context),
      states,
    };
  }
  const unroll = run.unroll || context.recurrences.unroll;

  // States of equal value differ after zoneout: the output is found by its name.
  const outputStateIndex = names.findIndex((name) => cell.output === `${name}'`);
  let failed = false;
  const maskScans = mask === null ? [] : [mask];
  const inputNames = Object.keys(declared.inputs);
  const scans = [wrapInput(run, x, context), ...inputs, ...maskScans, ...wrapper.scans];
  const operands = { initial, scans, reverse, unroll, checkpointed: context.recurrences.checkpointed };
  const { final, scanOutputs: stacked } = loop(b, statePrefix, operands, (inner, carry, slices) => {
    const timeSlice = at(slices, 0);
    const more = inputNames.map((name, index) => [name, at(slices, 1 + index)] as const);
    const maskSlices = slices.slice(1 + inputNames.length);
    const [isValid] = mask === null ? [] : maskSlices;
    const wrapperSlices = maskSlices.slice(maskScans.length);
    const before = byName(carry);
    const states = wrapper.beforeStep(inner, wrapperSlices, before);
    const stepOperands = { x: timeSlice, inputs: Object.fromEntries(more), states, parameters };
    const step = buildCellStep(cell, sizes, inner, stepOperands, report, path);
    if (step === undefined) {
      failed = true;
      return { next: carry, scanOutputs: [timeSlice] };
    }
    const after = wrapper.afterStep(inner, wrapperSlices, before, step.states);
    const output = Object.values(after)[outputStateIndex] ?? step.output;
    if (isValid === undefined) return { next: Object.values(after), scanOutputs: [output] };
    // Past its length a sequence keeps its state and has outputs of zero.
    const next = Object.values(after).map((value, index) =>
      inner.where(ofRank(inner, isValid, value.type.shape.length), value, carry[index] as Value),
    );
    return { next, scanOutputs: [inner.where(isValid, output, 0)] };
  });
  if (failed) return undefined;
  const states = byName(final.map((value, index) => b.withName(value, `${statePrefix}/${names[index]}`)));
  const outputs = b.withName(stacked[0] as Value, statePrefix);
  const last = final[outputStateIndex] ?? lastValid(b, outputs, mask, reverse);
  return { ...wrapOutput(run, { outputs, last }, { validSteps: mask, reverse }, context), states };
}

/** A column [batch, 1] as [batch, 1, …] of a rank. */
function ofRank(b: Builder, column: Value, rank: number): Value {
  return rank === 2
    ? column
    : b.unsqueeze(
        column,
        Array.from({ length: rank - 2 }, (_, axis) => axis + 2),
      );
}
