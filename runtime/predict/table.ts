/** Reads tables, and formats the forecast after each window, in the original scale. */
import { inputKinds, rowsOfExample } from "../../schema/kinds/columns.js";
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import { predictsOwnRow, rowsAhead } from "../../schema/kinds/horizon.js";
import type { FloatSeries } from "../data/batching/windows.js";
import { writeTime } from "../data/formats/time-values.js";
import { columnOfOutput, metadataOf } from "../data/metadata.js";
import { scalerOf, scaleValue, unscaleValues } from "../data/scaler.js";
import { targetUsesOf, usesOf } from "../data/source.js";
import type { TableRows } from "../data/sources/table/contents.js";
import { withFile } from "../data/sources/table/format.js";
import { futureArrays, futureInputs } from "../data/sources/table/future.js";
import { featuresOf, featureValue, fitIds, inputArrays, type TableInputs } from "../data/sources/table/inputs.js";
import { type TableTime, timeAhead } from "../data/sources/table/order.js";
import { iterateRows } from "../data/sources/table/row-order.js";
import { readRows } from "../data/sources/table/rows.js";
import { seriesRanges } from "../data/sources/table/series.js";
import { seriesArray, seriesScaling } from "../data/sources/table/series-scaling.js";
import { staticArrays, staticInputs } from "../data/sources/table/static.js";
import { fittedColumns } from "../data/sources/table/targets.js";
import { fitTexts } from "../data/sources/table/texts.js";
import { findNonPositive } from "../data/sources/table/window-scaling.js";
import { collectFloats } from "../data/spill/float-list.js";
import { fedBackNotices } from "../forecast/fed-back-notices.js";
import { formatCount } from "../format.js";
import { entriesInOrder, keepOrder } from "../ordered-json.js";
import { fail, ok } from "../result.js";
import { defaultRequest, forecastMembers } from "./forecast-members.js";
import { forecastRows, isForecastName, RowValues } from "./forecast-rows.js";
import {
  describeClass,
  describeValues,
  type Prediction,
  predictionKeys,
  type Scores,
  toProbabilities,
} from "./format-predictions.js";
import { isReservedName, withInput } from "./input-members.js";
import type { InputsOptions, OpenInputs } from "./inputs.js";
import type { SeriesInputs } from "./stateful.js";
import { horizonNotices, scaledFeaturesNotices, shortNotices } from "./table-notices.js";
import {
  describeMissing,
  emptyPastProblem,
  findLongFuture,
  missingValueHint,
  tooLargeProblem,
} from "./table-problems.js";

const positiveHint = "The model reads logarithms: write a number above 0.";

