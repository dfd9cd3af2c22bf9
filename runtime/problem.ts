/** A problem that a run finds: in the spec, or in a file that the spec or a flag names. */
import type { Problem } from "../schema/diagnostics/index.js";

/** With `file`, the position is inside that file and `path` is the member of the spec that names it. */
export interface RunProblem extends Problem {
  readonly file?: string;
  /** From 1, in the file; absent for a file without lines (an array), and for a problem of the file as a whole. */
  readonly line?: number;
  readonly column?: number;
}
