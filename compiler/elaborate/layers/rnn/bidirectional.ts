/** A cell in one or two directions, merged, with its residual connection. */
import type { NormalCell, NormalRnn } from "../../../../schema/normal/index.js";
import type { Builder } from "../../../ir/builder.js";
import { expectDefined } from "../../../ir/expect.js";
import type { Dim, Shape, Value } from "../../../ir/types.js";
import { ownValue, resolveDefinition } from "../../../language/resolve.js";
import { sizesAgree } from "../../compare-sizes.js";
import type { CellStates, Context } from "../../context.js";
import { lastValid, padWithFirstStep, type Wire, width } from "../../wire.js";
import { checkCellInputs } from "./cell-inputs.js";
import { initialState } from "./initial-state.js";
import { type CellResult, runCell } from "./run-cell.js";

const mergeModes: Readonly<
  Record<Exclude<NormalCell["bidirectional"], "none">, (b: Builder, forward: Value, backward: Value) => Value>
> = {
  concat: (b, forward, backward) => b.concat([forward, backward], -1),
  sum: (b, forward, backward) => b.add(forward, backward),
  mean: (b, forward, backward) => b.mul(b.add(forward, backward), 0.5),
  mul: (b, forward, backward) => b.mul(forward, backward),
};

/** Runs the cell at `index` of a layer over a sequence; undefined after a reported problem. */
export function runDirections(
  layer: NormalRnn,
  index: number,
  input: Wire,
  others: readonly Wire[],
  context: Context,
): CellResult | undefined {
  const cell = layer.cells[index] as NormalCell;
  const definition = expectDefined(ownValue(context.cells, cell.cell), `the cell ${cell.cell}`);
  const { b } = context;
  const { mask } = input;
  // A loop runs over padding too, where a cell must not overflow.
  const x = input.padding === "zeros" ? padWithFirstStep(b, input.value, mask) : input.value;
  const sizes = { hidden_size: cell.hidden_size, input_size: x.type.shape.at(-1) as Dim };
  const owner = layer.weights ?? layer.name;
  const resolved = resolveDefinition(definition, cell, context.functions);
  const stateNames = Object.keys(resolved.state);
  const more = checkCellInputs(layer, index, resolved, { input, others }, sizes, context);
  if (more === undefined) return undefined;
  const runDirection = (suffix: string, reverse: boolean): CellResult | undefined => {
    const statePrefix = `${layer.name}/${index}${suffix}`;
    const run = {
      use: cell,
      cell: resolved,
      path: context.pathOf(definition),
      sizes,
      parameterPrefix: `${owner}/${layer.share_weights ? 0 : index}${suffix}`,
      statePrefix,
      reverse,
      unroll: layer.unroll,
      initialState: (name: string, shape: Shape) =>
        initialState({ layer, index, name, stateNames, statePrefix, shape }, context),
    };
    const result = runCell(run, x, more, mask, context);
    for (const [name, value] of Object.entries(result?.states ?? {}))
      context.outputState(`${statePrefix}/${name}`, value);
    return result;
  };
  const result =
    cell.bidirectional === "none" ? runDirection("", false) : mergeDirections(cell.bidirectional, runDirection, b);
  return result && cell.residual ? withResidual(cell, result, x, mask, context) : result;
}

function mergeDirections(
  mode: Exclude<NormalCell["bidirectional"], "none">,
  runDirection: (suffix: string, reverse: boolean) => CellResult | undefined,
  b: Builder,
): CellResult | undefined {
  const forward = runDirection("/forward", false);
  const backward = runDirection("/backward", true);
  if (forward === undefined || backward === undefined) return undefined;
  const merge = (x: Value, y: Value) => mergeModes[mode](b, x, y);
  const states: CellStates = Object.fromEntries(
    Object.entries(forward.states).map(([name, value]) => [
      name,
      merge(value, expectDefined(backward.states[name], `the state ${name}`)),
    ]),
  );
  return { outputs: merge(forward.outputs, backward.outputs), last: merge(forward.last, backward.last), states };
}

/** The outputs plus the cell's input, of equal width; the states are unchanged. */
function withResidual(
  cell: NormalCell,
  result: CellResult,
  x: Value,
  mask: Value | null,
  context: Context,
): CellResult | undefined {
  const { b } = context;
  const [outputWidth, inputWidth] = [width({ value: result.outputs }), width({ value: x })];
  const isSameWidth = sizesAgree(outputWidth, inputWidth);
  if (isSameWidth === undefined) return undefined;
  if (!isSameWidth)
    return context.problem({
      part: cell,
      key: "residual",
      code: "residual-width",
      message: `A residual connection needs an input and an output of equal width, but they have widths ${inputWidth} and ${outputWidth}.`,
      hint:
        cell.bidirectional === "none"
          ? `Set the cell's hidden_size to ${inputWidth}, or remove "residual".`
          : `Choose sizes so that both directions together have width ${inputWidth}, or remove "residual".`,
    });
  const input = mask === null ? x : b.where(mask, x, 0);
  return { ...result, outputs: b.add(result.outputs, input), last: b.add(result.last, lastValid(b, input, mask)) };
}
