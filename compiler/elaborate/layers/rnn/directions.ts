/** A cell in its one or two directions, joined, with its residual connection. */
import type { NormalCell, NormalRnn } from "../../../../schema/normal.js";
import type { Builder } from "../../../ir/builder.js";
import { at, present } from "../../../ir/present.js";
import type { Dim, Value } from "../../../ir/types.js";
import { ownValue, resolveCell } from "../../../language/cell.js";
import type { CellStates, Context } from "../../context.js";
import { sameSize } from "../../sizes.js";
import { lastLive, repeatFirstStep, type Wire, width } from "../../wire.js";
import type { Ran } from "./direction.js";
import { runCell } from "./run.js";
import { initialState } from "./states.js";

const joins: Readonly<
  Record<Exclude<NormalCell["bidirectional"], "none">, (b: Builder, forward: Value, backward: Value) => Value>
> = {
  concat: (b, forward, backward) => b.concat([forward, backward], -1),
  sum: (b, forward, backward) => b.add(forward, backward),
  mean: (b, forward, backward) => b.mul(b.add(forward, backward), 0.5),
  mul: (b, forward, backward) => b.mul(forward, backward),
};

/** Runs the cell at `index` of a layer over a sequence. */
export function runDirections(layer: NormalRnn, index: number, input: Wire, context: Context): Ran | undefined {
  const cell = layer.cells[index] as NormalCell;
  const definition = ownValue(context.cells, cell.cell);
  if (definition === undefined) return undefined;
  const { b } = context;
  const { live } = input;
  // A loop runs over padding too, where nothing may stand that a cell could overflow on.
  const x = input.padding === "zeros" ? repeatFirstStep(b, input.value, live) : input.value;
  const sizes = { hidden_size: cell.hidden_size, input_size: x.type.shape.at(-1) as Dim };
  const batch = at(x.type.shape, 1);
  const owner = layer.weights ?? layer.name;
  const direction = (suffix: string, reverse: boolean): Ran | undefined => {
    const statesAt = `${layer.name}/${index}${suffix}`;
    const run = {
      use: cell,
      cell: resolveCell(definition, cell),
      path: context.pathOf(definition),
      sizes,
      parametersAt: `${owner}/${layer.share_weights ? 0 : index}${suffix}`,
      statesAt,
      reverse,
      unroll: layer.unroll,
      initialState: (name: string, size: Dim) =>
        initialState({ layer, index, name, statesAt, shape: [batch, size] }, context),
    };
    const ran = runCell(run, x, live, context);
    for (const [name, value] of Object.entries(ran?.states ?? {})) context.finalState(`${statesAt}/${name}`, value);
    return ran;
  };
  const ran = cell.bidirectional === "none" ? direction("", false) : joined(cell.bidirectional, direction, b);
  return ran && cell.residual ? withResidual(cell, ran, x, live, context) : ran;
}

function joined(
  how: Exclude<NormalCell["bidirectional"], "none">,
  direction: (suffix: string, reverse: boolean) => Ran | undefined,
  b: Builder,
): Ran | undefined {
  const forward = direction("/forward", false);
  const backward = direction("/backward", true);
  if (forward === undefined || backward === undefined) return undefined;
  const join = (x: Value, y: Value) => joins[how](b, x, y);
  const states: CellStates = Object.fromEntries(
    Object.entries(forward.states).map(([name, value]) => [
      name,
      join(value, present(backward.states[name], `the state ${name}`)),
    ]),
  );
  return { outputs: join(forward.outputs, backward.outputs), last: join(forward.last, backward.last), states };
}

/** Outputs plus the cell's input, which must be as wide; the state is not changed. */
function withResidual(cell: NormalCell, ran: Ran, x: Value, live: Value | null, context: Context): Ran | undefined {
  const { b } = context;
  const [own, given] = [width({ value: ran.outputs }), width({ value: x })];
  const same = sameSize(own, given);
  if (same === undefined) return undefined;
  if (!same)
    return context.problem({
      part: cell,
      key: "residual",
      code: "residual-width",
      message: `A residual connection adds the input, ${given} wide, to the output, ${own} wide.`,
      hint:
        cell.bidirectional === "none"
          ? `Leave "residual" out, or make the cell's hidden_size ${given}.`
          : `Leave "residual" out, or choose sizes that meet: both directions together are ${own} wide.`,
    });
  const input = live === null ? x : b.where(live, x, 0);
  return { ...ran, outputs: b.add(ran.outputs, input), last: b.add(ran.last, lastLive(b, input, live)) };
}
