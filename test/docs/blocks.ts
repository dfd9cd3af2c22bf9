/**
 * Code blocks of a page as executable steps. A fence's first word is its language; then come `file=NAME` (the block is that file), `in=PATH` (a
 * fragment of a spec, placed there in a complete one), `exit=N` (exit code of the last command), `steps=N` (length of training runs) and `not-run`.
 * A block in a comment is no step: a reader follows the visible blocks alone.
 */
import MarkdownIt from "markdown-it";

export interface Block {
  readonly language: string;
  /** From 1. */
  readonly line: number;
  readonly content: string;
  readonly file: string | undefined;
  readonly container: string | undefined;
  readonly exit: number;
  readonly steps: number | undefined;
  readonly run: boolean;
}

export function blocksOf(text: string): readonly Block[] {
  return new MarkdownIt({ html: true }).parse(text, {}).flatMap(({ type, info, content, map }) => {
    const line = (map?.[0] ?? 0) + 1;
    if (type !== "fence") return [];
    const [language = "", ...flags] = info.trim().split(/\s+/);
    const flag = (name: string) => flags.find((candidate) => candidate.startsWith(`${name}=`))?.slice(name.length + 1);
    const steps = flag("steps");
    return [
      {
        language,
        line,
        content,
        file: flag("file"),
        container: flag("in"),
        exit: Number(flag("exit") ?? 0),
        steps: steps === undefined ? undefined : Number(steps),
        run: !flags.includes("not-run"),
      },
    ];
  });
}

export interface CommandLine {
  readonly command: string;
  /** The lines of its output that the page shows. */
  readonly output: readonly string[];
}

/** The commands of a console block, each with the lines below it. */
export function commandsOf(content: string): readonly CommandLine[] {
  const parts = content.trimEnd().split(/^\$ /m).slice(1);
  return parts.map((block) => {
    const [command = "", ...output] = block.trimEnd().split("\n");
    return { command, output };
  });
}

/** True if an output equals the lines on the page: numbers may differ, and an ellipsis matches anything. */
export function matchesOutput(expected: readonly string[], output: string): boolean {
  if (expected.length === 0) return true;
  const pattern = expected
    .map((line) =>
      line.trim() === "…" ? "(?:[^\\n]*\\n)*?" : `\\s*${line.trim().split("…").map(loose).join("[^\\n]*?")}\\s*\\n`,
    )
    .join("");
  return new RegExp(`^${pattern}$`).test(`${output.trim()}\n`);
}

function loose(text: string): string {
  return text
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/\d[\d,]*(?:\\\.\d+)?(?:e-?\d+)?/g, "-?\\d[\\d,]*(?:\\.\\d+)?(?:e[+-]?\\d+)?")
    .replace(/\s+/g, "\\s+");
}
