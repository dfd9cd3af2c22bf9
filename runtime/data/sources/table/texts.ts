/** The texts of a table as tokens: the vocabulary of the training rows, ids, and padded arrays with their lengths. */
import { lengthsOfInput } from "../../../../compiler/signature.js";
import { child } from "../../../../schema/json-pointer.js";
import { type TextInput, textInputs } from "../../../../schema/kinds/columns.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { NumericArray } from "../../../tensors/array.js";
import { gatherLengths, gatherSequences } from "../../batching/windows.js";
import { intern } from "../../labels.js";
import type { TableMetadata, TextColumn } from "../../metadata.js";
import type { Tokenization } from "../../vocabulary/normalize-text.js";
import { openTokenizer, tokenizationOf, tokenizerNotices } from "../../vocabulary/open-tokenizer.js";
import { blankTokens } from "../../vocabulary/text-tokenizer.js";
import { type TextUnit, tokenize, unitNames, unknownUnitsNotices } from "../../vocabulary/tokens.js";
import { checkCoverage, mapVocabularyFile, openVocabulary } from "../../vocabulary/vocabulary-file.js";
import { encodeExamples, encodeTokens, learnFrom, UNKNOWN, withUnknown } from "../sequence-tokens.js";
import type { TableRows } from "./contents.js";
import { iterateRows } from "./row-order.js";

/** The tokens of an input by row. */
export interface TextSeries {
  readonly name: string;
  readonly column: TextColumn;
  /** The ids of all rows, one text after the other. */
  readonly ids: Int32Array;
  /** The start of each row in `ids`, and the end of the last one. */
  readonly starts: Uint32Array;
}

export interface TableTexts {
  readonly series: readonly TextSeries[];
  readonly notices: readonly string[];
}

type TextRows = Pick<TableRows, "rows" | "columns" | "values" | "texts" | "specNames">;

/**
 * The texts of a table, by the vocabulary of the marked rows.
 *
 * @param fitted the texts of a run's metadata, in place of that vocabulary.
 */
export async function fitTexts(
  data: NormalTableData,
  rows: TextRows,
  marks: Uint8Array | null,
  fitted: TableMetadata["texts"],
  folder: string,
): Promise<Result<TableTexts>> {
  const series: TextSeries[] = [];
  const notices: string[] = [];
  for (const input of textInputs(data)) {
    const result = await fitText(input, rows, marks, fitted?.[input.name], folder);
    if (!result.ok) return fail(result.error.map((problem) => atColumn(problem, input.column)));
    series.push(result.value.series);
    notices.push(...result.value.notices);
  }
  return ok({ series, notices });
}

async function fitText(
  { name, column, kind }: TextInput,
  rows: TextRows,
  marks: Uint8Array | null,
  fitted: TextColumn | undefined,
  folder: string,
): Promise<Result<{ readonly series: TextSeries; readonly notices: readonly string[] }>> {
  const stored = openTokenizer(kind, folder, fitted);
  if (!stored.ok) return stored;
  const listed = await openVocabulary(kind, folder, fitted);
  if (!listed.ok) return listed;
  const isLearned = kind.unit === "bpe" && stored.value === null;
  const limits = isLearned ? { ...kind, max_length: null } : kind;
  const read = readTexts(rows, column, limits, tokenizationOf(kind.unit, kind.normalization, stored.value));
  const train = Array.from(marks ?? []).flatMap((mark, row) => (mark === 1 ? [row] : []));
  const learned = isLearned ? learnFrom(kind, read, train) : null;
  const tokenizer = learned ?? stored.value;
  const { examples, tokens } = learned === null ? read : encodeExamples(kind, read, learned);
  const coverage = checkCoverage(kind, listed.value, tokens);
  if (!coverage.ok) return coverage;
  const fixed = fitted?.vocabulary ?? tokenizer?.vocabulary ?? withUnknown(listed.value);
  const encoded = encodeTokens(kind, { examples, tokens }, train, fixed);
  if (!encoded.ok) return encoded;
  const { vocabulary, idOf } = encoded.value;
  const starts = new Uint32Array(examples.length + 1);
  for (const [row, { ids }] of examples.entries()) starts[row + 1] = (starts[row] ?? 0) + ids.length;
  const ids = new Int32Array(starts.at(-1) ?? 0);
  for (const [row, example] of examples.entries())
    ids.set(
      example.ids.map((token) => idOf[token] ?? 0),
      starts[row],
    );
  const metadata: TextColumn = {
    column,
    ...tokenizationOf(kind.unit, kind.normalization, tokenizer),
    vocabulary,
    // Every text has tokens.
    ...(kind.unit !== "bpe" && { unknown: 0 }),
    ...(kind.max_length !== null && { max_length: kind.max_length }),
  };
  return ok({
    series: { name, column: metadata, ids, starts },
    notices: [
      ...(fitted === undefined ? tokenizerNotices(stored.value) : unknownNotices(fitted, tokens)),
      ...coverage.value,
    ],
  });
}

