/** Facts of a data file: its rows, and the kind, missing values, classes and lengths of each of its columns. */
import { makeUnique } from "../../../../runtime/data/formats/columns.js";
import { withoutGz } from "../../../../runtime/data/formats/file-chunks.js";
import { parseJsonLine } from "../../../../runtime/data/formats/json-line.js";
import { isMissing, type Notation, notationOf, parseNumber } from "../../../../runtime/data/formats/number-notation.js";
import { isTyped, readTableFile } from "../../../../runtime/data/formats/table-file.js";
import { readingProblem, readTextChunks, splitLines } from "../../../../runtime/data/formats/utf8-reader.js";
import { collectNumbers, type NumberStatistics } from "../../../../runtime/data/number-statistics.js";
import { splitWords } from "../../../../runtime/data/vocabulary/tokens.js";
import type { RunProblem } from "../../../../runtime/problem.js";
import { fail, ok, type Result } from "../../../../runtime/result.js";
import { collectDates, type DateFacts } from "./date-facts.js";
import { collectRows, type RowFacts } from "./row-facts.js";
import { collectKind, type FoundKind, type KindCollector, type NumberDoubt, type OddValue } from "./table-kinds.js";

/** `list` is a list of names in JSON, `vectors` a list of lists of numbers, `objects` are objects in JSON. */
export type ColumnKind = "numbers" | "text" | "list" | "vectors" | "objects" | "empty";

export interface ColumnFacts {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly missing: number;
  /** Of the values that are numbers; null for none. */
  readonly numbers: NumberStatistics | null;
  /** Values with their counts; null for more than `MAX_VALUES` different ones. */
  readonly values: ReadonlyMap<string, number> | null;
  /** The earliest and the latest of the dates; null for another column. */
  readonly ends: readonly [string, string] | null;
  /** Of the missing ones, those written as `none`, `NA`, …: missing in a table, classes of texts. */
  readonly markers: ReadonlyMap<string, number>;
  /** Different words of the texts, up to `MAX_VALUES`. */
  readonly words: number;
  /** Words of a text, or entries of a list, by row. */
  readonly lengths: readonly number[];
  /** Mean characters of a text. */
  readonly characters: number;
  /** True for 1, 2, 3, … or another count of the rows. */
  readonly isRowNumber: boolean;
  /** True for a column without a name next to others with one. */
  readonly isUnnamed: boolean;
  /** True for integers of a column named id, or without a name, each once. */
  readonly isIdentifier: boolean;
  /** A number in a notation that is not read, such as one with a decimal comma; null where others are texts. */
  readonly notation: (Notation & { readonly example: string }) | null;
  readonly isDate: boolean;
  /** True for dates from the newest to the oldest. */
  readonly isDescendingDate: boolean;
  /** True for dates in one order, each once: those of a series. */
  readonly isOrderedDate: boolean;
  /** The kind in a table; null where the column has none. */
  readonly tableKind: FoundKind | null;
  readonly dates: DateFacts;
  /** A number that another notation reads as another; null for none. */
  readonly doubt: NumberDoubt | null;
  /** A value of a column whose others are numbers; null for another column. */
  readonly odd: OddValue | null;
  /** True where the first row has no value. */
  readonly isFirstMissing: boolean;
  readonly order: ReturnType<KindCollector["order"]>;
  /** True for names of sound files. */
  readonly areSounds: boolean;
}

export interface FileFacts extends RowFacts {
  readonly format: "csv" | "tsv" | "json";
  /** The separator where it is not that of the format. */
  readonly delimiter: string | null;
  readonly hasHeader: boolean;
  /** Lines that start with "#" and are read as rows. */
  readonly commentRows: number;
  /** The evidence for a notation: the decimal mark of other columns, or the delimiter; null for none. */
  readonly decimalEvidence: "columns" | "delimiter" | null;
  readonly rows: number;
  readonly columns: readonly ColumnFacts[];
}

const MAX_VALUES = 1000;
const MAX_LINE_LENGTH = 2 ** 24;

interface File {
  readonly file: string;
  readonly folder: string;
}

/**
 * The facts of a table or of lines of JSON, by the extension of the file; null for another file.
 *
 * @param comment starts the lines of a table that are left out; "" for none.
 */
