/** rnn: a stack of cells, each run over the steps of its input by one loop per direction. */
import type { NormalRnn } from "../../../../schema/normal.js";
import { at, present } from "../../../ir/present.js";
import type { Dim, Value } from "../../../ir/types.js";
import { type CellStates, type Context, type LayerDefinition, lendsWeights } from "../../context.js";
import { sameSize } from "../../sizes.js";
import { describeWire, isIds, type Wire, width } from "../../wire.js";
import type { Ran } from "./direction.js";
import { runDirections } from "./directions.js";

/** Cells that share their weights must read inputs of one width. */
function sharedWidths(layer: NormalRnn, widths: readonly Dim[], context: Context): boolean {
  const [first = 1] = widths;
  const differs = widths.findIndex((size) => sameSize(size, first) !== true);
  if (!layer.share_weights || differs < 0) return true;
  const other = at(widths, differs);
  if (sameSize(other, first) === false)
    context.problem({
      part: layer,
      key: "share_weights",
      code: "shared-widths",
      message: `The cells share their weights, but cell 0 reads ${first} features and cell ${differs} reads ${other}.`,
      hint: `Make every output ${first} wide, as the layer's input is (hidden_size, "bidirectional"), or leave "share_weights" out.`,
    });
  return false;
}

/** What the layer puts out, of what its last cell gave. */
function returned(layer: NormalRnn, ran: Ran): Value {
  if (layer.return === "sequence") return ran.outputs;
  return layer.return === "last" ? ran.last : at(Object.values(ran.states), 0);
}

export const rnn: LayerDefinition<NormalRnn> = {
  elaborate(layer, input, context): Wire | undefined {
    if (isIds(input) || !input.sequence)
      return context.problem({
        part: layer,
        code: isIds(input) ? "needs-numbers" : "needs-sequence",
        message: `An rnn layer reads sequences of numbers [batch, time, features], but ${layer.name} is given ${describeWire(input)}.`,
        hint: isIds(input)
          ? `Put a one_hot or an embedding layer before ${layer.name}.`
          : context.earlier(at(layer.from, 0)) === undefined
            ? "Give inputs as [examples, time, features]."
            : 'Let the layer before return the whole sequence ("return": "sequence").',
      });
    if (!lendsWeights(layer, ["rnn"], context)) return undefined;
    let wire = input;
    let ran: Ran | undefined;
    const widths: Dim[] = [];
    const states: CellStates[] = [];
    for (const index of layer.cells.keys()) {
      widths.push(width(wire));
      if (!sharedWidths(layer, widths, context)) return undefined;
      ran = runDirections(layer, index, wire, context);
      if (ran === undefined) return undefined;
      wire = { ...wire, value: ran.outputs, padding: "zeros", logits: null };
      states.push(ran.states);
    }
    context.keepStates(layer.name, states);
    const value = context.b.named(returned(layer, present(ran, "a cell of the layer")), layer.name);
    const sequence = layer.return === "sequence";
    return { ...wire, value, sequence, live: sequence ? wire.live : null };
  },
};
