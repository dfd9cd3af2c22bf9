/**
 * Forecasts of one row that are fed back: the model reads a window, its prediction becomes the last row of the next
 * window, and so on up to the last row of the horizon. Training reads the first row to be predicted alone.
 */
import { futureInput, isFutureInput } from "../../schema/kinds/horizon.js";
import { forecastFactsOf } from "../../schema/kinds/losses.js";
import { outputsOf, targetOfPort, targetPort } from "../../schema/kinds/outputs.js";
import type { NormalLoss, NormalSpec } from "../../schema/normal/index.js";
import { holdsWeights } from "../artifact.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import {
  type ArraySignature,
  isSequence,
  mapTargets,
  type Rollout,
  type Signature,
  targetArrays,
} from "../signature.js";
import { pointForecast } from "./forecast-values.js";
import type { Program } from "./program.js";
import type { ElaborationState } from "./state.js";
import { width } from "./wire.js";

/** The signature of the model that predicts the first row alone. */
export function firstRowSignature({ rollout, ...signature }: Signature): Signature {
  if (rollout === undefined) return signature;
  const share = (size: number | string) => (typeof size === "number" ? size / rollout.rows : size);
  const { side_inputs: side, side_steps: steps, sizes, window_scaling: scaling } = signature;
  const futureAxes = new Set(
    Object.entries(side ?? {}).flatMap(([name, { shape }]) => (isFutureInput(name) ? [String(shape[1])] : [])),
  );
  const isOfTarget = (name: string) => name === "classes" || name.startsWith("classes/");
  return {
    ...signature,
    targets: mapTargets(signature.targets, (array) => ({
      ...array,
      shape: array.shape.map((size, axis) => (axis === 1 ? share(size) : size)),
    })),
    ...(steps && {
      side_steps: Object.fromEntries(
        Object.entries(steps).map(([axis, count]) => [axis, futureAxes.has(axis) ? 1 : count]),
      ),
    }),
    ...(side && {
      side_inputs: Object.fromEntries(
        Object.entries(side).map(([name, array]) => [name, isFutureInput(name) ? withSteps(array, 1) : array]),
      ),
    }),
    sizes: Object.fromEntries(
      Object.entries(sizes).map(([name, size]) => [name, isOfTarget(name) ? share(size) : size]),
    ),
    ...(scaling && {
      window_scaling: {
        ...scaling,
        targets: Object.fromEntries(
          Object.entries(scaling.targets).map(([name, places]) => [
            name,
            places.slice(0, places.length / rollout.rows),
          ]),
        ),
      },
    }),
  };
}

function withSteps(array: ArraySignature, steps: number): ArraySignature {
  return { ...array, shape: array.shape.map((size, axis) => (axis === 1 ? steps : size)) };
}

/** The state whose data inputs are those of all rows to be predicted, of which the graph reads the first. */
export function readingFirstRow(state: ElaborationState, { rollout, ...whole }: Signature): ElaborationState {
  if (rollout === undefined) return state;
  const { b } = state.context;
  const targets = targetArrays(whole);
  const wholeOf = (name: string): ArraySignature | undefined => {
    const future = isFutureInput(name) ? whole.side_inputs?.[name] : undefined;
    if (future !== undefined) return withSteps(future, rollout.rows);
    return name === targetPort("targets") ? targets.get("targets") : targets.get(targetOfPort(name) ?? "");
  };
  return {
    ...state,
    feed(name, array) {
      const all = wholeOf(name);
      return all === undefined ? state.feed(name, array) : b.slice(state.feed(name, all), 1, 0, at(array.shape, 1));
    },
  };
}

/** The arrays of a window, and those of the rows to be predicted, by name. */
interface RolloutInputs {
  readonly windows: ReadonlyMap<string, Value>;
  readonly future: ReadonlyMap<string, Value>;
  /** Weights, and inputs without rows. */
  readonly shared: ReadonlyMap<string, Value>;
}

/**
 * The predictions of all rows, by the port of each output: [batch, numbers], in blocks as those of a model that outputs
 * all rows at once.
 *
 * @param model the program of one row; its outputs are its predictions.
 */
