/** rnn: a stack of cells, each run over the steps of its input by one Scan per direction. */
import type { NormalCell, NormalRnn } from "../../../schema/normal.js";
import { scan } from "../../graph/scan.js";
import { addDims } from "../../ir/dims.js";
import type { Dim, Value } from "../../ir/types.js";
import { type ResolvedCell, resolveCell } from "../../language/cell.js";
import { lowerCell } from "../../language/lower.js";
import { type CellSizes, declaredShapes, resolveSize, sizeNames } from "../../language/sizes.js";
import {
  type Context,
  describeWire,
  isIds,
  type LayerDefinition,
  repeatFirstStep,
  type Wire,
  width,
} from "../context.js";
import { cellInitializer } from "../initializers.js";

/** One direction of one cell: everything that building it needs. */
interface Run {
  readonly cell: ResolvedCell;
  /** Where the cell's definition stands in the spec. */
  readonly path: string;
  readonly sizes: CellSizes;
  /** Public names begin with these: parameters may be another cell's, states never are. */
  readonly parametersAt: string;
  readonly statesAt: string;
  readonly reverse: boolean;
}

/** What a direction gives. */
interface Ran {
  /** Outputs [time, batch, width], zero past each length. */
  readonly outputs: Value;
  /** The output of the last live step in walking order, [batch, width]. */
  readonly last: Value;
  /** The first declared state after the last live step, [batch, size]. */
  readonly state: Value;
}

function runCell(run: Run, x: Value, context: Context): Ran | undefined {
  const { b, live } = context;
  const { cell, path, sizes, reverse } = run;
  const declared = declaredShapes(cell, sizes, path, context.report);
  if (declared === undefined) return undefined;
  const names = sizeNames(cell, sizes);
  const parameters = Object.fromEntries(
    Object.entries(declared.parameters).map(([name, shape]) => [
      name,
      context.parameter(`${run.parametersAt}/${name}`, shape, (known) =>
        cellInitializer(cell.initializers[name], known, cell.options, (edge) =>
          Number(resolveSize(edge, names, path, context.report, 0)),
        ),
      ),
    ]),
  );
  const batch = x.type.shape[1] ?? "batch";
  const stateNames = Object.keys(declared.states);
  const initial = Object.entries(declared.states).map(([name, size]) =>
    context.initialState(`${run.statesAt}/${name}`, [batch, size]),
  );
  let outputState: string | undefined;
  let failed = false;
  const { final, stacked } = scan(
    b,
    run.statesAt,
    { initial, scans: live === null ? [x] : [x, live], reverse },
    (inner, states, [slice, alive]) => {
      if (slice === undefined) throw new Error("a loop without its input");
      const current = Object.fromEntries(stateNames.map((name, index) => [name, states[index] as Value]));
      const step = lowerCell(cell, sizes, inner, { x: slice, states: current, parameters }, context.report, path);
      if (step === undefined) {
        failed = true;
        return { next: states, stacked: [slice] };
      }
      outputState = stateNames.find((name) => step.states[name] === step.output);
      // Past its length a sequence keeps its state and puts out zeros.
      const next = stateNames.map((name, index) => {
        const value = step.states[name] as Value;
        return alive === undefined ? value : inner.where(alive, value, states[index] as Value);
      });
      return { next, stacked: [alive === undefined ? step.output : inner.where(alive, step.output, 0)] };
    },
  );
  if (failed) return undefined;
  stateNames.forEach((name, index) => {
    const value = final[index] as Value;
    context.finalState(`${run.statesAt}/${name}`, b.named(value, `${run.statesAt}/${name}`));
  });
  const outputs = b.named(stacked[0] as Value, run.statesAt);
  const state = final[0] as Value;
  const last = outputState === undefined ? lastLive(outputs, reverse, context) : final[stateNames.indexOf(outputState)];
  return { outputs, last: last as Value, state };
}

/** The entry [batch, width] of a sequence at its last live step; walking backwards that is the first. */
function lastLive(sequence: Value, reverse: boolean, { b, live }: Context): Value {
  const time = sequence.type.shape[0] ?? 1;
  if (reverse) return b.squeeze(b.slice(sequence, 0, 0, 1), [0]);
  if (live === null) return b.squeeze(b.slice(sequence, 0, addDims(time, -1), time), [0]);
  // Live now and not at the next step.
  const later = b.pad(b.cast(b.slice(live, 0, 1, time), "float32"), 0, 0, 1);
  return b.sum(b.mul(sequence, b.sub(b.cast(live, "float32"), later)), [0]);
}

const merges: Readonly<
  Record<Exclude<NormalCell["bidirectional"], "none">, (context: Context, forward: Value, backward: Value) => Value>
