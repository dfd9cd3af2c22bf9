/** Initial states of an rnn layer: zero, trained, the final states of an earlier layer, or an input. */
import type { NormalRnn } from "../../../../schema/normal/index.js";
import { printShape } from "../../../ir/dims.js";
import { at, expectDefined } from "../../../ir/expect.js";
import type { Shape, Value } from "../../../ir/types.js";
import { shapesAgree } from "../../compare-sizes.js";
import type { Context } from "../../context.js";
import { constantZero } from "../../initializers.js";

/** One state of one cell of a layer. */
interface CellState {
  readonly layer: NormalRnn;
  readonly index: number;
  readonly name: string;
  /** The names of all states of the cell. */
  readonly stateNames: readonly string[];
  /** Prefix of the public names of the cell's states: `rnn/0`. */
  readonly statePrefix: string;
  /** [batch, …] */
  readonly shape: Shape;
}

/** The initial value of a state, [batch, …]; undefined after a reported problem. */
export function initialState(cellState: CellState, context: Context): Value | undefined {
  const { b } = context;
  const { layer, name, statePrefix, shape } = cellState;
  const inputState = context.inputState(`${statePrefix}/${name}`, shape, layer.stateful);
  if (inputState !== undefined) return inputState;
  switch (layer.initial_state) {
    case "zeros":
      return b.expand(b.scalar(0), shape);
    case "learned":
      return b.expand(context.parameter(learnedName(cellState, context), shape.slice(1), constantZero), shape);
    default:
      return stateOfLayer(cellState, layer.initial_state, context);
  }
}

/** The parameter of a learned initial state: the layer whose weights this one uses may have learned one, too. */
function learnedName({ layer, name, statePrefix }: CellState, { earlierLayer }: Context): string {
  const owner = layer.weights === null ? undefined : earlierLayer(layer.weights)?.layer;
  const isShared = owner?.layer === "rnn" && owner.initial_state === "learned";
  return `${isShared ? owner.name : layer.name}${statePrefix.slice(layer.name.length)}/${name}/initial`;
}

/**
 * The final state of the cell of the same index in an earlier rnn layer; of another layer its output, as the first
 * state.
 */
function stateOfLayer(cellState: CellState, source: string, context: Context): Value | undefined {
  const { layer, index, name, stateNames, shape } = cellState;
  const { b } = context;
  const fail = (message: string, hint: string) =>
    context.problem({ part: layer, key: "initial_state", code: "initial-state", message, hint });
  const sourceLayer = context.earlierLayer(source);
  // The layer failed, which is reported.
  if (sourceLayer === undefined) return undefined;
  const cells = context.statesOf(source);
  if (cells === undefined) {
    // A vector initializes the first state of every cell, for example the features of an image for its caption.
    const { wire } = sourceLayer;
    if (wire.sequence)
      return fail(
        `The layer "${source}" returns a sequence, but an initial state is a vector.`,
        'Name an rnn layer, or one that returns a vector ("return": "last", or a "pool" layer).',
      );
    return name === stateNames[0] ? ifSameShape(wire.value) : b.expand(b.scalar(0), shape);
  }
  if (cells.length !== layer.cells.length)
    return fail(
      `The layer "${source}" has ${cellCount(cells)}, but ${layer.name} has ${cellCount(layer.cells)}.`,
      `Give ${layer.name} ${cellCount(cells)}.`,
    );
  const states = at(cells, index);
  const sourceNames = Object.keys(states);
  if (stateNames.length !== sourceNames.length || stateNames.some((state) => !sourceNames.includes(state)))
    return fail(
      `Cell ${index} of ${layer.name} has ${stateList(stateNames)}, but that of "${source}" has ${stateList(sourceNames)}.`,
      `Use the same cell in both layers. To start only the state ${stateNames[0]}, name a "pool" layer with "mode": "last" that reads "${source}".`,
    );
  return ifSameShape(expectDefined(states[name], name));

  function ifSameShape(candidate: Value): Value | undefined {
    const isSameShape = shapesAgree(candidate.type.shape, shape);
    if (isSameShape !== false) return isSameShape ? candidate : undefined;
    if (shape.length > 2 || candidate.type.shape.length > 2)
      return fail(
        `State ${name} of ${layer.name} is ${printShape(shape)}, but that of "${source}" is ${printShape(candidate.type.shape)}.`,
        "Name an rnn layer with the same cell and sizes, in one direction.",
      );
    return fail(
      `State ${name} of ${layer.name} has width ${shape.at(-1)}, but that of "${source}" has width ${candidate.type.shape.at(-1)}.`,
      `Set the hidden_size of ${layer.name} to ${candidate.type.shape.at(-1)}.`,
    );
  }
}

function stateList(names: readonly string[]): string {
  return `the ${names.length === 1 ? "state" : "states"} ${names.join(", ")}`;
}

function cellCount({ length }: readonly unknown[]): string {
  return length === 1 ? "1 cell" : `${length} cells`;
}
