/** Diagnostics: mistakes in a user's input, as values with a code, a position and a hint, never exceptions. */

export interface Diagnostic {
  /** Kebab-case and stable, such as `unknown-key`. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** JSON pointer into the spec (`/model/1/hidden_size`), or empty for the document itself. */
  readonly path: string;
  /** From 1. A problem of a whole file or of a command line is at line 1, column 1. */
  readonly line: number;
  readonly column: number;
  /** One sentence about the mistake. */
  readonly message: string;
  /** One sentence about the correction, or empty. */
  readonly hint: string;
  /** The file of the mistake, if it is not the spec itself. */
  readonly file?: string;
}

/** A mistake without a position yet: the path, and an offset within a string value, determine its line and column. */
export interface Problem {
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: "error" | "warning";
  /** Locate the member's key instead of its value. */
  readonly atKey?: boolean;
  /** Characters into the string value at `path` (an equation). */
  readonly offset?: number;
}

export type Report = (problem: Problem) => void;

/** A report that hands its problems on; `isSound` is true until the first of them. */
export function observeReport(report: Report): { readonly report: Report; readonly isSound: () => boolean } {
  let isSound = true;
  const observed: Report = (problem) => {
    isSound = false;
    report(problem);
  };
  return { report: observed, isSound: () => isSound };
}

/** The text that the lines of diagnostics refer to, and its name in messages. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
  /** The texts of other files that diagnostics name by their `file`. */
  readonly others?: readonly SourceText[];
}

/** The text that a diagnostic's line refers to; undefined for a file whose text is not known. */
export function textOf({ file }: Diagnostic, source: SourceText | undefined): SourceText | undefined {
  return file === undefined ? source : source?.others?.find(({ name }) => name === file);
}
