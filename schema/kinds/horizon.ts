/** The rows that a table predicts, counted from the last row of a window: 1 is the next row, 0 the window's own last. */
import type { NormalTableData } from "../normal/index.js";

type Horizon = Pick<NormalTableData, "horizon">;

/** The rows to be predicted of a horizon as written: a number is that many next rows, a list the rows themselves. */
export function horizonRows(horizon: number | readonly number[]): readonly number[] {
  if (typeof horizon !== "number") return horizon;
  return horizon === 0 ? [0] : Array.from({ length: horizon }, (_, index) => index + 1);
}

/** The name of an input of the rows to be predicted: `future` of numbers, `future.<name>` of ids. */
export function futureInput(name: string | null): string {
  return name === null ? "future" : `future.${name}`;
}

/** The name of an input of one value for each series: `static` of numbers, `static.<name>` of ids. */
export function staticInput(name: string | null): string {
  return name === null ? "static" : `static.${name}`;
}

/** True for an input of the rows to be predicted. */
export function isFutureInput(name: string): boolean {
  return name === "future" || name.startsWith("future.");
}

/** Rows after a window up to the last one to be predicted. */
export function rowsAhead({ horizon }: Horizon): number {
  return Math.max(...horizon);
}

/** True where a row of the window itself is predicted, whose targets are then no inputs. */
export function predictsOwnRow({ horizon }: Horizon): boolean {
  return horizon.includes(0);
}

/** The rows to be predicted as text: "the next row", "row 12 after the window", "the next 24 rows". */
export function describeHorizon({ horizon }: Horizon): string {
  const [first = 1] = horizon;
  if (horizon.length === 1)
    return first === 0 ? "the same row" : first === 1 ? "the next row" : `row ${first} after the window`;
  const isNext = horizon.every((row, index) => row === index + 1);
  return isNext ? `the next ${horizon.length} rows` : `the rows ${horizon.join(", ")} after the window`;
}