export function rollOut(
  spec: NormalSpec,
  signature: Signature,
  state: ElaborationState,
  model: Program,
): ReadonlyMap<string, Value> {
  const { b } = state.context;
  const rollout = expectDefined(signature.rollout, "the rows that are fed back");
  const { windows, future, shared } = openRollout(signature, state, model, rollout);
  const windowNames = [...windows.keys()];
  const futureNames = [...future.keys()];
  const outputs = outputsOf(spec);
  const ordered = outputs.map(({ port }) => model.outputs.findIndex(({ name }) => name === port));
  const scans = [...future.values()].map((value) => timeMajor(b, value));
  const loop = scan(
    b,
    "rollout",
    { initial: [...windows.values()], scans: scans.length > 0 ? scans : [b.range(rollout.rows)] },
    (inner, states, slices) => {
      const window = new Map(windowNames.map((name, index) => [name, at(states, index)]));
      const next = new Map(futureNames.map((name, index) => [name, at(slices, index)]));
      const operands = model.inputs.map(({ name }) => {
        const ahead = next.get(name);
        const value = window.get(name) ?? shared.get(name);
        return ahead === undefined ? expectDefined(value, `the input ${name}`) : inner.unsqueeze(ahead, [1]);
      });
      const results = inline(inner, model.graph, operands);
      const predictions = ordered.map((index) => at(results, index));
      const points = new Map(
        outputs.map(({ loss }, index) => [
          loss.target,
          pointForecast(inner, loss, at(predictions, index), targetsOf(signature, loss, rollout)),
        ]),
      );
      const shifted = windowNames.map((name) => {
        const rows = window.get(name) as Value;
        const row =
          name === "inputs"
            ? nextRow(inner, rollout, points, next.get(futureInput(null)), inner.squeeze(lastRow(inner, rows), [1]))
            : (next.get(futureInput(name)) ?? inner.squeeze(lastRow(inner, rows), [1]));
        const kept = inner.slice(rows, 1, 1, at(rows.type.shape, 1));
        return inner.concat([kept, inner.unsqueeze(row, [1])], 1);
      });
      return { next: shifted, scanOutputs: predictions };
    },
  );
  return new Map(
    outputs.map(({ port, loss }, index) => [port, rowByRow(b, at(loop.scanOutputs, index), loss, rollout.rows)]),
  );
}

function targetsOf(signature: Signature, { target }: NormalLoss, { rows }: Rollout): number {
  const { shape } = expectDefined(targetArrays(signature).get(target), `the target ${target}`);
  return Number(shape.at(-1)) / rows;
}

function timeMajor(b: Builder, value: Value): Value {
  return b.transpose(value, [1, 0, ...value.type.shape.slice(2).map((_, axis) => axis + 2)]);
}

function lastRow(b: Builder, rows: Value): Value {
  const steps = at(rows.type.shape, 1);
  return b.slice(rows, 1, addDims(steps, -1), steps);
}

/** The inputs of the loop: every window and every row ahead that the model or the next row reads. */
function openRollout(signature: Signature, state: ElaborationState, model: Program, { rows }: Rollout): RolloutInputs {
  const [windows, future, shared] = [0, 1, 2].map(() => new Map<string, Value>()) as [
    Map<string, Value>,
    Map<string, Value>,
    Map<string, Value>,
  ];
  const { inputs, side_inputs: side = {} } = signature;
  windows.set("inputs", state.feed("inputs", inputs));
  for (const [name, array] of Object.entries(side)) {
    const isRead = model.inputs.some((port) => port.name === name);
    if (isFutureInput(name)) future.set(name, state.feed(name, withSteps(array, rows)));
    else if (isRead) (isSequence(array) ? windows : shared).set(name, state.feed(name, array));
  }
  // Rows ahead of inputs that no layer reads.
  for (const name of future.keys()) {
    const isRead = model.inputs.some((port) => port.name === name);
    if (!isRead && name !== futureInput(null) && !windows.has(name.replace(/^future\./, ""))) future.delete(name);
  }
  for (const [index, port] of model.inputs.entries())
    if (holdsWeights(port)) shared.set(port.name, state.openWeight(port, at(model.graph.inputs, index).type));
  return { windows, future, shared };
}

/** The next row of `inputs`, [batch, columns]. */
function nextRow(
  b: Builder,
  { columns }: Rollout,
  points: ReadonlyMap<string, Value>,
  future: Value | undefined,
  last: Value,
): Value {
  const column = (value: Value, place: number) => b.slice(value, 1, place, place + 1);
  const values = columns.map((source, place): Value => {
    if (source === "same") return column(last, place);
    if (source === null) return b.expand(0, ["batch", 1]);
    if ("future" in source) return column(expectDefined(future, "the rows ahead"), source.future);
    const value = column(expectDefined(points.get(source.target), `the target ${source.target}`), source.place);
    const { scaler } = source;
    return scaler === undefined ? value : b.mul(b.sub(value, scaler.offset), scaler.factor);
  });
  return values.length === 1 ? at(values, 0) : b.concat(values, 1);
}

/** [rows, batch, numbers] as [batch, numbers of all rows]: in each block of a distribution the rows one by one. */
function rowByRow(b: Builder, value: Value, loss: NormalLoss, rows: number): Value {
  const size = width({ value }) as number;
  const count = forecastFactsOf(loss)?.parameters.length ?? 1;
  const divided = b.reshape(value, [rows, "batch", count, size / count]);
  return b.reshape(b.transpose(divided, [1, 2, 0, 3]), ["batch", rows * size]);
}
