/** Reads the sources of pairs: lines of text, rows of a table, or lines of JSON; other columns are kept. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { NormalPairsData } from "../../schema/normal/index.js";
import { makeUnique } from "../data/formats/columns.js";
import { parseJsonLine } from "../data/formats/json-line.js";
import { createProblemList } from "../data/formats/problem-list.js";
import { isTyped } from "../data/formats/table-file.js";
import { readTextTable } from "../data/formats/text-table.js";
import { encodingProblem } from "../data/formats/utf8-reader.js";
import type { PairsMetadata } from "../data/metadata.js";
import { hasColumns, pairFormatOf, pairKeys, placePairs } from "../data/sources/pair-columns.js";
import { tokenize } from "../data/vocabulary/tokens.js";
import { formatCount } from "../format.js";
import { keepOrder } from "../ordered-json.js";
import { fail, ok, type Result } from "../result.js";
import type { Run } from "../run/open.js";
import { unreadableFile } from "../storage/system-errors.js";
import type { Prediction } from "./format-predictions.js";

export interface PairSource {
  readonly line: number;
  /** A text without tokens has no prediction. */
  readonly source: string | readonly number[];
  /** The columns or keys of the line, with the source. */
  readonly members: Prediction;
  /** True for a line with text after its first tab, which is not read. */
  readonly hasMoreColumns: boolean;
}

export interface Sources {
  readonly sources: readonly PairSource[];
  readonly notices: readonly string[];
}

/** @param file relative to `folder`, in the format of the run's data or another one, by its extension. */
export async function readSources(
  { metadata, signature, spec }: Run,
  file: string,
  folder: string,
): Promise<Result<Sources>> {
  if (metadata.type !== "pairs" || spec.data.type !== "pairs") throw new Error("The run was not trained on pairs.");
  const { data } = spec;
  const width = metadata.vocabulary === null ? Number(signature.inputs.shape[1]) : null;
  const format = pairFormatOf(file, hasColumns(data) && !/\.txt$/i.test(file));
  const result =
    format === "," || format === "\t"
      ? await readTable(data, file, folder, format, width)
      : await readSourceLines(data, file, folder, format === "json", width);
  if (!result.ok || result.value.sources.some((source) => !isEmpty(metadata, source))) return result;
  return fail([{ code: "input-empty", path: "", file, message: `"${file}" has no sources.`, hint: "" }]);
}

async function readTable(
  data: NormalPairsData,
  file: string,
  folder: string,
  usual: string,
  width: number | null,
): Promise<Result<Sources>> {
  const sources: PairSource[] = [];
  const notices: string[] = [];
  let [place, names]: [number, readonly string[]] = [0, []];
  // A run whose pairs have no columns was trained on another format than this table.
  const header = hasColumns(data) && !isTyped(file) ? data.header : true;
  const table = { usual, delimiter: null, header };
  const note = (notice: string) => notices.push(notice);
  const problems = await readTextTable({ file, folder, path: "" }, table, note, {
    columns(columnNames) {
      const found = placePairs({ ...data, header }, file, columnNames, false);
      if (!found.ok) return found.error;
      [place, names] = [found.value.source, makeUnique(columnNames)];
      return [];
    },
    row({ fields, line }) {
      const source = fields[place] ?? "";
      const members = keepOrder(names.map((name, index) => [header ? name : `column ${name}`, fields[index]] as const));
      if (width === null) sources.push({ line, source, members, hasMoreColumns: false });
      else return [lineProblem(file, line, noVector(width), vectorHint)];
      return [];
    },
  });
  return problems.length > 0 ? fail(problems) : ok({ sources, notices });
}

async function readSourceLines(
  data: NormalPairsData,
  file: string,
  folder: string,
  isJson: boolean,
  width: number | null,
): Promise<Result<Sources>> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return fail([unreadableFile("", file, error)]);
  }
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail([await encodingProblem("", file, bytes)]);
  }
  const key = pairKeys(data).source;
  const sources: PairSource[] = [];
  const problems = createProblemList();
  for (const [index, text] of content.split(/\r\n|\n|\r/).entries()) {
    if (text.trim() === "") continue;
    const parsed = isJson ? parseSource(text, key, width) : parseTextSource(text, width);
    if (parsed.ok) sources.push({ line: index + 1, ...parsed.value });
    else {
      const hint = isJson ? `Write {"${key}": …} on each line.` : "Write one source per line.";
      problems.add([lineProblem(file, index + 1, parsed.error, hint)]);
    }
    if (problems.isFull) break;
  }
  return problems.size > 0 ? fail(problems.list()) : ok({ sources, notices: [] });
}

function lineProblem(file: string, line: number, fault: string, hint: string) {
  return { code: "pair-line", path: "", file, line, message: `${file}:${line}: The line ${fault}.`, hint };
}

const vectorHint = 'Write {"source": [numbers]} on each line of a .jsonl file.';

function noVector(width: number): string {
  return `has no source vector of ${formatCount(width, "number")}`;
}

type ParsedSource = Result<Omit<PairSource, "line">, string>;

/** @param width Numbers of a source; null for texts. */
function parseSource(text: string, key: string, width: number | null): ParsedSource {
  const parsed = parseJsonLine(text);
  if (!parsed.ok) return parsed;
  const { [key]: source } = parsed.value.line;
  const { [key]: _, ...others } = parsed.value.exact;
  if (width === null)
    return typeof source === "string"
      ? ok({ source, members: { [key]: source, ...others }, hasMoreColumns: false })
      : fail(key === "source" ? "has no source text" : `has no source text "${key}"`);
  const isNumeric = (entry: unknown) => typeof entry === "number" && Number.isFinite(Math.fround(entry));
  return Array.isArray(source) && source.length === width && source.every(isNumeric)
    ? ok({ source, members: { [key]: source, ...others }, hasMoreColumns: false })
    : fail(noVector(width));
}

function parseTextSource(text: string, width: number | null): ParsedSource {
  const [source = "", ...others] = text.split("\t");
  return width === null
    ? ok({ source, members: { source }, hasMoreColumns: others.length > 0 })
    : fail(noVector(width));
}

export function isEmpty(metadata: PairsMetadata, { source }: Pick<PairSource, "source">): boolean {
  return typeof source === "string" && tokenize(source, metadata).length === 0;
}
