/** Where the states of an rnn layer start: at zero, at learned values, where an earlier layer ended, or where the data says. */

import { nearest } from "../../../../schema/diagnostics/suggest.js";
import type { NormalRnn } from "../../../../schema/normal/index.js";
import { at, expectDefined } from "../../../ir/expect.js";
import type { Shape, Value } from "../../../ir/types.js";
import { ownValue } from "../../../language/resolve-cell.js";
import { shapesAgree } from "../../compare-sizes.js";
import type { Context } from "../../context.js";
import { constantZero } from "../../initializers.js";

/** One state of one cell of a layer. */
interface CellState {
  readonly layer: NormalRnn;
  readonly index: number;
  readonly name: string;
  /** Public name of the cell's states: `rnn/0`. */
  readonly statePrefix: string;
  /** [batch, size] */
  readonly shape: Shape;
}

export function initialState(cellState: CellState, context: Context): Value | undefined {
  const { b } = context;
  const { layer, name, statePrefix, shape } = cellState;
  const inputState = context.inputState(`${statePrefix}/${name}`, shape, layer.stateful);
  if (inputState !== undefined) return inputState;
  switch (layer.initial_state) {
    case "zeros":
      return b.expand(b.scalar(0), shape);
    case "learned":
      return b.expand(context.parameter(`${statePrefix}/${name}/initial`, shape.slice(1), constantZero), shape);
    default:
      return stateOfLayer(cellState, layer.initial_state, context);
  }
}

/** The last state of an earlier rnn layer's cell at the same place; of any other layer, its output for the first state. */
function stateOfLayer({ layer, index, name, shape }: CellState, source: string, context: Context): Value | undefined {
  const { b } = context;
  const fail = (message: string, hint: string) =>
    context.problem({ part: layer, key: "initial_state", code: "initial-state", message, hint });
  const zeros = () => b.expand(b.scalar(0), shape);
  const sourceLayer = context.earlierLayer(source);
  if (sourceLayer === undefined) {
    const closest = nearest(source, ["zeros", "learned"]);
    return fail(
      `No layer named "${source}" stands before ${layer.name}.`,
      closest === undefined
        ? 'Write "zeros", "learned", or the name of an earlier layer.'
        : `Did you mean "${closest}"?`,
    );
  }
  const cells = context.statesOf(source);
  if (cells === undefined) {
    // A vector starts the first state of every cell, as a picture's features start a caption.
    const { wire } = sourceLayer;
    if (wire.sequence)
      return fail(
        `The layer "${source}" puts out a sequence, which is no state.`,
        'Name an rnn layer, or one that puts out a vector ("return": "last", or a "pool" layer).',
      );
    const { cell } = at(layer.cells, index);
    const [first] = Object.keys(expectDefined(ownValue(context.cells, cell), `the cell ${cell}`).state);
    if (name !== first) return zeros();
    return ifSameShape(wire.value);
  }
  if (cells.length !== layer.cells.length)
    return fail(
      `The layer "${source}" has ${cellCount(cells)} and ${layer.name} has ${cellCount(layer.cells)}: their states do not pair up.`,
      `Give ${layer.name} as many cells as "${source}" has.`,
    );
  const value = cells[index]?.[name];
  if (value === undefined) return zeros();
  return ifSameShape(value);

  function ifSameShape(candidate: Value): Value | undefined {
    const isSameShape = shapesAgree(candidate.type.shape, shape);
    if (isSameShape !== false) return isSameShape ? candidate : undefined;
    return fail(
      `State ${name} of ${layer.name} is ${shape.at(-1)} wide, but "${source}" gives ${candidate.type.shape.at(-1)}.`,
      `Make the hidden_size of ${layer.name} ${candidate.type.shape.at(-1)}.`,
    );
  }
}

function cellCount({ length }: readonly unknown[]): string {
  return length === 1 ? "1 cell" : `${length} cells`;
}