export async function readFileFacts(source: File, comment = ""): Promise<Result<FileFacts | null>> {
  if (isTyped(source.file)) return readTable(source, "csv", { delimiter: ",", comment: "", isOther: false });
  const [, extension = ""] = /\.(csv|tsv|jsonl|ndjson)$/i.exec(withoutGz(source.file)) ?? [];
  switch (extension.toLowerCase()) {
    case "csv":
      return readTable(source, "csv", { delimiter: ",", comment, isOther: false });
    case "tsv":
      return readTable(source, "tsv", { delimiter: "\t", comment, isOther: false });
    case "":
      return ok(null);
    default:
      return readJsonLines(source);
  }
}

async function readTable(
  source: File,
  format: "csv" | "tsv",
  { delimiter, comment, isOther }: { readonly delimiter: string; readonly comment: string; readonly isOther: boolean },
): Promise<Result<FileFacts>> {
  let columns: readonly Collector[] = [];
  const rowFacts = collectRows();
  let [rows, hasHeader, commentRows] = [0, true, 0];
  let other: string | undefined;
  const delimiterHint = (found: string) => {
    other = found;
    return "";
  };
  const problems = await readTableFile(
    { ...source, path: "" },
    { delimiter, isDelimiterSet: isOther, delimiterHint, comment, header: "auto" },
    {
      columns(names) {
        hasHeader = names.some((name, index) => name !== `${index + 1}`);
        if (hasHeader && names[0]?.startsWith("#") === true) commentRows += 1;
        columns = makeUnique(names).map((name, index) => collectColumn(name, hasHeader && name === `${index + 1}`));
        return [];
      },
      row({ fields, line }) {
        rows += 1;
        rowFacts.add(fields, line);
        if (fields[0]?.startsWith("#")) commentRows += 1;
        for (const [index, column] of columns.entries()) column.add(fields[index] ?? "", line);
        return [];
      },
    },
  );
  if (other !== undefined && !isOther) return readTable(source, format, { delimiter: other, comment, isOther: true });
  if (problems.length > 0) return fail(problems);
  const decimalEvidence = isTyped(source.file) ? null : settleDecimals(columns, delimiter);
  return ok({
    ...{ format, delimiter: isOther ? delimiter : null, hasHeader, commentRows, decimalEvidence, rows },
    ...rowFacts.finish(),
    columns: columns.map((column) => column.finish()),
  });
}

/** Chooses the notation of columns with several by the decimal mark of the others, or by the semicolons or commas between fields. */
function settleDecimals(columns: readonly Collector[], delimiter: string): FileFacts["decimalEvidence"] {
  const [mark, ...others] = new Set(columns.flatMap(({ kinds }) => kinds.decimal() ?? []));
  if (mark !== undefined && others.length === 0) {
    for (const { kinds } of columns) kinds.settle(mark);
    return "columns";
  }
  if (mark !== undefined || (delimiter !== ";" && delimiter !== ",")) return null;
  const isOfCommas = delimiter === ",";
  const chosen = columns.map(({ kinds }) => kinds.settle(isOfCommas ? "." : ",", !isOfCommas));
  return isOfCommas && !chosen.includes(true) ? null : "delimiter";
}

async function readJsonLines(source: File): Promise<Result<FileFacts>> {
  const { file } = source;
  const columns = new Map<string, Collector>();
  const rowFacts = collectRows();
  let [rows, number] = [0, 0];
  try {
    for await (const text of splitLines(readTextChunks({ ...source, path: "" }), MAX_LINE_LENGTH)) {
      number += 1;
      if (text.trim() === "") continue;
      const parsed = parseJsonLine(text);
      if (!parsed.ok) return fail([lineProblem(file, number, parsed.error)]);
      rowFacts.add([text.trim()], number);
      for (const [key, value] of Object.entries(parsed.value.line)) {
        const column = columns.get(key) ?? collectColumn(key);
        columns.set(key, column);
        column.add(value, number);
      }
      rows += 1;
    }
  } catch (error) {
    return fail([readingProblem({ ...source, path: "" }, error)]);
  }
  return ok({
    ...{ format: "json", delimiter: null, hasHeader: true, commentRows: 0, decimalEvidence: null, rows },
    ...rowFacts.finish(),
    columns: [...columns.values()].map((column) => column.finish(rows)),
  });
}