> = {
  concat: ({ b }, forward, backward) => b.concat([forward, backward], -1),
  sum: ({ b }, forward, backward) => b.add(forward, backward),
  mean: ({ b }, forward, backward) => b.mul(b.add(forward, backward), 0.5),
  mul: ({ b }, forward, backward) => b.mul(forward, backward),
};

/** A cell in its one or two directions, merged, with its residual connection. */
function runBoth(layer: NormalRnn, index: number, x: Value, context: Context): Ran | undefined {
  const cell = layer.cells[index] as NormalCell;
  const definition = context.cells[cell.cell];
  if (definition === undefined) throw new Error(`cell ${cell.cell} is not defined`);
  const sizes: CellSizes = { hidden_size: cell.hidden_size, input_size: x.type.shape.at(-1) as Dim };
  const path = context.pathOf(context.cells, cell.cell);
  const owner = layer.share_weights ? 0 : index;
  const direction = (suffix: string, reverse: boolean): Ran | undefined => {
    const resolved = resolveCell(definition, cell);
    const [parametersAt, statesAt] = [`${layer.name}/${owner}${suffix}`, `${layer.name}/${index}${suffix}`];
    return runCell({ cell: resolved, path, sizes, parametersAt, statesAt, reverse }, x, context);
  };
  if (cell.bidirectional === "none") {
    const ran = direction("", false);
    return ran && (cell.residual ? withResidual(cell, ran, x, false, context) : ran);
  }
  const forward = direction("/forward", false);
  const backward = direction("/backward", true);
  if (forward === undefined || backward === undefined) return undefined;
  const merge = merges[cell.bidirectional];
  const ran: Ran = {
    outputs: merge(context, forward.outputs, backward.outputs),
    last: merge(context, forward.last, backward.last),
    state: merge(context, forward.state, backward.state),
  };
  return cell.residual ? withResidual(cell, ran, x, true, context) : ran;
}

/** Outputs plus the cell's input, which must be as wide; the state is not changed. */
function withResidual(cell: NormalCell, ran: Ran, x: Value, both: boolean, context: Context): Ran | undefined {
  const { b, live } = context;
  const [own, given] = [ran.outputs.type.shape.at(-1), x.type.shape.at(-1)];
  if (own !== given)
    return context.problem({
      part: cell,
      key: "residual",
      code: "residual-width",
      message: `a residual connection adds the input, ${given} wide, to the output, ${own} wide`,
      hint: both
        ? `Leave "residual" out, or choose sizes that meet: both directions together are ${own} wide.`
        : `Leave "residual" out, or make the cell's hidden_size ${given}.`,
    });
  const input = live === null ? x : b.where(live, x, 0);
  return {
    outputs: b.add(ran.outputs, input),
    last: b.add(ran.last, lastLive(input, false, context)),
    state: ran.state,
  };
}

/** Cells that share their weights must read inputs of one width. */
function sharedWidths(layer: NormalRnn, widths: readonly Dim[], context: Context): boolean {
  const differs = widths.findIndex((size) => size !== widths[0]);
  if (!layer.share_weights || differs < 0) return true;
  context.problem({
    part: layer,
    key: "share_weights",
    code: "shared-widths",
    message: `the cells share their weights, but cell 0 reads ${widths[0]} features and cell ${differs} reads ${widths[differs]}`,
    hint: `Make hidden_size ${widths[0]}, the width of the layer's input, or leave "share_weights" out.`,
  });
  return false;
}

export const rnn: LayerDefinition<NormalRnn> = {
  elaborate(layer, input, context): Wire | undefined {
    if (isIds(input) || !input.sequence)
      return context.problem({
        part: layer,
        code: isIds(input) ? "needs-numbers" : "needs-sequence",
        message: `rnn reads sequences of numbers [batch, time, features], but is given ${describeWire(input)}`,
        hint: isIds(input)
          ? `Put a one_hot or an embedding layer before ${layer.name}.`
          : 'Let the layer before return the whole sequence ("return": "sequence").',
      });
    let ran: Ran = { outputs: input.value, last: input.value, state: input.value };
    const widths: Dim[] = [width(input)];
    for (const index of layer.cells.keys()) {
      if (index > 0) widths.push(ran.outputs.type.shape.at(-1) as Dim);
      if (!sharedWidths(layer, widths, context)) return undefined;
      const padded = index > 0 || input.padding === "zeros";
      const next = runBoth(layer, index, padded ? repeatFirstStep(ran.outputs, context) : ran.outputs, context);
      if (next === undefined) return undefined;
      ran = next;
    }
    const value = { sequence: ran.outputs, last: ran.last, state: ran.state }[layer.return];
    return {
      value: context.b.named(value, layer.name),
      sequence: layer.return === "sequence",
      logits: null,
      padding: "zeros",
    };
  },
};
