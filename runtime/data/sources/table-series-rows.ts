/** The rows of the series of a table, for baselines and errors by series. */
import { rowsOfExample } from "../../../schema/kinds/columns.js";
import type { NormalTableData } from "../../../schema/normal/index.js";
import { gatherWindows } from "../batching/windows.js";
import { type ScalerParameters, unscaleValue } from "../scaler.js";
import type { Season, SeriesRows } from "../series-rows.js";
import type { DataSource, Uses } from "../source.js";
import type { TableRows } from "./table-rows.js";
import { markedRows } from "./table-scaling.js";
import { seriesRanges, type TableWindows } from "./table-series.js";
import type { PreparedTarget } from "./table-targets.js";

/** The rows of a table in time, as a member of its source; none for independent rows. */
export function seriesRows(
  data: NormalTableData,
  { rows, starts, groupOf }: Pick<TableRows, "rows" | "starts" | "groupOf">,
  windows: TableWindows,
  { targets, scalers }: Fitted,
  uses: ReadonlyMap<string, Pick<Uses, "targets">>,
): Pick<DataSource, "series"> {
  if (data.window === null) return {};
  const scalerOfTarget = (target: PreparedTarget, column: string) =>
    uses.get(target.name)?.targets === "numbers" ? scalers.get(column) : undefined;
  const ranges = seriesRanges(starts, rows);
  const rowOf = (example: number) => windows.firstRows[example] ?? 0;
  let marks: Uint8Array | undefined;
  const columns = new Map<string, Float64Array>();
  const series: SeriesRows = {
    names: ranges.map(([start]) => (data.group === null ? "" : Object.values(groupOf(start)).join(", "))),
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
    season: seasonOf(data),
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

function seasonOf({ season }: NormalTableData): Season | null {
  return season === null ? null : { rows: season, step: null };
}
