/** The kind of a column of a table, found in its values: number, boolean, category or date, with the options that read it. */
import { compactFormatOf } from "../../../../runtime/data/formats/compact-dates.js";
import { dateReader, formatsOf } from "../../../../runtime/data/formats/date-values.js";
import { type TimeSteps, trackTime } from "../../../../runtime/data/formats/dates.js";
import { numberReader } from "../../../../runtime/data/formats/number-marks.js";
import { haveOneStep, type TimeUnit, timeUnitOf } from "./time-numbers.js";

/** A kind as a spec has it, without the defaults. */
export type FoundKind =
  | {
      readonly type: "number";
      readonly decimal: string;
      readonly thousands: string;
      readonly unit: string | null;
      /** All notations in which the values are the same numbers, as integers are in each. */
      readonly equivalent: readonly { readonly decimal: string; readonly thousands: string }[];
    }
  | { readonly type: "boolean" }
  | { readonly type: "category" }
  | { readonly type: "date"; readonly format: string | null; readonly hasTime: boolean }
  | { readonly type: "text" };

/** A number in two notations, as 6.623 is: 6.623 or 6623. */
export interface NumberDoubt {
  readonly text: string;
  readonly chosen: number;
  readonly other: number;
  readonly otherFormat: { readonly decimal: string; readonly thousands: string };
}

type NumberOptions = Omit<Extract<FoundKind, { readonly type: "number" }>, "type" | "equivalent">;

/** A value of a column whose others are numbers. */
export interface OddValue {
  readonly text: string;
  readonly line: number;
  /** Values that are no numbers, of all. */
  readonly count: number;
  readonly of: number;
}

/** Successive numbers of a column. */
interface NumberOrder {
  /** Of each number with the one before. */
  readonly correlation: number;
  /** True for numbers that never fall, or never rise. */
  readonly isSorted: boolean;
  /** Of integers that rise from row to row and are times, their unit; of dates of one step, each once, `dates`. */
  readonly time: TimeUnit | "dates" | null;
}

export interface KindCollector {
  /** @param line of the value in the file. */
  add(text: string, line: number): void;
  /** The first of few values that are no numbers, in a column of numbers; null for another column. */
  odd(): OddValue | null;
  /** Null for texts, for values of several kinds, and for numbers or dates that may be read in two ways. */
  /** The decimal mark of all notations that read the column; null for several, or none. */
  decimal(): string | null;
  /** Keeps the notations of a decimal mark where others read other numbers. @param overPlain only where one is plain. @returns true where it chose. */
  settle(decimal: string, overPlain?: boolean): boolean;
  /** A number of the column that another notation reads as another; null for none, and before any notation is chosen. */
  doubt(): NumberDoubt | null;
  finish(facts: {
    readonly values: ReadonlyMap<string, number> | null;
    readonly longestWords: number;
  }): FoundKind | null;
  /** The formats of dates that read the column with different times; none for one format, or for no dates. */
  dateFormats(): readonly string[];
  /** The steps of dates with a year in the format of the column; null for another column. */
  dateSteps(): TimeSteps | null;
  /** The order of the numbers, of the first rows. */
  order(): NumberOrder;
}

const notations = [
  { decimal: ".", thousands: "" },
  { decimal: ",", thousands: "" },
  { decimal: ",", thousands: "." },
  { decimal: ".", thousands: "," },
  { decimal: ".", thousands: " " },
  { decimal: ",", thousands: " " },
  { decimal: ".", thousands: "'" },
] as const;
const unitPattern = /^[+-]?(%|[€$£¥₹]|EUR|USD|CHF|GBP)|(%|[€$£¥₹]|EUR|USD|CHF|GBP)$/u;
const booleans = [
  ["true", "false"],
  ["yes", "no"],
  ["y", "n"],
  ["t", "f"],
  ["on", "off"],
] as const;
/** Categories of a column, and rows for each of them on average. */
const [MAX_CATEGORIES, MIN_ROWS] = [200, 2];
const MAX_WORDS = 4;
/** The share of numbers, that next to one mark, and the least of them, from which another value is odd. */
const [MOSTLY, SOME, MIN_NUMBERS] = [0.9, 0.3, 8];
/** Numbers whose correlation is measured. */
const MAX_NUMBERS = 10_000;

