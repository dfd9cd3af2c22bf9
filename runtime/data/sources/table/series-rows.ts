/** The rows of the series of a table, for baselines and errors by series. */
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { gatherWindows } from "../../batching/windows.js";
import type { TimeStep } from "../../formats/time-step.js";
import { type ScalerParameters, unscaleValue } from "../../scaler.js";
import type { Season, SeriesRows } from "../../series-rows.js";
import type { DataSource, Uses } from "../../source.js";
import type { TableRows } from "./contents.js";
import type { TableTime } from "./order.js";
import { namesOf } from "./row-series.js";
import { markedRows } from "./scaling.js";
import { seriesRanges, type TableWindows } from "./series.js";
import type { PreparedTarget } from "./targets.js";

/** The rows of a table in time, as a member of its source; none for independent rows. */
export function seriesRows(
  data: NormalTableData,
  read: Pick<TableRows, "rows" | "starts" | "groupOf" | "time" | "absent" | "targets">,
  windows: TableWindows,
  { targets, scalers }: Fitted,
  uses: ReadonlyMap<string, Pick<Uses, "targets">>,
): Pick<DataSource, "series"> {
  if (data.window === null) return {};
  const { rows, starts, groupOf, time } = read;
  const scalerOfTarget = (target: PreparedTarget, column: string) =>
    uses.get(target.name)?.targets === "numbers" ? scalers.get(column) : undefined;
  const ranges = seriesRanges(starts, rows);
  const rowOf = (example: number) => windows.firstRows[example] ?? 0;
  let marks: Uint8Array | undefined;
  const columns = new Map<string, Float64Array>();
  const series: SeriesRows = {
    names: ranges.map(([start]) => (data.group === null ? "" : namesOf(groupOf(start)).join(", "))),
    ranges,
    window: rowsOfExample(data),
    horizon: data.horizon,
    rowOf,
    seriesOf(example) {
      const row = rowOf(example);
      let [low, high] = [0, starts.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((starts[middle] ?? 0) <= row) low = middle;
        else high = middle - 1;
      }
      return low;
    },
    isTraining(row) {
      marks ??= windows.splits.train.length === 0 ? new Uint8Array(rows).fill(1) : markedRows(windows, data, rows);
      return marks[row] === 1;
    },
    column(name, index) {
      const key = `${name}/${index}`;
      const found = columns.get(key);
      if (found !== undefined) return found;
      const target = targets.find((one) => one.name === name) ?? targets[0];
      const values = target === undefined ? new Float64Array(rows) : valuesOf(target, index, rows, scalerOfTarget);
      columns.set(key, values);
      return values;
    },
    isFilled(name, index, row) {
      const target = read.targets.find((one) => one.name === name) ?? read.targets[0];
      return read.absent.get(target?.columns[index] ?? -1)?.[row] === 1;
    },
    season: seasonOf(data, time),
  };
  return { series };
}

interface Fitted {
  readonly targets: readonly PreparedTarget[];
  readonly scalers: ReadonlyMap<string, ScalerParameters>;
}

/** Rows that are read at once. */
const CHUNK = 65_536;

function valuesOf(
  target: PreparedTarget,
  index: number,
  rows: number,
  scalerOfTarget: (target: PreparedTarget, column: string) => ScalerParameters | undefined,
): Float64Array {
  const { series, columns } = target;
  const scaler = scalerOfTarget(target, columns[index] ?? "");
  const values = new Float64Array(rows);
  for (let start = 0; start < rows; start += CHUNK) {
    const length = Math.min(CHUNK, rows - start);
    const { data } = gatherWindows(series, { stride: 1, shift: 0, length }, [start], [length, series.width]);
    for (let row = 0; row < length; row++) {
      const value = Number(data[row * series.width + index]);
      values[start + row] = scaler === undefined ? value : unscaleValue(value, scaler);
    }
  }
  return values;
}

const [SECOND, DAY] = [1000, 86_400_000];

/** The season of the spec, else the usual one of the step of the times. */
function seasonOf({ season }: NormalTableData, time: TableTime | null): Season | null {
  if (season !== null) return { rows: season, step: null };
  return time?.step ? usualSeason(time.step) : null;
}

/** A day of shorter steps, 7 days, 5 weekdays, 52 weeks, 12 months or 4 quarters; null for other steps, and for numbers. */
export function usualSeason({ unit, count }: TimeStep): Season | null {
  if (unit === "number") return null;
  if (unit === "weekday" && count === DAY) return { rows: 5, step: "a weekday" };
  if (unit === "month" || unit === "month_end") {
    const rows = 12 / count;
    const name = count === 1 ? "a month" : count === 3 ? "a quarter" : `${count} months`;
    return Number.isInteger(rows) && rows > 1 ? { rows, step: name } : null;
  }
  if (count === DAY) return { rows: 7, step: "a day" };
  if (count === 7 * DAY) return { rows: 52, step: "a week" };
  const rows = DAY / count;
  return Number.isInteger(rows) && rows > 1 ? { rows, step: nameOfSpan(count) } : null;
}

/** A span of less than a day: "an hour", "15 minutes". */
function nameOfSpan(span: number): string {
  const units = [
    [3600 * SECOND, "an hour", "hours"],
    [60 * SECOND, "a minute", "minutes"],
    [SECOND, "a second", "seconds"],
  ] as const;
  const [size, one, several] = units.find(([unit]) => span % unit === 0) ?? [1, "a millisecond", "milliseconds"];
  return span === size ? one : `${span / size} ${several}`;
}
