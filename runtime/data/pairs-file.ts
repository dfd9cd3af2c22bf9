/** Reading pairs: from the spec, from lines of two tab-separated texts, or from lines of JSON. */
import type { NormalPairsData } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { characters, readingProblem } from "./characters.js";
import { linesOf } from "./lines.js";
import type { Uses } from "./source.js";

export interface Pair {
  readonly source: string | readonly number[];
  readonly target: string;
  /** From 0: its place in the list, or its line in the file. */
  readonly row: number;
}

/** More say no more. */
const mostProblems = 20;
/** Characters of one line. */
const longestLine = 2 ** 20;

export async function readPairs(
  data: NormalPairsData,
  folder: string,
  uses: Uses,
): Promise<Checked<{ readonly pairs: readonly Pair[] }>> {
  const read = data.file === null ? inlinePairs(data) : await filePairs(data.file, folder);
  if (!read.ok) return read;
  const wanted = uses.inputs === "ids" ? "string" : "object";
  const wrong = read.pairs.find(({ source }) => typeof source !== wanted);
  if (wrong !== undefined)
    return refuse({
      code: "pair-source",
      ...(data.file === null
        ? { path: child(child("/data/pairs", wrong.row), 0) }
        : { path: "/data/file", file: data.file, line: wrong.row + 1 }),
      message:
        wanted === "string"
          ? "The source is a list of numbers, but the model looks up tokens."
          : "The source is text, but the model reads numbers.",
      hint:
        wanted === "string"
          ? "Write the source as text, or begin with a dense layer."
          : "Begin the model with an embedding layer, or write the source as a list of numbers.",
    });
  if (read.pairs.length === 0)
    return refuse({
      code: "no-pairs",
      path: data.file === null ? "/data/pairs" : "/data/file",
      ...(data.file !== null && { file: data.file }),
      message: "There are no pairs.",
      hint: "Write one pair a line, source and target separated by a tab.",
    });
  return read;
}

function inlinePairs({ pairs }: NormalPairsData): Checked<{ readonly pairs: readonly Pair[] }> {
  return { ok: true, pairs: (pairs ?? []).map(([source, target], row) => ({ source, target, row })) };
}

async function filePairs(file: string, folder: string): Promise<Checked<{ readonly pairs: readonly Pair[] }>> {
  const pairs: Pair[] = [];
  const problems: RunProblem[] = [];
  const named = { file, folder, path: "/data/file" };
  const json = /\.jsonl?$/i.test(file);
  try {
    let row = 0;
    for await (const text of linesOf(characters(named), longestLine)) {
      if (text.trim() !== "") {
        const pair = text.length > longestLine ? undefined : json ? jsonPair(text) : tabbedPair(text);
        if (pair === undefined) problems.push(wrongLine(file, row, json));
        else pairs.push({ ...pair, row });
        if (problems.length >= mostProblems) break;
      }
      row++;
    }
  } catch (error) {
    return refuse(readingProblem(named, error));
  }
  return problems.length > 0 ? refuse(...problems) : { ok: true, pairs };
}

type Content = Omit<Pair, "row">;

function tabbedPair(line: string): Content | undefined {
  const [source, target, ...others] = line.split("\t");
  return source === undefined || target === undefined || others.length > 0 ? undefined : { source, target };
}

function jsonPair(line: string): Content | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { source, target } = value as { readonly source?: unknown; readonly target?: unknown };
  if (typeof target !== "string") return undefined;
  if (typeof source === "string") return { source, target };
  if (!Array.isArray(source) || source.length === 0) return undefined;
  const numbers = source.filter((entry): entry is number => typeof entry === "number" && Number.isFinite(entry));
  return numbers.length === source.length ? { source: numbers, target } : undefined;
}

function wrongLine(file: string, row: number, json: boolean): RunProblem {
  return {
    code: "pair-line",
    path: "/data/file",
    file,
    line: row + 1,
    message: `Line ${row + 1} of "${file}" is no pair.`,
    hint: json
      ? 'A line is {"source": "text" or [numbers], "target": "text"}.'
      : "A line is a source, one tab, and a target.",
  };
}
