/** What is wrong with a user's input: a value with a code, a place and a way out, never an exception. */

export interface Diagnostic {
  /** Kebab-case and stable, such as `unknown-key`. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** JSON pointer into the spec (`/model/1/hidden_size`), or empty for the document itself. */
  readonly path: string;
  /** From 1. Zero where there is no position (a file that cannot be read, a command-line flag). */
  readonly line: number;
  readonly column: number;
  /** One sentence: what is wrong. */
  readonly message: string;
  /** One sentence: what to write instead. Empty where there is nothing to say. */
  readonly hint: string;
  /** The named file, when it is not the spec itself. */
  readonly file?: string;
}

/** A problem before it has a position: positions are looked up by path, and by offset within a string value. */
export interface Problem {
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: "error" | "warning";
  /** Point at the key of the member instead of its value. */
  readonly atKey?: boolean;
  /** Characters into the string value at `path` (an equation). */
  readonly offset?: number;
}

export type Report = (problem: Problem) => void;
