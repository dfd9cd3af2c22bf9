/** Backtests of a run: the errors of its forecasts over consecutive periods, as the origin of the forecasts moves on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasPointForecast } from "../../schema/kinds/forecasts.js";
import { predictsOwnRow } from "../../schema/kinds/horizon.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import type { SeriesRows } from "../data/series-rows.js";
import type { Indices, Splits } from "../data/splits.js";
import { formatCount } from "../format.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { runFiles } from "../run/layout.js";
import { estimateWorkPerSync, openSession, type RequestedDevice } from "../sessions/session.js";
import { feedsOf } from "../tensors/ort.js";
import { createEvaluator } from "./evaluator.js";
import { type ForecastDetails, forecastDetails } from "./forecast-details.js";
import { openRunExamples } from "./run-examples.js";

export interface BacktestRequest {
  /** The run directory. */
  readonly run: string;
  /** Periods, of equal numbers of windows of each series. */
  readonly folds: number;
  readonly device: RequestedDevice;
}

export interface BacktestFold extends Omit<ForecastDetails, "series"> {
  readonly fold: number;
  readonly examples: number;
}

export interface Backtest {
  /** The split that the periods are of. */
  readonly split: keyof Splits;
  readonly folds: readonly BacktestFold[];
  readonly notices: readonly string[];
}

/**
 * The errors of a run's model by period, without training it again: the windows of the test split (else the validation
 * or the training split) of each series in order of time, in `folds` parts.
 */
export async function backtestRun({
  run: folder,
  folds,
  device,
}: BacktestRequest): Promise<Result<Backtest, RunFailure>> {
  const opened = await openRunExamples(folder);
  if (!opened.ok) return opened;
  const { run, parameters, source, split, examples } = opened.value;
  const { spec, manifest } = run;
  const [output] = outputsOf(spec);
  const { series } = source;
  const refuse = (message: string, hint: string) => invalidInput([{ code: "no-backtest", path: "", message, hint }]);
  if (spec.data.type !== "table" || series === undefined || predictsOwnRow(spec.data))
    return refuse(
      "A backtest needs forecasts: a table with a window, and rows after it to be predicted.",
      "Use rnnx evaluate.",
    );
  if (output === undefined || spec.losses.length > 1 || !hasPointForecast(output.loss))
    return refuse(
      "A backtest needs one output that is a forecast of numbers, the median among its levels.",
      "Use rnnx evaluate.",
    );
  if (isStateful(manifest))
    return refuse("A backtest needs windows on their own, but the model is stateful.", "Use rnnx evaluate.");
  const parts = periodsOf(series, examples, folds);
  if (parts.some(({ length }) => length === 0))
    return refuse(
      `The ${split} split has ${formatCount(examples.length, "window")} of ${formatCount(series.names.length, "series", "series")}, too few for ${folds} folds.`,
      "Use fewer --folds, or train with a larger test split.",
    );
  const model = readFileSync(join(run.folder, runFiles.eval));
  const session = await openSession(model, device, estimateWorkPerSync(manifest.parameters, examples.length));
  if (!session.ok) return runFailed(session.error.message, session.error.hint);
  const evaluator = await createEvaluator(session.value.session, manifest, source);
  const context = { evaluator, parameters: feedsOf(parameters), spec, source, output };
  const results: BacktestFold[] = [];
  for (const [index, part] of parts.entries()) {
    const { series: _, ...details } = await forecastDetails(context, part, source.splits.train);
    results.push({ fold: index + 1, examples: part.length, ...details });
  }
  return ok({ split, folds: results, notices: [session.value.notice].filter((text) => text !== "") });
}

/** The examples of each period: those of each series in order of time, in parts of nearly equal size. */
function periodsOf(series: SeriesRows, examples: Indices, folds: number): readonly Indices[] {
  const bySeries = new Map<number, number[]>();
  for (const example of examples) {
    const index = series.seriesOf(example);
    const own = bySeries.get(index) ?? [];
    bySeries.set(index, own);
    own.push(example);
  }
  const parts = Array.from({ length: folds }, (): number[] => []);
  for (const own of bySeries.values()) {
    const sorted = own.toSorted((a, b) => series.rowOf(a) - series.rowOf(b));
    for (const [place, example] of sorted.entries()) parts[Math.floor((place * folds) / sorted.length)]?.push(example);
  }
  return parts.map((part) => Uint32Array.from(part));
}
