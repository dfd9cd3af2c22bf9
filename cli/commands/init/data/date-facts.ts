/** The dates of a column: their order, the first value that is no date, the first repeated one and the first missing one. */
import { dateReader, formatsOf } from "../../../../runtime/data/formats/date-values.js";
import { sortableDates, type TimeSteps, trackTime } from "../../../../runtime/data/formats/dates.js";
import type { OddValue } from "./table-kinds.js";

export interface DateFacts {
  /** The first of few values that are no dates; `isImpossible` for one in the notation of the dates, as February 30. */
  readonly odd: (OddValue & { readonly isImpossible: boolean }) | null;
  /** The first of few dates that are equal to that of the row before, in dates of one order. */
  readonly repeated: { readonly text: string; readonly line: number; readonly count: number } | null;
  /** The line of the first row without a date; null for none. */
  readonly missingLine: number | null;
  /** The formats of dates that may be read in several ways; none for other columns. */
  readonly formats: readonly string[];
}

/** The share of dates, and the least of them, from which another value is odd. */
const [MOSTLY, MIN_DATES] = [0.9, 8];
/** Values that are tried in every usual format. A column with as many others at its start has no dates. */
const MAX_TRIED = 1000;

export function collectDates() {
  const time = trackTime();
  let readers: ReturnType<typeof readersOf> = [];
  let [count, sortable, dates, repeats, before, shape] = [0, 0, 0, 0, "", ""];
  let odd: Pick<OddValue, "text" | "line"> | null = null;
  let repeated: Pick<OddValue, "text" | "line"> | null = null;
  let missingLine: number | null = null;
  return {
    add(text: string, line: number) {
      count += 1;
      if (sortableDates(text).some((date) => date !== undefined)) sortable += 1;
      time.add(text, line);
      if (readers.length === 0 && count <= MAX_TRIED) readers = readersOf(text);
      if (readers.some((read) => !Number.isNaN(read(text)))) {
        dates += 1;
        shape = shapeOf(text);
      } else odd ??= { text, line };
      if (text === before) {
        repeats += 1;
        repeated ??= { text, line };
      }
      before = text;
    },
    addMissing(line: number) {
      missingLine ??= line;
    },
    /** @param found the steps of dates in the format of the column; null for none. */
    steps: (found: TimeSteps | null) => (sortable === count ? time.steps() : found),
    finish(steps: TimeSteps | null, formats: readonly string[]): DateFacts {
      const isMostly = dates >= MIN_DATES && dates >= MOSTLY * count && dates < count;
      const isRare = repeats > 0 && repeats <= (1 - MOSTLY) * count;
      const isInOrder = steps !== null && Math.min(steps.up, steps.down) === 0;
      return {
        odd:
          isMostly && odd !== null
            ? { ...odd, count: count - dates, of: count, isImpossible: shapeOf(odd.text) === shape }
            : null,
        repeated: isInOrder && isRare && repeated !== null ? { ...repeated, count: repeats } : null,
        missingLine,
        formats,
      };
    },
  };
}

function readersOf(text: string) {
  return [null, ...formatsOf(text)].map(dateReader).filter((read) => !Number.isNaN(read(text)));
}

/** The notation of a date without its digits. */
function shapeOf(text: string): string {
  return text.replace(/\d/g, "0");
}
