/** Diagnostics as text for a terminal: location, message, the lines around it, and the hint. */

import { type Diagnostic, type SourceText, textOf } from "./index.js";
import { printable } from "./suggest.js";

export interface FrameOptions {
  readonly color?: boolean;
  /** Columns of the terminal. */
  readonly columns?: number;
}

const linesAbove = 2;
const linesBelow = 2;
/** Columns of an excerpt at most, and those of the marks before it: "> 12 | ". */
const [maxWidth, minWidth, gutter] = [120, 20, 5];

/** All diagnostics, separated by blank lines. `source` is the text of their lines, if any. */
export async function frame(
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
  options: FrameOptions = {},
): Promise<string> {
  const [{ codeFrameColumns }, { createColors }] = await Promise.all([
    import("@babel/code-frame"),
    import("picocolors").then((module) => module.default),
  ]);
  const colors = createColors(options.color ?? false);

  const render = (diagnostic: Diagnostic): string => {
    const { severity, code, line, column, message, hint } = diagnostic;
    const paint = severity === "error" ? colors.red : colors.yellow;
    const name = diagnostic.file ?? source?.name ?? "";
    const text = textOf(diagnostic, source)?.text;
    const isWholeFile = text === undefined && diagnostic.file !== undefined && line === 1 && column === 1;
    const location = name === "" || isWholeFile ? name : `${name}:${line}:${column}`;
    const head = [
      paint(`${severity}[${code}]`),
      printable(location),
      diagnostic.path === "" ? "" : colors.dim(printable(diagnostic.path)),
    ];
    const sections = [head.filter((part) => part !== "").join(" "), `  ${colors.bold(printable(message))}`];
    if (text !== undefined) {
      const lines = text.split(/\r\n|\n|\r/);
      const available = (options.columns ?? Number.POSITIVE_INFINITY) - gutter - `${line + linesBelow}`.length;
      const excerpt = excerptOf(lines, { line, column }, Math.max(minWidth, Math.min(maxWidth, available)));
      const frameOptions = { linesAbove, linesBelow, startLine: excerpt.firstLine };
      sections.push(codeFrameColumns(excerpt.text, { start: { line, column: excerpt.column } }, frameOptions));
    }
    if (hint !== "") sections.push(`  ${colors.cyan(printable(hint))}`);
    return sections.join("\n");
  };
  return diagnostics.map(render).join("\n\n");
}

interface Excerpt {
  readonly text: string;
  readonly firstLine: number;
  readonly column: number;
}

/** The lines around a position, clipped to a width around the column: a line may have megabytes. */
function excerptOf(
  lines: readonly string[],
  { line, column }: { readonly line: number; readonly column: number },
  width: number,
): Excerpt {
  const firstLine = Math.max(1, line - linesAbove);
  const start = column <= (width * 5) / 6 ? 0 : column - Math.floor(width / 2);
  const clip = (content: string): string => {
    const body = content.slice(start, start + width);
    const clipped = start > 0 && content.length > 0 ? `…${body.slice(1)}` : body;
    return singleColumn(content.length > start + width ? `${clipped.slice(0, -1)}…` : clipped);
  };
  return {
    text: lines
      .slice(firstLine - 1, line + linesBelow)
      .map(clip)
      .join("\n"),
    firstLine,
    column: column - start,
  };
}

/** Unprintable characters and tabs as one column each, so that the marker is under its character. */
function singleColumn(text: string): string {
  return [...text]
    .map((character) => (character === "\t" ? " " : printable(character) === character ? character : "\ufffd"))
    .join("");
}