/** A notice of the units of other data that the vocabulary of a run does not have. */
function unknownNotices({ column, vocabulary, unit }: TextColumn, tokens: readonly string[]): readonly string[] {
  const known = new Set([...vocabulary, UNKNOWN]);
  const unknown = tokens.filter((token) => !known.has(token));
  return unknownUnitsNotices(unknown, unitNames[unit]).map((notice) => `Column "${column}": ${notice}`);
}

interface Texts {
  /** By row; rows of equal texts share one object. */
  readonly examples: readonly { readonly ids: readonly number[]; readonly length: number }[];
  readonly tokens: readonly string[];
}

/** The tokens of the column of each row. */
function readTexts(
  { columns, specNames, values, texts }: TextRows,
  column: string,
  { max_length: limit }: { readonly max_length: number | null },
  tokenization: Tokenization<TextUnit>,
): Texts {
  const position = specNames.indexOf(column);
  const idByToken = new Map<string, number>();
  const examplesByText = (texts.get(position) ?? []).map((text) => {
    const ids = unitsOf(text, tokenization, limit).map((token) => intern(idByToken, token));
    return { ids, length: ids.length };
  });
  const examples: (typeof examplesByText)[number][] = [];
  for (const row of iterateRows(values, columns.length))
    examples.push(examplesByText[row[position] ?? 0] ?? { ids: [], length: 0 });
  return { examples, tokens: [...idByToken.keys()] };
}

/** The units of a text; one that is unknown (of bpe: a space) for a text without any. */
export function unitsOf(
  text: string,
  tokenization: Tokenization<TextUnit>,
  limit: number | null | undefined,
): readonly string[] {
  const units = tokenize(text, tokenization);
  if (units.length > 0) return units.slice(0, limit ?? undefined);
  if (tokenization.unit !== "bpe") return [UNKNOWN];
  return tokenization.tokenizer === undefined ? tokenize(" ", tokenization) : blankTokens(tokenization.tokenizer);
}

/** A problem of the keys of a text at those of its column. */
function atColumn(problem: RunProblem, column: string): RunProblem {
  const hint = problem.hint?.replaceAll("data.", `data.columns.${column}.`);
  return { ...problem, path: problem.path.replace(/^\/data/, child("/data/columns", column)), ...(hint && { hint }) };
}

/** The arrays of texts: ids padded to the longest of the batch, and lengths. @param isMain true for texts that are `inputs`. */
export function textArrays(
  { name, ids, starts }: TextSeries,
  rows: ArrayLike<number>,
  isMain: boolean,
): readonly (readonly [string, NumericArray])[] {
  const lengths = gatherLengths(starts, rows);
  const longest = Array.from(lengths.data, Number).reduce((most, length) => Math.max(most, length), 1);
  const series = { dtype: "int32", width: 1, data: ids } as const;
  return [
    [isMain ? "inputs" : name, gatherSequences(series, starts, rows, longest, [rows.length, longest])],
    [isMain ? "lengths" : lengthsOfInput(name), lengths],
  ];
}

/** The inputs of a table, of which texts are the main one only by themselves. */
interface OwnInputs {
  readonly numbers: object | null;
  readonly ids: readonly object[];
  readonly texts: readonly TextSeries[];
}

/**
 * The problem of the first id of a text that is not below a limit; undefined if all are below. The array `inputs` is the
 * first text only where the table has neither numbers nor ids of categories and dates.
 */
export function findLargeId({ numbers, ids, texts }: OwnInputs, array: string, limit: number, reason: string) {
  const main = numbers === null && ids.length === 0 ? texts[0] : undefined;
  const text = texts.find((each) => each.name === array || (array === "inputs" && each === main));
  const id = text?.ids.find((each) => each >= limit);
  if (text === undefined || id === undefined) return undefined;
  const { column, vocabulary } = text.column;
  const message = `Column "${column}" has the token ${id}, ${JSON.stringify(vocabulary[id] ?? "")}.`;
  return { code: "table-range", path: child("/data/columns", column), message, hint: reason } satisfies RunProblem;
}

/** The keys of texts with the names of their files replaced. */
export function mapTextFiles(
  columns: NormalTableData["columns"],
  rename: (file: string) => string,
): NormalTableData["columns"] {
  if (columns === null || Array.isArray(columns)) return columns;
  return Object.fromEntries(
    Object.entries(columns).map(([name, kind]) => {
      if (kind.type !== "text") return [name, kind];
      const tokenizer = kind.tokenizer === null ? null : rename(kind.tokenizer);
      return [name, { ...kind, tokenizer, vocabulary: mapVocabularyFile(kind.vocabulary, rename) }];
    }),
  );
}
