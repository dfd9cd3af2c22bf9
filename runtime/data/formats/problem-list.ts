/** Problems of a file, in which the same problem on many lines is one: with its first lines and their number. */
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";

/** Different problems reported of one file. */
const MAX_PROBLEMS = 20;
/** Lines listed in addition to the first. */
const MAX_LINES = 3;

export interface ProblemList {
  add(problems: readonly RunProblem[]): void;
  /** Number of different problems. */
  readonly size: number;
  /** True when more problems would not help. */
  readonly isFull: boolean;
  list(): readonly RunProblem[];
}

interface Group {
  readonly problem: RunProblem;
  /** Lines after the problem's own, each once. */
  count: number;
  last: number | undefined;
  readonly lines: number[];
}

export function createProblemList(): ProblemList {
  const groups = new Map<string, Group>();
  return {
    add(problems) {
      for (const problem of problems) {
        const key = groupKey(problem);
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { problem, count: 0, last: problem.line, lines: [] });
        else if (problem.line !== undefined && problem.line !== group.last) {
          group.count += 1;
          group.last = problem.line;
          if (group.lines.length < MAX_LINES) group.lines.push(problem.line);
        }
      }
    },
    get size() {
      return groups.size;
    },
    get isFull() {
      return groups.size >= MAX_PROBLEMS;
    },
    list: () => [...groups.values()].slice(0, MAX_PROBLEMS).map(describe),
  };
}

/** Equal for problems that differ in their lines and values alone. A unit or a class that is unknown is a problem for itself. */
function groupKey({ code, path, line, column, message }: RunProblem): string {
  if (line === undefined) return message;
  const text = message.replace(/^.*?:\d+(?::\d+)?: /su, "");
  if (code.startsWith("unknown-")) return `${code} ${text}`;
  // A column of a table, but not of a text.
  const place = code === "table-value" ? column : "";
  return [code, path, place, text.replace(/"(?:[^"\\]|\\.)*"|'[^']*'|\d+/gu, "…")].join(" ");
}

function describe({ problem, count, lines }: Group): RunProblem {
  if (count === 0) return problem;
  const list = lines.join(", ") + (count > lines.length ? ", …" : "");
  return { ...problem, message: `${problem.message} The same on ${formatCount(count, "more line")}: ${list}.` };
}
