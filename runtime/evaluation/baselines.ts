/** Errors in the units of the data, and those of forecasts that need no model: the last value, and the mean of the training split. */
import { predictsOwnRow } from "../../schema/kinds/horizon.js";
import { targetPort } from "../../schema/kinds/outputs.js";
import { readExamples } from "../data/batching/read-examples.js";
import { metadataOf, type TableMetadata } from "../data/metadata.js";
import { scalerOf, unscaleValue } from "../data/scaler.js";
import type { Batch } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import type { PredictionContext } from "./prediction-summary.js";

/**
 * Errors of forecasts p of values y: the root of the mean squared error and the mean absolute error; in percent the
 * means of 200 |p - y| / (|p| + |y|) (smape, 0 where both are 0; S. Makridakis, 1993) and of 100 |p - y| / |y| (mape,
 * null where a y is 0), and 100 times the sum of |p - y| over that of |y| (wape, null for zeros alone).
 */
export interface Errors {
  readonly rmse: number;
  readonly mae: number;
  readonly smape: number;
  readonly mape: number | null;
  readonly wape: number | null;
}

export interface ErrorSum {
  add(target: number, predicted: number): void;
  errors(): Errors;
}

export function sumErrors(): ErrorSum {
  let [count, squares, absolute, symmetric, relative, magnitude] = [0, 0, 0, 0, 0, 0];
  return {
    add(target, predicted) {
      const error = Math.abs(predicted - target);
      const scale = Math.abs(predicted) + Math.abs(target);
      count += 1;
      squares += error * error;
      absolute += error;
      symmetric += scale === 0 ? 0 : (200 * error) / scale;
      relative += (100 * error) / Math.abs(target);
      magnitude += Math.abs(target);
    },
    errors: () => ({
      rmse: Math.sqrt(squares / count),
      mae: absolute / count,
      smape: symmetric / count,
      mape: Number.isFinite(relative) ? relative / count : null,
      wape: magnitude === 0 ? null : (100 * absolute) / magnitude,
    }),
  };
}

/** Errors of one of several rows to be predicted, `step` rows after the window. */
export interface StepErrors extends Errors {
  readonly step: number;
}

/** The errors of a column over all rows to be predicted; with several rows also those of each. */
export interface ColumnErrors extends Errors {
  readonly column: string;
  readonly steps?: readonly StepErrors[];
}

export interface ColumnErrorSum {
  /** @param place of the row in the horizon. */
  add(target: number, predicted: number, place: number): void;
  errors(column: string): ColumnErrors;
}

export function sumColumnErrors(horizon: readonly number[]): ColumnErrorSum {
  const all = sumErrors();
  const bySteps = horizon.map(() => sumErrors());
  return {
    add(target, predicted, place) {
      all.add(target, predicted);
      bySteps[place]?.add(target, predicted);
    },
    errors: (column) => ({
      column,
      ...all.errors(),
      ...(horizon.length > 1 && {
        steps: bySteps.map((sum, place) => ({ step: horizon[place] ?? 0, ...sum.errors() })),
      }),
    }),
  };
}

export interface Baseline extends ColumnErrors {
  readonly baseline: "last value" | "mean";
}

/**
 * The baselines of the numbers that a model of windows predicts; none for other models.
 *
 * @param training the examples of the mean; null where the training split is not that of the data.
 */
export function baselinesOf(
  { spec: { data }, source, output: { loss } }: Pick<PredictionContext, "spec" | "source" | "output">,
  examples: Indices,
  training: Indices | null,
): readonly Baseline[] {
  const metadata = metadataOf(source.metadata, loss.target);
  if (data.type !== "table" || data.window === null || predictsOwnRow(data) || metadata.type !== "table") return [];
  const port = targetPort(loss.target);
  const columns = metadata.target.map((column, index) => ({
    column,
    read: targetReader(metadata, port, index, data.horizon.length),
    mean: meanOf(),
    ofLast: sumColumnErrors(data.horizon),
    ofMean: sumColumnErrors(data.horizon),
    hasLast: metadata.columns.includes(column),
  }));
  const eachRow = (indices: Indices, visit: (batch: Batch, row: number) => void) => {
    for (const { examples: part, batch } of readExamples(source, indices))
      for (let row = 0; row < part.length; row++) visit(batch, row);
  };
  if (training !== null)
    eachRow(training, (batch, row) => {
      for (const { read, mean } of columns) for (const { target } of read(batch, row)) mean.add(target);
    });
  eachRow(examples, (batch, row) => {
    for (const { read, mean, ofLast, ofMean } of columns)
      for (const { target, last, place } of read(batch, row)) {
        ofLast.add(target, last, place);
        ofMean.add(target, mean.value(), place);
      }
  });
  return columns.flatMap(({ column, hasLast, ofLast, ofMean }): readonly Baseline[] => [
    ...(hasLast ? [{ baseline: "last value" as const, ...ofLast.errors(column) }] : []),
    ...(training === null ? [] : [{ baseline: "mean" as const, ...ofMean.errors(column) }]),
  ]);
}

function meanOf() {
  let [count, mean] = [0, 0];
  return {
    add(value: number) {
      count += 1;
      mean += (value - mean) / count;
    },
    value: () => mean,
  };
}

/**
 * The targets of a column in an example of a batch, each with the place of its row in the horizon and the last value
 * that the model reads before it, if it reads any.
 *
 * @param rows in the horizon.
 */
function targetReader({ columns, target: names, scaler }: TableMetadata, port: string, index: number, rows: number) {
  const column = names[index] ?? "";
  const feature = columns.indexOf(column);
  const scaling = scalerOf(scaler, column);
  const unscaled = (value: number) => (scaling === undefined ? value : unscaleValue(value, scaling));
  return (batch: Batch, row: number): readonly Record<"target" | "last" | "place", number>[] => {
    const [inputs, targets] = [batch.get("inputs"), batch.get(port)];
    if (inputs === undefined || targets === undefined) return [];
    const [, window = 1, width = 1] = inputs.shape;
    const steps = targets.shape.length > 2 ? (targets.shape[1] ?? 1) : 1;
    return Array.from({ length: steps * rows }, (_, entry) => {
      const [step, place] = [Math.floor(entry / rows), entry % rows];
      const target = unscaled(Number(targets.data[(row * steps * rows + entry) * names.length + index]));
      const lastStep = steps === 1 ? window - 1 : step;
      const last = Number(inputs.data[(row * window + lastStep) * width + feature]);
      return { target, last: unscaled(last), place };
    });
  };
}