export function collectKind(): KindCollector {
  let numberReaders: readonly ReturnType<typeof readerOf>[] | undefined;
  let dates: readonly DateFormat[] | undefined;
  let settled: readonly ReturnType<typeof readerOf>[] | undefined;
  let hasTime = false;
  let count = 0;
  const texts: string[] = [];
  /** Numbers of the first notations, and the first value that has none. */
  let anyReaders: readonly ReturnType<typeof readerOf>[] | undefined;
  let numbers = 0;
  let firstOdd: Pick<OddValue, "text" | "line"> | null = null;
  /** Values that are no numbers and not the first of these. */
  let otherOdds = 0;
  let isCode = true;
  let hasLeadingZero = false;
  return {
    add(text, line) {
      count += 1;
      const unit =
        unitPattern
          .exec(text)
          ?.slice(1)
          .find((found) => found !== undefined) ?? null;
      numberReaders ??= notations.map((notation) => readerOf({ ...notation, unit }));
      anyReaders ??= numberReaders;
      if (anyReaders.some(({ read }) => !Number.isNaN(read(text)))) numbers += 1;
      else {
        firstOdd ??= { text, line };
        if (text !== firstOdd.text) otherOdds += 1;
      }
      isCode &&= /^\d{2,}$/.test(text);
      hasLeadingZero ||= /^0\d/.test(text);
      numberReaders = numberReaders.filter(({ read }) => !Number.isNaN(read(text)));
      dates ??= [null, ...formatsOf(text)].map(dateFormat);
      dates = dates.filter(({ read }) => !Number.isNaN(read(text)));
      for (const { time } of dates) time.add(text, line);
      hasTime ||= /\d:\d\d/.test(text);
      if (texts.length < MAX_NUMBERS) texts.push(text);
    },
    odd() {
      // A mark of missing values, such as "-", may be frequent.
      const isMark = otherOdds === 0 && firstOdd !== null && !/^[\p{L}\d]/u.test(firstOdd.text);
      const least = isMark ? SOME : MOSTLY;
      const isOdd = firstOdd !== null && numbers >= MIN_NUMBERS && numbers >= least * count;
      return isOdd && firstOdd !== null ? { ...firstOdd, count: count - numbers, of: count } : null;
    },
    decimal() {
      const [mark, ...others] = new Set(numberReaders?.map(({ format }) => format.decimal));
      return mark === undefined || others.length > 0 ? null : mark;
    },
    settle(decimal, overPlain = false) {
      const [first] = numberReaders ?? [];
      if (first === undefined || (overPlain && !isPlain(first.format))) return false;
      if (isPlain(first.format) && decimal === first.format.decimal) return false;
      if (distinct(numberReaders ?? [], texts).length < 2) return false;
      const kept = numberReaders?.filter(({ format }) => format.decimal === decimal) ?? [];
      if (kept.length > 0) settled = kept;
      return kept.length > 0;
    },
    doubt() {
      const [chosen] = settled ?? numberReaders ?? [];
      const [other] = distinct(numberReaders ?? [], texts).filter(({ format }) => format !== chosen?.format);
      if (chosen === undefined || other === undefined) return null;
      const text = texts.find((each) => chosen.read(each) !== other.read(each));
      if (text === undefined) return null;
      return { text, chosen: chosen.read(text), other: other.read(text), otherFormat: other.format };
    },
    finish({ values, longestWords }) {
      // Digits that start with 0, as those of a postal code, are no number.
      const areCodes = isCode && hasLeadingZero && count > 0;
      const compact = isCode ? likeliestDates(dates ?? [], texts)[0] : undefined;
      if (compact !== undefined) return { type: "date", format: compact.format, hasTime };
      const readers = areCodes ? [] : (settled ?? numberReaders ?? []);
      const [first] = readers;
      // A number in the notation that is read without settings is that number.
      if (first !== undefined && (isPlain(first.format) || distinct(readers, texts).length === 1)) {
        const equivalent = readers.filter(({ read }) => texts.every((text) => read(text) === first.read(text)));
        return { type: "number", ...first.format, equivalent: equivalent.map(({ format }) => format) };
      }
      if (first !== undefined) return null;
      const [date, ...otherDates] = likeliestDates(dates ?? [], texts);
      if (date !== undefined) return otherDates.length > 0 ? null : { type: "date", format: date.format, hasTime };
      if (values === null || count === 0) return null;
      const spellings = [...values.keys()].map((text) => text.toLowerCase());
      const isBoolean = booleans.some(
        (pair) => new Set(spellings).size === 2 && spellings.every((text) => pair.some((each) => each === text)),
      );
      if (isBoolean) return { type: "boolean" };
      return areCategories(values, count) && values.size > 1 && longestWords <= MAX_WORDS ? { type: "category" } : null;
    },
    dateFormats() {
      const likeliest = likeliestDates(dates ?? [], texts);
      return likeliest.length < 2 ? [] : likeliest.flatMap(({ format }) => format ?? []);
    },
    dateSteps() {
      const [date, ...others] = likeliestDates(dates ?? [], texts);
      return date === undefined || others.length > 0 || !hasYear(date.format) ? null : date.time.steps();
    },
    order() {
      const [reader] = settled ?? numberReaders ?? [];
      const [date, ...otherDates] = likeliestDates(dates ?? [], texts);
      if (reader === undefined || date !== undefined) {
        const isDate = date !== undefined && otherDates.length === 0 && texts.length === count;
        const time = isDate && hasYear(date.format) && haveOneStep(texts.map(date.read)) ? "dates" : null;
        return { correlation: 0, isSorted: false, time };
      }
      const numbers = texts.map(reader.read);
      const steps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
      const isSorted = steps.every((step) => step >= 0) || steps.every((step) => step <= 0);
      const isRising = steps.length > 0 && steps.every((step) => step > 0);
      const time = isRising ? timeUnitOf(texts) : null;
      const isTime = time !== null && (time !== "years" || steps.every((step) => step === 1));
      return { correlation: correlation(numbers), isSorted, time: isTime ? time : null };
    },
  };
}

