/** Problems as one line of text each, for tests that assert all of it. */
import type { Problem } from "../../schema/diagnostics/index.js";

export function line({ code, path, offset, message, hint, severity, atKey }: Problem): string {
  const location = `${path}${offset === undefined ? "" : `+${offset}`}${atKey ? " (key)" : ""}`;
  return `${severity === "warning" ? "warning " : ""}${code} ${location}: ${message}${hint ? `. ${hint}` : ""}`;
}

/** The problems that `check` reports, as lines. */
export function lines(check: (report: (problem: Problem) => void) => unknown): readonly string[] {
  const result: string[] = [];
  check((problem) => result.push(line(problem)));
  return result;
}
