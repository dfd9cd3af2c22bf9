/** Reads pairs from the spec, from lines of two tab-separated texts, from a table, or from lines of JSON. */
import { child } from "../../../schema/json-pointer.js";
import type { NormalPairsData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { keyHint, makeUnique } from "../formats/columns.js";
import { type Line, parseJsonLine } from "../formats/json-line.js";
import { createProblemList } from "../formats/problem-list.js";
import { readTextTable } from "../formats/text-table.js";
import { type NamedFile, readingProblem, readTextChunks, splitLines } from "../formats/utf8-reader.js";
import type { Uses } from "../source.js";
import { filesOf, type LinePlace, readPlace, readsColumn, type SplitFile } from "./line-splits.js";
import { checkPairColumns, hasColumns, type PairPlaces, pairFormatOf, pairKeys, placePairs } from "./pair-columns.js";

export interface Pair extends LinePlace {
  readonly source: string | readonly number[];
  readonly target: string;
  /** Index in the list, or in the lines of the file. */
  readonly row: number;
  /** Null for pairs in the spec. */
  readonly file: string | null;
}

/** Limit of a line in characters. */
const MAX_LINE_LENGTH = 2 ** 20;

export interface Pairs {
  readonly pairs: readonly Pair[];
  readonly notices: readonly string[];
}

export async function readPairs(data: NormalPairsData, folder: string, uses: Uses): Promise<Result<Pairs>> {
  const problems = checkPairColumns(data);
  if (problems.length > 0) return fail(problems);
  const result = data.file === null ? pairsFromSpec(data) : await pairsFromFiles(data, data.file, folder);
  if (!result.ok) return result;
  const { pairs } = result.value;
  const expectedType = uses.inputs === "ids" ? "string" : "object";
  const mismatched = pairs.find(({ source }) => typeof source !== expectedType);
  if (mismatched !== undefined)
    return fail([
      {
        code: "pair-source",
        ...(mismatched.file === null
          ? { path: child(child("/data/pairs", mismatched.row), 0) }
          : { path: "/data/file", file: mismatched.file, line: mismatched.row + 1 }),
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
  if (pairs.length === 0)
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

function pairsFromSpec({ pairs }: NormalPairsData): Result<Pairs> {
  const place = { file: null, part: null, group: null };
  const all = (pairs ?? []).map(([source, target], row) => ({ source, target, row, ...place }));
  return ok({ pairs: all, notices: [] });
}

async function pairsFromFiles(data: NormalPairsData, file: string, folder: string): Promise<Result<Pairs>> {
  const results = [];
  for (const source of filesOf({ file, split: data.split })) results.push(await pairsFromFile(data, source, folder));
  const problems = results.flatMap((result) => (result.ok ? [] : result.error));
  if (problems.length > 0) return fail(problems);
  const all = results.flatMap((result) => (result.ok ? [result.value] : []));
  return ok({ pairs: all.flatMap(({ pairs }) => pairs), notices: [...new Set(all.flatMap(({ notices }) => notices))] });
}

async function pairsFromFile(
  data: NormalPairsData,
  { file, path, part }: SplitFile,
  folder: string,
): Promise<Result<Pairs>> {
  const format = pairFormatOf(file, hasColumns(data) || readsColumn(data));
  const source = { file, folder, path };
  if (format === "," || format === "\t") return pairsFromTable(data, source, format, part);
  const isJson = format === "json";
  const keys = pairKeys(data);
  const pairs: Pair[] = [];
  const problems = createProblemList();
  try {
    let row = 0;
    for await (const text of splitLines(readTextChunks(source), MAX_LINE_LENGTH)) {
      if (text.trim() !== "") {
        const isTooLong = text.length > MAX_LINE_LENGTH;
        const line = isTooLong ? undefined : isJson ? parseJsonPair(text, keys) : parseTabbedPair(text);
        const place = line === undefined ? ok({ part, group: null }) : readPlace(data, line.members, part);
        if (line === undefined) problems.add([lineProblem(file, row, isJson ? keys : null, text)]);
        else if (!place.ok) problems.add([placeProblem(file, row, place.error)]);
        else pairs.push({ ...line.pair, ...place.value, row, file });
        if (problems.isFull) break;
      }
      row++;
    }
  } catch (error) {
    return fail([readingProblem(source, error)]);
  }
  return problems.size > 0 ? fail(problems.list()) : ok({ pairs, notices: headerNotices(pairs[0]) });
}

async function pairsFromTable(
  data: NormalPairsData,
  source: NamedFile,
  usual: string,
  part: SplitFile["part"],
): Promise<Result<Pairs>> {
  const pairs: Pair[] = [];
  const notices: string[] = [];
  let places: PairPlaces = { source: 0, target: 1, isByPlace: true };
  let keys: readonly string[] = [];
  const { delimiter, header } = data;
  const note = (notice: string) => notices.push(notice);
  const problems = await readTextTable(source, { usual, delimiter, header }, note, {
    columns(names) {
      const found = placePairs(data, source.file, names, true);
      if (!found.ok) return found.error;
      places = found.value;
      keys = makeUnique(names);
      if (places.isByPlace && data.header)
        notices.push(`The source is the column ${JSON.stringify(names[0])}, the target ${JSON.stringify(names[1])}.`);
      return [];
    },
    row({ fields, line }) {
      const members = readsColumn(data) ? Object.fromEntries(keys.map((key, index) => [key, fields[index]])) : {};
      const place = readPlace(data, members, part);
      if (!place.ok) return [placeProblem(source.file, line - 1, place.error)];
      const own = { source: fields[places.source] ?? "", target: fields[places.target] ?? "" };
      pairs.push({ ...own, ...place.value, row: line - 1, file: source.file });
      return [];
    },
  });
  return problems.length > 0 ? fail(problems) : ok({ pairs, notices });
}

const sourceNames = /^(?:source|src|input|inputs|question|prompt|query)$/i;
const targetNames = /^(?:target|tgt|trg|output|outputs|answer|response|completion|translation)$/i;

/** A notice where the first line of a file seems to name the columns; it is read as a pair. */
function headerNotices(first: Pair | undefined): readonly string[] {
  if (first === undefined || typeof first.source !== "string") return [];
  const { source, target, row, file } = first;
  if (!sourceNames.test(source.trim()) || !targetNames.test(target.trim())) return [];
  return [
    `${file}:${row + 1}: The line is read as a pair, "${source}" and "${target}". If it names the columns, set "header": true in data.`,
  ];
}

interface ParsedLine {
  readonly pair: Pick<Pair, "source" | "target">;
  /** The keys of a line of JSON. */
  readonly members: Line;
}

function parseTabbedPair(line: string): ParsedLine | undefined {
  const [source, target, ...others] = line.split("\t");
  if (source === undefined || target === undefined || others.length > 0) return undefined;
  return { pair: { source, target }, members: {} };
}

function placeProblem(file: string, row: number, problem: { path: string; fault: string; hint: string }): RunProblem {
  const { path, fault, hint } = problem;
  return { code: "split-column", path, file, line: row + 1, message: `${file}:${row + 1}: The line ${fault}.`, hint };
}

function parseJsonPair(line: string, keys: ReturnType<typeof pairKeys>): ParsedLine | undefined {
  const parsed = parseJsonLine(line);
  if (!parsed.ok) return undefined;
  const { line: members } = parsed.value;
  const { [keys.source]: source, [keys.target]: target } = members;
  if (typeof target !== "string") return undefined;
  if (typeof source === "string") return { pair: { source, target }, members };
  if (!Array.isArray(source) || source.length === 0) return undefined;
  const numbers = source.filter((entry): entry is number => typeof entry === "number" && Number.isFinite(entry));
  return numbers.length === source.length ? { pair: { source: numbers, target }, members } : undefined;
}

/** @param keys of a line of JSON; null for a line of text. */
function lineProblem(file: string, row: number, keys: ReturnType<typeof pairKeys> | null, text: string): RunProblem {
  const isNamed = keys !== null && (keys.source !== "source" || keys.target !== "target");
  const parsed = isNamed ? parseJsonLine(text) : undefined;
  const found = parsed?.ok ? Object.keys(parsed.value.line) : [];
  const missing =
    isNamed && found.length > 0 ? [keys.source, keys.target].find((key) => !found.includes(key)) : undefined;
  const form = `Write {"${keys?.source}": "text" or [numbers], "${keys?.target}": "text"} on each line.`;
  return {
    code: "pair-line",
    path: missing === undefined ? "/data/file" : "/data/columns",
    file,
    line: row + 1,
    message:
      missing === undefined
        ? `${file}:${row + 1}: The line is not a pair.`
        : `${file}:${row + 1}: The line has no ${JSON.stringify(missing)}.`,
    hint:
      missing !== undefined
        ? keyHint(missing, found)
        : keys === null
          ? "Write a source, one tab, and a target on each line."
          : form,
  };
}
