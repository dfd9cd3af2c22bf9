/** Reads pairs from the spec, from lines of two tab-separated texts, or from lines of JSON. */
import { child } from "../../../schema/json-pointer.js";
import type { NormalPairsData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { withoutGz } from "../formats/file-chunks.js";
import { parseJsonLine } from "../formats/json-line.js";
import { createProblemList } from "../formats/problem-list.js";
import { readingProblem, readTextChunks, splitLines } from "../formats/utf8-reader.js";
import type { Uses } from "../source.js";

export interface Pair {
  readonly source: string | readonly number[];
  readonly target: string;
  /** Index in the list, or in the lines of the file. */
  readonly row: number;
}

/** Limit of a line in characters. */
const MAX_LINE_LENGTH = 2 ** 20;

export async function readPairs(data: NormalPairsData, folder: string, uses: Uses): Promise<Result<readonly Pair[]>> {
  const result = data.file === null ? pairsFromSpec(data) : await pairsFromFile(data.file, folder);
  if (!result.ok) return result;
  const expectedType = uses.inputs === "ids" ? "string" : "object";
  const mismatched = result.value.find(({ source }) => typeof source !== expectedType);
  if (mismatched !== undefined)
    return fail([
      {
        code: "pair-source",
        ...(data.file === null
          ? { path: child(child("/data/pairs", mismatched.row), 0) }
          : { path: "/data/file", file: data.file, line: mismatched.row + 1 }),
        message:
          expectedType === "string"
            ? "The source is a list of numbers, but the model looks up tokens."
            : "The source is text, but the model reads numbers.",
        hint:
          expectedType === "string"
            ? "Write the source as text, or begin with a dense layer."
            : "Begin the model with an embedding layer, or write the source as a list of numbers.",
      },
    ]);
  if (result.value.length === 0)
    return fail([
      {
        code: "no-pairs",
        path: data.file === null ? "/data/pairs" : "/data/file",
        ...(data.file !== null && { file: data.file }),
        message: "The data has no pairs.",
        hint: "Write one pair per line, source and target separated by a tab.",
      },
    ]);
  return result;
}

function pairsFromSpec({ pairs }: NormalPairsData): Result<readonly Pair[]> {
  return ok((pairs ?? []).map(([source, target], row) => ({ source, target, row })));
}

async function pairsFromFile(file: string, folder: string): Promise<Result<readonly Pair[]>> {
  const pairs: Pair[] = [];
  const problems = createProblemList();
  const namedFile = { file, folder, path: "/data/file" };
  const isJson = /\.jsonl?$/i.test(withoutGz(file));
  try {
    let row = 0;
    for await (const text of splitLines(readTextChunks(namedFile), MAX_LINE_LENGTH)) {
      if (text.trim() !== "") {
        const pair = text.length > MAX_LINE_LENGTH ? undefined : isJson ? parseJsonPair(text) : parseTabbedPair(text);
        if (pair === undefined) problems.add([lineProblem(file, row, isJson)]);
        else pairs.push({ ...pair, row });
        if (problems.isFull) break;
      }
      row++;
    }
  } catch (error) {
    return fail([readingProblem(namedFile, error)]);
  }
  return problems.size > 0 ? fail(problems.list()) : ok(pairs);
}

const sourceNames = /^(?:source|src|input|inputs|question|prompt|query)$/i;
const targetNames = /^(?:target|tgt|trg|output|outputs|answer|response|completion|translation)$/i;

/** A notice where the first line of a file seems to name the columns; it is read as a pair. */
export function headerNotices({ file }: NormalPairsData, first: Pair | undefined): readonly string[] {
  if (file === null || typeof first?.source !== "string") return [];
  const { source, target, row } = first;
  if (!sourceNames.test(source.trim()) || !targetNames.test(target.trim())) return [];
  return [
    `${file}:${row + 1}: The line is read as a pair, "${source}" and "${target}". If it names the columns, remove it.`,
  ];
}

type PairContent = Omit<Pair, "row">;

function parseTabbedPair(line: string): PairContent | undefined {
  const [source, target, ...others] = line.split("\t");
  return source === undefined || target === undefined || others.length > 0 ? undefined : { source, target };
}

function parseJsonPair(line: string): PairContent | undefined {
  const parsed = parseJsonLine(line);
  if (!parsed.ok) return undefined;
  const { source, target } = parsed.value.line;
  if (typeof target !== "string") return undefined;
  if (typeof source === "string") return { source, target };
  if (!Array.isArray(source) || source.length === 0) return undefined;
  const numbers = source.filter((entry): entry is number => typeof entry === "number" && Number.isFinite(entry));
  return numbers.length === source.length ? { source: numbers, target } : undefined;
}

function lineProblem(file: string, row: number, isJson: boolean): RunProblem {
  return {
    code: "pair-line",
    path: "/data/file",
    file,
    line: row + 1,
    message: `${file}:${row + 1}: The line is not a pair.`,
    hint: isJson
      ? 'Write {"source": "text" or [numbers], "target": "text"} on each line.'
      : "Write a source, one tab, and a target on each line.",
  };
}
