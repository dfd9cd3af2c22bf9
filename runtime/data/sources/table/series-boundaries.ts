/** Signs that the rows of a table belong to several series, or that their time runs backwards: dates and ids of each row. */
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import { rowsAhead } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { shorten } from "../../formats/columns.js";
import type { Row } from "../../formats/csv.js";
import { sortableDates, type TimeStep, type TimeSteps, type TimeTracker, trackTime } from "../../formats/dates.js";
import { parseNumber } from "../../formats/number-notation.js";

export interface SeriesCheck {
  update(row: Row): void;
  /** Null when the rows may be one series in order of time. */
  notice(): string | null;
}

const clockTime = /^\d{1,2}:\d{2}/u;
const timeName = /^(?:ds|date|time|timestamp|datetime|year|t|step|index|idx|epoch|cycle|frame)$/iu;
const idName =
  /(?:^|[_\s.-])(?:id|key|series|group|ticker|symbol|store|shop|item|sku|product|user|customer|patient|subject|sensor|station|device|machine|engine|unit|entity|country|region|city|episode|session|trial)s?$/iu;
/** Values of one column that are counted. */
const MAX_VALUES = 10_000;

/** @param names of all columns. @param excluded the columns of labels. @param group the columns of the series. */
export function checkSeries(
  data: Pick<NormalTableData, "window" | "horizon" | "reverse">,
  names: readonly string[],
  first: Row,
  excluded: readonly number[],
  group: readonly number[],
): SeriesCheck {
  if (rowsOfExample(data) + rowsAhead(data) < 2) return { update() {}, notice: () => null };
  const fieldOf = (row: Row, column: number) => row.fields[column] ?? "";
  const columns = names.map((_, column) => column).filter((column) => !excluded.includes(column));
  const isDate = (column: number) => sortableDates(fieldOf(first, column)).some((date) => date !== undefined);
  const isNumber = (column: number) => !Number.isNaN(parseNumber(fieldOf(first, column)));
  const timeColumn =
    columns.find(isDate) ?? columns.find((column) => timeName.test(names[column] ?? "") && isNumber(column));
  const ids = columns
    .filter((column) => column !== timeColumn && !isDate(column) && !clockTime.test(fieldOf(first, column)))
    .map((column) => ({ column, isNamed: idName.test(names[column] ?? "") }))
    .filter(({ column, isNamed }) => isNamed || !isNumber(column))
    .map((id) => ({ ...id, values: new Set<string>(), changes: 0, repeatedTimes: 0, change: null as TimeStep | null }));
  const isNumericTime = timeColumn !== undefined && !isDate(timeColumn);
  const startTracking = () => trackTime(isNumericTime ? numberKeys : undefined);
  const time = startTracking();
  let previous: Row | undefined;
  let rows = 0;

  const quoted = (column: number) => `column "${shorten(names[column] ?? "")}"`;
  const describe = ({ line, from, to }: TimeStep) =>
    `from "${shorten(from, 20)}" to "${shorten(to, 20)}" on line ${line}`;
  const severalSeries = (signs: readonly string[]) =>
    `The rows seem to be of several series: ${signs.join(", and ")}. Windows reach from one series into the next. ` +
    "Name the columns of the series in data.group.";

  const backwards = ({ up, down, firstUp, firstDown }: TimeSteps, column: number) => {
    const end = firstDown ?? firstUp;
    if ((data.reverse ? up : down) === 0 || end === null) return null;
    return `Time runs backwards: ${quoted(column)} goes ${describe(end)}. Set data.reverse to ${!data.reverse}.`;
  };

  if (group.length > 0) {
    const timeOf = new Map<string, TimeTracker>();
    return {
      update(row) {
        if (timeColumn === undefined) return;
        const series = JSON.stringify(group.map((column) => fieldOf(row, column)));
        const ofSeries = timeOf.get(series) ?? startTracking();
        timeOf.set(series, ofSeries);
        ofSeries.add(fieldOf(row, timeColumn), row.line);
      },
      notice() {
        if (timeColumn === undefined) return null;
        const steps = [...timeOf.values()].flatMap((ofSeries) => ofSeries.steps() ?? []);
        const jump = steps.map(jumpOf).find((step) => step !== null);
        if (jump !== undefined)
          return (
            `Time jumps within a series: ${quoted(timeColumn)} goes ${describe(jump)}. ` +
            "Sort the rows of each series by time, or name more columns in data.group."
          );
        return steps.map((ofSeries) => backwards(ofSeries, timeColumn)).find((notice) => notice !== null) ?? null;
      },
    };
  }
  return {
    update(row) {
      rows++;
      const before = previous;
      if (timeColumn !== undefined) time.add(fieldOf(row, timeColumn), row.line);
      const isRepeated =
        before !== undefined && timeColumn !== undefined && fieldOf(before, timeColumn) === fieldOf(row, timeColumn);
      for (const id of ids) {
        const field = fieldOf(row, id.column);
        if (before !== undefined && field === fieldOf(before, id.column)) continue;
        if (id.values.size <= MAX_VALUES) id.values.add(field);
        if (before === undefined) continue;
        id.changes++;
        if (isRepeated) id.repeatedTimes++;
        id.change ??= { line: row.line, from: fieldOf(before, id.column), to: field };
      }
      previous = row;
    },
    notice() {
      const repeating = ids.filter(({ values, change }) => change !== null && values.size * 2 <= rows);
      const idSign = ({ column, change }: (typeof ids)[number]) =>
        change === null ? [] : [`${quoted(column)} changes ${describe(change)}`];
      const steps = time.steps();
      if (timeColumn === undefined || steps === null) {
        const id =
          repeating.find(({ isNamed }) => isNamed) ??
          repeating.find(({ values, changes }) => changes === values.size - 1 && values.size * 3 <= rows);
        return id === undefined ? null : severalSeries(idSign(id));
      }
      const { up, down, equal } = steps;
      const jump = jumpOf(steps);
      const id = repeating.find(({ isNamed }) => isNamed) ?? repeating.find(({ changes }) => changes <= up + down);
      if (jump !== null)
        return severalSeries([
          `${quoted(timeColumn)} jumps ${describe(jump)}`,
          ...(id !== undefined && id.change?.line === jump.line ? idSign(id) : []),
        ]);
      const interleaved = repeating.find(
        ({ isNamed, repeatedTimes }) => repeatedTimes > 0 && (isNamed || repeatedTimes === equal),
      );
      if (interleaved !== undefined)
        return severalSeries([`${quoted(timeColumn)} repeats its values`, ...idSign(interleaved)]);
      return backwards(steps, timeColumn);
    },
  };
}

/** The first step against the usual direction; null where all have one direction. */
function jumpOf({ up, down, firstUp, firstDown }: TimeSteps): TimeStep | null {
  if (up === 0 || down === 0) return null;
  return up >= down ? firstDown : firstUp;
}

function numberKeys(field: string): readonly [number | undefined] {
  const number = parseNumber(field);
  return [Number.isNaN(number) ? undefined : number];
}
