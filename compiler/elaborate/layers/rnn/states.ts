/** Where the states of an rnn layer start: at zero, at learned values, where an earlier layer ended, or where the data says. */
import type { NormalRnn } from "../../../../schema/normal.js";
import { nearest } from "../../../../schema/wording.js";
import { at, present } from "../../../ir/present.js";
import type { Shape, Value } from "../../../ir/types.js";
import { ownValue } from "../../../language/cell.js";
import type { Context } from "../../context.js";
import { constantZero } from "../../initializers.js";
import { sameSizes } from "../../sizes.js";

/** One state of one cell of a layer. */
interface Place {
  readonly layer: NormalRnn;
  readonly index: number;
  readonly name: string;
  /** Public name of the cell's states: `rnn/0`. */
  readonly statesAt: string;
  /** [batch, size] */
  readonly shape: Shape;
}

export function initialState(place: Place, context: Context): Value | undefined {
  const { b } = context;
  const { layer, name, statesAt, shape } = place;
  const fed = context.fedState(`${statesAt}/${name}`, shape, layer.stateful);
  if (fed !== undefined) return fed;
  switch (layer.initial_state) {
    case "zeros":
      return b.expand(b.scalar(0), shape);
    case "learned":
      return b.expand(context.parameter(`${statesAt}/${name}/initial`, shape.slice(1), constantZero), shape);
    default:
      return stateOfLayer(place, layer.initial_state, context);
  }
}

/** The last state of an earlier rnn layer's cell at the same place; of any other layer, its output for the first state. */
function stateOfLayer({ layer, index, name, shape }: Place, source: string, context: Context): Value | undefined {
  const { b } = context;
  const fail = (message: string, hint: string) =>
    context.problem({ part: layer, key: "initial_state", code: "initial-state", message, hint });
  const zeros = () => b.expand(b.scalar(0), shape);
  const earlier = context.earlier(source);
  if (earlier === undefined) {
    const meant = nearest(source, ["zeros", "learned"]);
    return fail(
      `No layer named "${source}" stands before ${layer.name}.`,
      meant === undefined ? 'Write "zeros", "learned", or the name of an earlier layer.' : `Did you mean "${meant}"?`,
    );
  }
  const cells = context.statesOf(source);
  if (cells === undefined) {
    // A vector starts the first state of every cell, as a picture's features start a caption.
    const { wire } = earlier;
    if (wire.sequence)
      return fail(
        `The layer "${source}" puts out a sequence, which is no state.`,
        'Name an rnn layer, or one that puts out a vector ("return": "last", or a "pool" layer).',
      );
    const { cell } = at(layer.cells, index);
    const [first] = Object.keys(present(ownValue(context.cells, cell), `the cell ${cell}`).state);
    if (name !== first) return zeros();
    return fitting(wire.value);
  }
  if (cells.length !== layer.cells.length)
    return fail(
      `The layer "${source}" has ${counted(cells)} and ${layer.name} has ${counted(layer.cells)}: their states do not pair up.`,
      `Give ${layer.name} as many cells as "${source}" has.`,
    );
  const value = cells[index]?.[name];
  if (value === undefined) return zeros();
  return fitting(value);

  function fitting(given: Value): Value | undefined {
    const same = sameSizes(given.type.shape, shape);
    if (same !== false) return same ? given : undefined;
    return fail(
      `State ${name} of ${layer.name} is ${shape.at(-1)} wide, but "${source}" gives ${given.type.shape.at(-1)}.`,
      `Make the hidden_size of ${layer.name} ${given.type.shape.at(-1)}.`,
    );
  }
}

function counted({ length }: readonly unknown[]): string {
  return length === 1 ? "1 cell" : `${length} cells`;
}
