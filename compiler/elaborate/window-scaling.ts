/**
 * Scaling of each window by its own rows, or by a table of its series, inside the model: x' = (x - location) / scale for
 * each scaled column, of the logarithms log x' = log x - location, targets the same, predictions scaled back. The loss is
 * in the units of the windows, predictions in those of the data.
 */

import { type ForecastParameter, forecastFactsOf, lossName, outputKindOf } from "../../schema/kinds/losses.js";
import type { NormalLoss, NormalScaleOptions } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { SeriesScales, Signature } from "../signature.js";
import type { Context } from "./context.js";
import { type Wire, width } from "./wire.js";

export interface WindowScaling {
  /** Targets [batch, columns] in the units of the windows. */
  scaleTargets(value: Value, target: string): Value;
  /** Predictions [batch, outputs] in the units of the data. */
  unscaleOutputs(value: Value, loss: NormalLoss): Value;
  /** The inverse. */
  scaleOutputs(value: Value, loss: NormalLoss): Value;
}

/** The smallest scale, as a fraction of the mean absolute value: rounding errors of a constant window are no variation. */
const LEAST_SCALE = 1e-4;

/** The inputs of the model that scaling reads or changes. */
export interface ScaledWires {
  /** [time, batch, columns]. */
  readonly inputs: Wire;
  /** [rows, batch, columns], of the rows to be predicted. */
  readonly future?: Wire | undefined;
  /** [batch]. */
  readonly series?: Wire | undefined;
}

/** The scaled inputs, and the scaling of what belongs to the same windows. */
export function scaleWindows(
  b: Builder,
  { inputs, future, series }: ScaledWires,
  { type }: Pick<NormalScaleOptions, "type">,
  { columns, targets, future: futureColumns = [], series: scales }: NonNullable<Signature["window_scaling"]>,
): { readonly inputs: Wire; readonly future: Wire | undefined; readonly scaling: WindowScaling } {
  const row = (numbers: readonly number[]) => b.constant(tensor("float32", [numbers.length], numbers));
  const isAll = columns.every((isScaled) => isScaled);
  /** Values of the scaled columns, and those of the others. */
  const select = (scaled: Value, others: Value | number) =>
    isAll ? scaled : b.where(b.greater(row(columns.map(Number)), 0), scaled, others);
  const isLog = type === "log";
  const values = isLog ? select(b.log(select(inputs.value, 1)), inputs.value) : inputs.value;
  const own =
    scales === undefined || series === undefined
      ? statistics(b, values, type)
      : scalesOfSeries(b, series.value, scales, isLog);
  const location = select(own.location, 0);
  const scale = own.scale === null ? null : select(own.scale, 1);
  const scaledBy = (numbers: Value, of: (value: Value) => Value) => {
    const shifted = b.sub(numbers, of(location));
    return scale === null ? shifted : b.div(shifted, of(scale));
  };
  const scaled = scaledBy(values, (value) => value);
  const scaledFuture = (wire: Wire): Wire => {
    const places = b.constant(tensor("int64", [futureColumns.length], futureColumns));
    const isOfScale = b.greater(row(futureColumns.map((place) => Number(columns[place]))), 0);
    const logs = () => b.where(isOfScale, b.log(b.where(isOfScale, wire.value, 1)), wire.value);
    const value = scaledBy(isLog ? logs() : wire.value, (each) => b.gather(each, places, 2));
    return { ...wire, value: b.withName(value, "scaled_future") };
  };
  const ofTarget = (target: string) => {
    const indices = targets[target] ?? [];
    const places = b.constant(tensor("int64", [indices.length], indices));
    const of = (value: Value) => b.gather(b.squeeze(value, [0]), places, 1);
    return { offset: of(location), factor: scale === null ? null : of(scale) };
  };
  return {
    inputs: { ...inputs, value: b.withName(scaled, "scaled_inputs") },
    future: future === undefined || futureColumns.length === 0 ? undefined : scaledFuture(future),
    scaling: {
      scaleTargets(value, target) {
        const { offset, factor } = ofTarget(target);
        const difference = b.sub(isLog ? b.log(value) : value, offset);
        return factor === null ? difference : b.div(difference, factor);
      },
      unscaleOutputs(value, loss) {
        const unscaledOutputs = unscaled(b, value, loss, ofTarget(loss.target));
        return isLog ? b.exp(unscaledOutputs) : unscaledOutputs;
      },
      scaleOutputs(value, loss) {
        const { offset, factor } = ofTarget(loss.target);
        const inverse = { offset: b.neg(offset), factor: null };
        const ofWindow =
          factor === null ? inverse : { offset: b.div(inverse.offset, factor), factor: b.div(1, factor) };
        return unscaled(b, isLog ? b.log(value) : value, loss, ofWindow);
      },
    },
  };
}

