/** A problem that a run finds: in the spec, or in a file that the spec or a flag names. */
import type { Problem } from "../schema/diagnostics/index.js";

/** With `file`, the place is inside that file and `path` is the member of the spec that names it. */
export interface RunProblem extends Problem {
  readonly file?: string;
  /** From 1, in the file; absent where the file has no lines (an array) or the whole file is meant. */
  readonly line?: number;
  readonly column?: number;
}

export type Result<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problems: readonly RunProblem[] };

export function fail(...problems: readonly RunProblem[]): {
  readonly ok: false;
  readonly problems: readonly RunProblem[];
} {
  return { ok: false, problems };
}
