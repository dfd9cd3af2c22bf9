/** The rows of a table as they are read: numbers by column, labels, lines, series and times. */
import type { NormalColumnKind } from "../../../../schema/normal/index.js";
import type { FloatList } from "../../batching/windows.js";
import type { SelectedTarget } from "./columns.js";
import type { ColumnPolicy } from "./missing.js";
import type { TableTime } from "./order.js";

/** A target: its columns, as indices, and the label of each row if it has classes; else no labels. */
export interface RowTarget extends SelectedTarget {
  readonly labels: readonly string[];
}

export interface TableRows {
  readonly rows: number;
  /** The names of the columns of `values`: inputs first, then targets that are not inputs. */
  readonly columns: readonly string[];
  /** [rows, columns] in order of time, without missing entries. A column of labels is 0. */
  readonly values: FloatList<Float64Array>;
  /** The names of the columns in the spec, and their kinds; null where the spec has none. */
  readonly specNames: readonly (string | null)[];
  readonly kinds: readonly (NormalColumnKind | null)[];
  /** The treatment of missing values of each column, and their number. Values of "zero" and "mean" are NaN. */
  readonly policies: readonly ColumnPolicy[];
  readonly missing: readonly number[];
  /**
   * By column, rows of 1 where the file lacks the value: of targets that are numbers; without targets, of numbers that
   * are not known ahead.
   */
  readonly absent: ReadonlyMap<number, Uint8Array>;
  /** By column: the texts of categories, whose index is the value. */
  readonly texts: ReadonlyMap<number, readonly string[]>;
  /** The first row of each series. */
  readonly starts: readonly number[];
  /** The group of each row, which no two folds share; null without groups. */
  readonly foldGroups: readonly string[] | null;
  /** Indices in `columns`. */
  readonly inputs: readonly number[];
  readonly targets: readonly RowTarget[];
  /** Null where rows are in the order of the file. */
  readonly time: TableTime | null;
  /** The line of a row in the file, from 1; of a row that the file lacks, that of the row before. */
  readonly lineOf: (row: number) => number;
  /** The columns that name the series of a row, by name; none for one series. */
  readonly groupOf: (row: number) => Readonly<Record<string, string>>;
  /** The fields of a row that are not read, by the name of their column; empty unless they are kept. */
  readonly unreadOf: (row: number) => Readonly<Record<string, string>>;
  /** The choice of columns, and signs of several series. */
  readonly notices: readonly string[];
  /** Rows without a value, which data.missing "drop" leaves out. */
  readonly dropped: number;
}