export const table: OpenInputs = async ({ run, file, folder, forecast, windows: windowChoice = null }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "table" || spec.data.type !== "table") throw new Error("The run was not trained on a table.");
  const { columns, scaler } = metadata;
  const { horizon, reverse } = spec.data;
  const isOwnRow = predictsOwnRow(spec.data);
  const isRows = spec.data.window === null;
  const window = rowsOfExample(spec.data);
  const data = withFile(spec.data, file);
  const kinds = inputKinds(data);
  const wanted = kinds === null ? columns : Object.fromEntries(kinds);
  // A prediction of a row of the file has its other columns.
  const result = await readRows(
    { ...data, columns: wanted, target: null },
    folder,
    null,
    isOwnRow || data.known_future !== null,
    metadata.time,
  );
  if (!result.ok)
    return fail(
      describeMissing(result.error, file, metadata, kinds !== null).map((problem) => ({
        ...problem,
        file,
        // A trained model has its columns: the file must have their values.
        ...(/data\.(?:missing|columns)/.test(problem.hint ?? "") && {
          hint: missingValueHint(problem, kinds === null ? columns : [...kinds.keys()], kinds !== null),
        }),
        ...(problem.code === "table-delimiter" && {
          hint: "Separate the fields as in the data that the run was trained on.",
        }),
      })),
    );
  const { rows, columns: readColumns, values, lineOf, unreadOf, groupOf, notices, policies } = result.value;
  const futureRows = data.known_future === null ? 0 : rowsAhead(data);
  const beyond = findLongFuture(file, result.value, metadata.target, futureRows);
  if (beyond !== null) return fail([beyond]);
  const nonPositive = findNonPositive(data, result.value);
  if (nonPositive !== null) return fail([{ ...nonPositive, path: "", hint: positiveHint }]);
  const ranges = seriesRanges(result.value.starts, rows);
  const lastRows = ranges.map(([, end]) => end - futureRows);
  const short = ranges.filter(([start, end]) => end - futureRows - start < window);
  const isEveryWindow = (windowChoice ?? (horizon.length > 1 ? "last" : "all")) === "all";
  const starts = ranges.flatMap(([start, end]) => {
    const count = Math.max(0, end - futureRows - start - window + 1);
    const first = isEveryWindow ? 0 : count - 1;
    return Array.from({ length: count === 0 ? 0 : count - first }, (_, index) => ({
      series: start,
      row: start + first + index,
    }));
  });
  const { time: rowTime } = result.value;
  const firstRows = starts.map(({ row }) => row);
  if (firstRows.length === 0) {
    const message = `"${file}" has ${formatCount(rows, "row")}, but the model reads windows of ${formatCount(window, "row")}${futureRows === 0 ? "" : `, and ${formatCount(futureRows, "row")} to be predicted`}.`;
    return fail([{ code: "table-too-short", path: "", file, message, hint: "Add more rows." }]);
  }
  const collected = collectFloats.float32();
  const features = featuresOf(result.value).map((feature, position) => {
    const column = columns[position] ?? "";
    const source = feature.isIndicator ? column.replace(/ \(missing\)$/, "") : column;
    return { feature, fill: metadata.fill?.[source], scaler: scalerOf(scaler, column) };
  });
  let [row, series] = [0, 0];
  for (const numbers of iterateRows(values, readColumns.length)) {
    while (row >= (result.value.starts[series + 1] ?? rows)) series++;
    const lastRow = lastRows[series] ?? rows;
    const empty: string[] = [];
    const scaledRow = features.map(({ feature, fill, scaler: columnScaler }) => {
      const value = featureValue(numbers, feature, fill);
      const isEmpty = Number.isNaN(numbers[feature.column]) && policies[feature.column] === "future";
      if (isEmpty && row < lastRow) empty.push(feature.name);
      return columnScaler === undefined ? value : scaleValue(value, columnScaler);
    });
    if (empty.length > 0) return fail([emptyPastProblem(file, lineOf(row), empty[0] ?? "", futureRows)]);
    const overflowIndex = scaledRow.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (overflowIndex >= 0) return fail([tooLargeProblem(file, lineOf(row), columns[overflowIndex] ?? "")]);
    for (const value of scaledRow) collected.push(value);
    row++;
  }
  const numbers: FloatSeries = { dtype: "float32", width: columns.length, data: collected.finish() };
  const inputData = { ...data, target: null, columns: wanted };
  const ids = fitIds(inputData, result.value, null, metadata.ids);
  const texts = await fitTexts(inputData, result.value, null, metadata.texts, folder);
  if (!texts.ok) return texts;
  const inputs: TableInputs = {
    numbers: columns.length === 0 ? null : numbers,
    ids: ids.series,
    texts: texts.value.series,
  };
  /** The outputs of the last time step: those of earlier steps are the forecasts of earlier windows. */
  const lastStep = ({ shape, data: stepData }: Scores): Scores => {
    const size = shape.at(-1) ?? 1;
    return { shape: [size], data: stepData.slice(-size) };
  };
  const future = futureInputs(data, result.value, ids.series);
  if (!future.ok) return future;
  const constant = staticInputs(data, result.value, ids.series);
  if (!constant.ok) return constant;
  const scales = seriesScaling(data, result.value, null, metadata.series, firstRows);
  if (!scales.ok) return scales;
  const windows: SeriesInputs = {
    rows,
    window,
    read: (starts, length) =>
      new Map([
        ...inputArrays(inputs, { stride: 1, shift: 0, length }, starts, isRows),
        ...(future.value === null ? [] : futureArrays(future.value, inputs, starts, length, horizon)),
        ...(constant.value === null ? [] : staticArrays(constant.value, inputs, starts)),
        ...(scales.value === null ? [] : [seriesArray(scales.value, starts)]),
      ]),
  };
  return ok({
    lengths: new Uint32Array(firstRows.length).fill(window),
    hasLengths: false,
    notices: [
      ...horizonNotices(spec.data, reverse),
      ...scaledFeaturesNotices(run.spec, metadata),
      ...fedBackNotices(run.spec, forecast?.samples ?? 0),
      ...notices,
      ...shortNotices(
        short.map(([start]) => groupOf(start)),
        ranges.length,
        window,
        futureRows,
      ),
      ...ids.notices,
      ...texts.value.notices,
      ...(await missingTargetNotices({ run, file, folder }, result.value)),
    ],
    series: windows,
    windowOf: (example) => firstRows[example] ?? 0,
    batch: (examples) =>
      windows.read(
        examples.map((example) => firstRows[example] ?? 0),
        window,
      ),
    formatOf(output) {
      const { targets, outputs } = usesOf(spec, output);
      const { prefix } = predictionKeys(output, "");
      const own = metadataOf(metadata, output.loss.target);
      const { target, classes = null } = own.type === "table" ? own : metadata;
      const isTaken = (name: string) => isReservedName(name) || (!isOwnRow && isForecastName(name));
      const keys = target.map((name) => (prefix === "" && isTaken(name) ? `${name} (target)` : name));
      return {
        postprocess(scores) {
          const last = toProbabilities(output, outputs, lastStep(scores));
          if (outputs !== "numbers") return last;
          const scalerAt = (index: number) => scalerOf(scaler, columnOfOutput({ target }, index));
          return target.some((_, index) => scalerAt(index) !== undefined)
            ? { ...last, data: unscaleValues(last.data, scalerAt) }
            : last;
        },
        describe(example, scores, paths = null) {
          const [name = "target"] = keys;
          if (isProbabilistic(output.loss)) {
            const format = { loss: output.loss, keys, rows: horizon.length, request: forecast ?? defaultRequest };
            const members = forecastMembers(
              { ...format, scalerAt: (index) => scalerOf(scaler, target[index]), seed: spec.seed },
              example,
              scores,
              paths === null ? null : (row, place) => paths(output.port, example, row, place),
            );
            const rowsOf = (key: string) => members.map((row) => row[key]);
            const memberOf = (key: string) => (members.length === 1 ? members[0]?.[key] : new RowValues(rowsOf(key)));
            return keepOrder(entriesInOrder(members[0] ?? {}).map(([key]) => [prefix + key, memberOf(key)] as const));
          }
          if (outputs === "features") return { [predictionKeys(output, "output").value]: describeValues(scores) };
          if (targets === "classes") return describeClass(predictionKeys(output, name), scores, classes);
          const numbers = [describeValues(scores)].flat();
          const memberOf = (index: number) =>
            horizon.length === 1
              ? numbers[index]
              : new RowValues(horizon.map((_, place) => numbers[place * keys.length + index]));
          return keepOrder(keys.map((key, index) => [prefix + key, memberOf(index)] as const));
        },
      };
    },
    identify(example, prediction) {
      const { row: first, series } = starts[example] ?? { row: 0, series: 0 };
      const row = first + window - 1;
      if (isOwnRow) return withInput(lineOf(row), unreadOf(row), prediction);
      const group = groupOf(row);
      const isShown = (name: string) =>
        !Object.hasOwn(group, name) && name !== rowTime?.column && !metadata.target.includes(name);
      const origin = {
        line: lineOf(row),
        series: group,
        inputOf: (after: number) =>
          futureRows === 0 ? {} : keepOrder(entriesInOrder(unreadOf(row + after)).filter(([name]) => isShown(name))),
        rowAfter: (after: number) =>
          timeMember(rowTime, row, after, futureRows > 0) ?? { row: row - series + 1 + after },
      };
      return forecastRows(origin, horizon, prediction);
    },
  });
};

