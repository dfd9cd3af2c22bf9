/** Facts of whole rows: those that are equal to an earlier one, and a last row of totals. */
import { createHash } from "node:crypto";

export interface RowFacts {
  /** Rows that are equal to an earlier one; null for too many rows. */
  readonly duplicates: number | null;
  /** The first text of a last row that has the sums of the others; null for none. */
  readonly total: { readonly text: string; readonly line: number } | null;
}

/** Rows that are compared with one another. */
const MAX_ROWS = 2_000_000;
const totalPattern = /^(?:grand |sub)?totals?\b|^sums?\b|^summe\b|^gesamt\b|^insgesamt\b/i;

/** True for the name of a series that has the sums of the others, as "Total" and "All" do. */
export function isTotalName(name: string): boolean {
  return totalPattern.test(name) || /^alle?\b/i.test(name);
}

/** Counts equal rows by 64 bits of their SHA-256. */
export function collectRows() {
  const seen = new Set<string>();
  let [rows, count] = [0, 0];
  let last: RowFacts["total"] = null;
  return {
    /** @param fields of a row in the order of the columns, or the text of a line alone. */
    add(fields: readonly string[], line: number) {
      rows += 1;
      const text = fields.find((field) => field !== "") ?? "";
      last = rows > 2 && fields.length > 1 && totalPattern.test(text) ? { text, line } : null;
      if (rows > MAX_ROWS) return;
      const key = createHash("sha256").update(fields.join("\u0000")).digest("base64").slice(0, 11);
      if (seen.has(key)) count += 1;
      seen.add(key);
    },
    finish: (): RowFacts => ({ duplicates: rows > MAX_ROWS ? null : count, total: last }),
  };
}
