/** rnn: a stack of cells, each with one loop per direction over the time steps of its input. */
import type { NormalRnn } from "../../../../schema/normal/index.js";
import { printShape } from "../../../ir/dims.js";
import { at, expectDefined } from "../../../ir/expect.js";
import type { Dim, Value } from "../../../ir/types.js";
import { sizesAgree } from "../../compare-sizes.js";
import type { CellStates, Context, LayerDefinition } from "../../context.js";
import { type Wire, width } from "../../wire.js";
import { checkNumericSequence } from "../numeric-input.js";
import { runDirections } from "./bidirectional.js";
import { moreInputs } from "./cell-inputs.js";
import type { CellResult } from "./run-cell.js";

/** Cells that share their weights need inputs of equal width. @returns false after a reported problem. */
function checkSharedWidths(layer: NormalRnn, widths: readonly Dim[], context: Context): boolean {
  const [first = 1] = widths;
  const mismatch = widths.findIndex((size) => sizesAgree(size, first) !== true);
  if (!layer.share_weights || mismatch < 0) return true;
  const otherWidth = at(widths, mismatch);
  if (sizesAgree(otherWidth, first) === false)
    context.problem({
      part: layer,
      key: "share_weights",
      code: "shared-widths",
      message: `The cells share their weights, but cell 0 reads ${first} features and cell ${mismatch} reads ${otherWidth}.`,
      hint: `Give every cell outputs of width ${first}, the width of the layer's input (hidden_size, "bidirectional"), or remove "share_weights".`,
    });
  return false;
}

/** The output of the layer: the sequence, the last output, or the first final state of its last cell. */
function layerOutput(layer: NormalRnn, result: CellResult): Value {
  if (layer.return === "sequence") return result.outputs;
  return layer.return === "last" ? result.last : at(Object.values(result.states), 0);
}

/** A layer returns a vector. */
function matrixState(layer: NormalRnn, { type }: Value, states: readonly CellStates[], context: Context): undefined {
  const [name] = Object.keys(at(states, states.length - 1));
  return context.problem({
    part: layer,
    key: "return",
    code: "matrix-state",
    message: `The state ${name} of ${layer.name} is ${printShape(type.shape)}, but a layer returns vectors.`,
    hint: 'Write "return": "last" for the last output of the cell.',
  });
}

export const rnn: LayerDefinition<NormalRnn> = {
  maxInputs: (layer, context) => 1 + moreInputs(layer, context).length,
  elaborate(layer, input, context, others): Wire | undefined {
    if (!checkNumericSequence(layer, input, context)) return undefined;
    let wire = input;
    let result: CellResult | undefined;
    const widths: Dim[] = [];
    const states: CellStates[] = [];
    for (const index of layer.cells.keys()) {
      widths.push(width(wire));
      if (!checkSharedWidths(layer, widths, context)) return undefined;
      result = runDirections(layer, index, wire, others, context);
      if (result === undefined) return undefined;
      wire = { ...wire, value: result.outputs, padding: "zeros", logits: null };
      states.push(result.states);
    }
    context.recordStates(layer.name, states);
    const output = layerOutput(layer, expectDefined(result, "a cell of the layer"));
    if (output.type.shape.length > 2 && layer.return === "state") return matrixState(layer, output, states, context);
    const value = context.b.withName(output, layer.name);
    const sequence = layer.return === "sequence";
    return { ...wire, value, sequence, mask: sequence ? wire.mask : null };
  },
};