function lineProblem(file: string, line: number, fault: string): RunProblem {
  const message = `${file}:${line}: The line ${fault}.`;
  return { code: "sequence-line", path: "", file, line, message, hint: "Write one object per line." };
}

interface Collector {
  readonly kinds: KindCollector;
  add(value: unknown, line: number): void;
  /** @param rows of the file, some of which may lack the key. */
  finish(rows?: number): ColumnFacts;
}

function collectColumn(name: string, isUnnamed = false): Collector {
  const values = new Map<string, number>();
  const markers = new Map<string, number>();
  const words = new Set<string>();
  const lengths: number[] = [];
  let isFirstMissing = false;
  let [count, missing, numbers, lists, vectors, objects, characters] = [0, 0, 0, 0, 0, 0, 0];
  let [last, rowNumbers, otherNumbers, sounds] = ["", 0, 0, 0];
  const statistics = collectNumbers();
  const dates = collectDates();
  const kinds = collectKind();
  let notation: ColumnFacts["notation"] = null;
  const addText = (text: string, line: number) => {
    const number = parseNumber(text);
    if (!Number.isNaN(number)) {
      numbers += 1;
      statistics.add(number);
    } else {
      const found = notationOf(text);
      if (found !== undefined) {
        otherNumbers += 1;
        notation ??= { ...found, example: text };
      }
    }
    if (last === "" || number === Number(last) + 1) rowNumbers += 1;
    if (values.size <= MAX_VALUES) values.set(text, (values.get(text) ?? 0) + 1);
    if (/\.wav$/i.test(text)) sounds += 1;
    dates.add(text, line);
    kinds.add(text, line);
    last = text;
    characters += text.length;
    const split = splitWords(text);
    lengths.push(split.length);
    for (const word of split) if (words.size < MAX_VALUES) words.add(word);
  };
  return {
    kinds,
    add(value, line) {
      count += 1;
      if (Array.isArray(value)) {
        if (Array.isArray(value[0])) vectors += 1;
        else lists += 1;
        lengths.push(value.length);
      } else if (typeof value === "object" && value !== null) {
        objects += 1;
        lengths.push(0);
      } else if (value === null || value === undefined || isMissing(`${value}`)) {
        missing += 1;
        dates.addMissing(line);
        isFirstMissing ||= count === 1;
        lengths.push(0);
        if (typeof value === "string" && value !== "") markers.set(value, (markers.get(value) ?? 0) + 1);
      } else addText(`${value}`, line);
    },
    finish(rows = count) {
      const present = count - missing;
      const structured = objects > 0 ? "objects" : vectors > 0 ? "vectors" : lists > 0 ? "list" : undefined;
      const kind = structured ?? (present === 0 ? "empty" : undefined);
      const known = values.size > MAX_VALUES ? null : values;
      const steps = dates.steps(kinds.dateSteps());
      const isDate = steps !== null;
      const tableKind =
        kind === undefined
          ? kinds.finish({ values: known, longestWords: lengths.reduce((most, length) => Math.max(most, length), 0) })
          : null;
      const order = kinds.order();
      const areNumbers = numbers === present && tableKind?.type !== "date";
      return {
        name,
        kind: kind ?? (areNumbers ? "numbers" : "text"),
        missing: missing + rows - count,
        numbers: statistics.finish(),
        values: known,
        ends: isDate ? steps.ends : null,
        markers,
        words: words.size,
        lengths,
        characters: characters / Math.max(present, 1),
        isRowNumber: areNumbers && rowNumbers === count && count > 1,
        isIdentifier:
          (isUnnamed ? order.time === null : /(?:^|[^a-z])(?:id|uuid|key)$|^I[Dd]$|[a-z]I[Dd]$/.test(name)) &&
          areNumbers &&
          (values.size === present || (isUnnamed && rowNumbers === count)) &&
          present > 1,
        notation: numbers + otherNumbers === present ? notation : null,
        isDate,
        isDescendingDate: isDate && steps.down > steps.up,
        isOrderedDate: isDate && steps.equal === 0 && Math.min(steps.up, steps.down) === 0,
        tableKind,
        doubt: kinds.doubt(),
        dates: dates.finish(steps, kinds.dateFormats()),
        odd: kind === undefined ? kinds.odd() : null,
        ...{ isUnnamed, isFirstMissing, order },
        areSounds: sounds === present && present > 0,
      };
    },
  };
}
