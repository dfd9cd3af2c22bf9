/** Problems as one line of text each, for tests that assert all of it. */
import type { Problem } from "../../schema/diagnostics.js";

export function line({ code, path, offset, message, hint, severity, atKey }: Problem): string {
  const place = `${path}${offset === undefined ? "" : `+${offset}`}${atKey ? " (key)" : ""}`;
  return `${severity === "warning" ? "warning " : ""}${code} ${place}: ${message}${hint ? `. ${hint}` : ""}`;
}

/** The problems that `check` reports, as lines. */
export function lines(check: (report: (problem: Problem) => void) => unknown): readonly string[] {
  const found: string[] = [];
  check((problem) => found.push(line(problem)));
  return found;
}