/**
 * The time of a row some rows after another, under the name of its column; undefined without a regular step.
 *
 * @param isInFile true where the file has the row with its time.
 */
function timeMember(time: TableTime | null, row: number, after: number, isInFile: boolean): Prediction | undefined {
  const written = isInFile && time !== null ? time.times[row + after] : undefined;
  const text =
    time === null
      ? undefined
      : written === undefined
        ? timeAhead(time, row, after)
        : writeTime(written, time.notation, time.textOf(row + after));
  if (time === null || text === undefined) return undefined;
  const { column } = time;
  return { [isReservedName(column) || isForecastName(column) ? `${column} (time)` : column]: text };
}

/**
 * A notice for rows between others whose target is missing, where training drops such rows: its windows skip them, those
 * of a prediction do not.
 */
async function missingTargetNotices(
  { run: { metadata, spec }, file, folder }: Pick<InputsOptions, "run" | "file" | "folder">,
  { rows, lineOf }: TableRows,
): Promise<readonly string[]> {
  if (metadata.type !== "table" || spec.data.type !== "table" || spec.data.missing !== "drop") return [];
  const { columns, target } = metadata;
  if (target.every((name) => columns.includes(name))) return [];
  // A file for predictions may have no targets.
  const complete = await readRows(
    withFile({ ...spec.data, ...fittedColumns(spec.data, metadata) }, file),
    folder,
    targetUsesOf(spec),
  );
  if (!complete.ok || complete.value.rows === 0) return [];
  const lastLine = complete.value.lineOf(complete.value.rows - 1);
  let rowsUpToLast = 1;
  while (rowsUpToLast < rows && lineOf(rowsUpToLast - 1) !== lastLine) rowsUpToLast++;
  const missing = rowsUpToLast - complete.value.rows;
  if (missing === 0) return [];
  return [
    `${formatCount(missing, "row")} of "${file}" ${missing === 1 ? "has" : "have"} no target. Training drops such rows; predictions read them.`,
  ];
}