/** Location and scale of series by their ids [batch], [1, batch, columns]. */
function scalesOfSeries(b: Builder, ids: Value, { location, scale }: SeriesScales, isLog: boolean) {
  const table = (rows: SeriesScales["location"]) => {
    const constant = b.constant(tensor("float32", [rows.length, rows[0]?.length ?? 0], rows.flat()));
    return b.unsqueeze(b.gather(constant, ids, 0), [0]);
  };
  return { location: table(location), scale: isLog ? null : table(scale) };
}

/** Location and scale of the rows of windows [time, batch, columns], [1, batch, columns]; a scale of null is 1. */
function statistics(
  b: Builder,
  x: Value,
  type: NormalScaleOptions["type"],
): { readonly location: Value; readonly scale: Value | null } {
  if (type === "log") return { location: b.mean(x, [0], true), scale: null };
  const meanSize = b.mean(b.abs(x), [0], true);
  const positive = (scale: Value) => {
    const least = b.mul(meanSize, LEAST_SCALE);
    const large = b.where(b.less(scale, least), least, scale);
    return b.where(b.greater(large, 0), large, 1);
  };
  switch (type) {
    case "standard": {
      const mean = b.mean(x, [0], true);
      const deviation = b.sub(x, mean);
      return { location: mean, scale: positive(b.sqrt(b.mean(b.mul(deviation, deviation), [0], true))) };
    }
    case "min_max": {
      const minimum = b.neg(b.reduceMax(b.neg(x), [0], true));
      return { location: minimum, scale: positive(b.sub(b.reduceMax(x, [0], true), minimum)) };
    }
    case "mean_abs":
      return { location: b.mul(meanSize, 0), scale: positive(meanSize) };
  }
}

/** True for losses whose outputs are values of the targets, such as quantiles. */
function hasValues(loss: NormalLoss): boolean {
  return outputKindOf(loss) === "numbers" || forecastFactsOf(loss)?.family === "quantiles";
}

/** Reports losses whose outputs are no values, or no parameters of a distribution, in the units of the windows. */
export function checkScaledLosses(
  losses: readonly NormalLoss[],
  { type }: Pick<NormalScaleOptions, "type">,
  { problem }: Pick<Context, "problem">,
): void {
  for (const loss of losses.filter((each) => !hasValues(each))) {
    const of = { part: loss, key: "type", code: "scaled-outputs" };
    const parameters = forecastFactsOf(loss)?.parameters;
    if (parameters === undefined || parameters.includes("log_mean"))
      problem({
        ...of,
        message: `The outputs of ${lossName(loss)} have no units, so that they cannot be scaled back by a window.`,
        hint: 'Write "per": "column" in data.scale.',
      });
    else if (type === "log")
      problem({
        ...of,
        message: `The outputs of ${lossName(loss)} are parameters of a distribution of logarithms, not of the targets.`,
        hint: 'Use the loss "quantile", or "standard" or "mean_abs" as the type of data.scale.',
      });
  }
}

function unscaled(
  b: Builder,
  value: Value,
  loss: NormalLoss,
  { offset, factor }: { readonly offset: Value; readonly factor: Value | null },
): Value {
  const blocks = forecastFactsOf(loss)?.parameters ?? ["value"];
  const size = width({ value }) as number;
  const count = at(offset.type.shape, 1) as number;
  /** Numbers of a target in a block, one after the other: levels, or components. */
  const repeats = size / blocks.length / count;
  const repeated = (row: Value) => {
    if (repeats === 1) return row;
    const places = Array.from({ length: count * repeats }, (_, index) => Math.floor(index / repeats));
    return b.gather(row, b.constant(tensor("int64", [places.length], places)), 1);
  };
  const shift = repeated(offset);
  if (factor === null) return b.add(value, shift);
  const scale = repeated(factor);
  const log = () => b.log(scale);
  const change = (block: Value, kind: ForecastParameter) => {
    switch (kind) {
      case "value":
        return b.add(b.mul(block, scale), shift);
      case "log_scale":
        return b.add(block, log());
      case "log_variance":
        return b.add(block, b.mul(log(), 2));
      // A count has no other units; the others have none.
      case "log_mean":
      case "log_shape":
      case "freedom":
      case "logit":
        return block;
    }
  };
  if (blocks.length === 1) return change(value, at(blocks, 0));
  const parts = b.split(
    value,
    blocks.map(() => count * repeats),
    1,
  );
  return b.concat(
    parts.map((part, index) => change(part, at(blocks, index))),
    1,
  );
}
