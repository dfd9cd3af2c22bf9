/** The number of rows of a file that are equal to an earlier one. */
import { createHash } from "node:crypto";

/** Rows that are compared with one another. */
const MAX_ROWS = 2_000_000;

/** Counts equal rows by 64 bits of their SHA-256. */
export function countDuplicates() {
  const seen = new Set<string>();
  let [rows, count] = [0, 0];
  return {
    add(row: string) {
      rows += 1;
      if (rows > MAX_ROWS) return;
      const key = createHash("sha256").update(row).digest("base64").slice(0, 11);
      if (seen.has(key)) count += 1;
      seen.add(key);
    },
    count: () => (rows > MAX_ROWS ? null : count),
  };
}