/** True for few different values, each in several of the rows. */
export function areCategories(values: ReadonlyMap<string, number>, rows: number): boolean {
  return values.size <= MAX_CATEGORIES && values.size * MIN_ROWS <= rows;
}

function isPlain({ decimal, thousands, unit }: NumberOptions): boolean {
  return decimal === "." && thousands === "" && unit === null;
}

function readerOf(format: NumberOptions) {
  return { format, read: numberReader(format).read };
}

type DateFormat = ReturnType<typeof dateFormat>;

function dateFormat(format: string | null) {
  const read = dateReader(format);
  return { format, read, time: trackTime((text) => [read(text)]) };
}

/** The formats with different times of the texts; one where its dates alone are in one order, each once. Few integers are dates. */
function likeliestDates(formats: readonly DateFormat[], texts: readonly string[]): readonly DateFormat[] {
  const compact = compactFormatOf(texts);
  if (compact !== undefined) return formats.filter(({ format }) => format !== null && format === compact);
  const unlike = distinct(formats, texts);
  if (unlike.length < 2) return unlike;
  const ordered = unlike.filter(({ time }) => {
    const steps = time.steps();
    return steps !== null && steps.equal === 0 && Math.min(steps.up, steps.down) === 0;
  });
  return ordered.length === 1 ? ordered : unlike;
}

function hasYear(format: string | null): boolean {
  return format === null || /%[YyGs]/.test(format);
}

/** The readers with different numbers of the texts: plain numbers are the same in all of them. */
function distinct<T extends { readonly read: (text: string) => number }>(
  readers: readonly T[],
  texts: readonly string[],
): readonly T[] {
  const unlike: T[] = [];
  for (const reader of readers)
    if (!unlike.some((other) => texts.every((text) => other.read(text) === reader.read(text)))) unlike.push(reader);
  return unlike;
}

/** Pearson's correlation of each number with the one before. */
function correlation(numbers: readonly number[]): number {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
  const deviations = numbers.map((number) => number - mean);
  const products = deviations.slice(1).reduce((sum, deviation, index) => sum + deviation * (deviations[index] ?? 0), 0);
  const squares = deviations.reduce((sum, deviation) => sum + deviation * deviation, 0);
  return squares === 0 ? 0 : products / squares;
}
