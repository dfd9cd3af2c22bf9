/** Serializes inline inputs into the file format of their data type, so that one reader handles files and values. */
import type { NormalData } from "../../schema/normal/index.js";
import { formatCsvRow } from "../data/formats/csv.js";
import { pairKeys } from "../data/sources/pair-columns.js";
import { jsonFields } from "../data/sources/sequence-columns.js";
import { fail, ok, type Result } from "../result.js";

/**
 * Inputs of a prediction: the path of a file in the format of the run's data, or values, by the run's `data.type`:
 *
 * - text: `lines`, without line breaks;
 * - sequences: `sequences`, each a `text`, a list of `tokens`, or `inputs`, numbers of shape [steps, features];
 * - pairs: `sources`, texts or vectors of numbers;
 * - table: `rows`, numbers by column name (in order, where the table has no names), oldest first (with `reverse`,
 *   newest first); at least as many as the window;
 * - arrays: `arrays`, nested lists [examples, …] by role: `inputs` (several by their names), and for models with such
 *   inputs `lengths` and initial states by name.
 */
export type PredictionSource = string | InlineInputs;

export type InlineInputs =
  | { readonly lines: readonly string[] }
  | { readonly sequences: readonly InlineSequence[] }
  | { readonly sources: readonly (string | readonly number[])[] }
  | { readonly rows: readonly Readonly<Record<string, number>>[] }
  | { readonly arrays: Readonly<Record<string, NestedList>> };

export type InlineSequence =
  | { readonly text: string }
  | { readonly tokens: readonly string[] }
  | { readonly inputs: readonly (readonly number[])[] };

export type NestedList = number | readonly NestedList[];

/** The contents of a file, whose format is that of its name. */
export interface InputFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

const inputKeys: { readonly [K in NormalData["type"]]: string } = {
  text: "lines",
  sequences: "sequences",
  pairs: "sources",
  table: "rows",
  arrays: "arrays",
  images: "a file",
  audio: "a file",
};

/** The serialized inputs, or a problem where they do not fit the run's data type. */
export function toInputFile(data: NormalData, inputs: InlineInputs): Result<InputFile> {
  const { type } = data;
  if (inputKeys[type] in inputs) return serializeInputs(data, inputs);
  const message = `A run on ${type} data predicts from ${inputKeys[type]}, not from ${Object.keys(inputs).join(", ")}.`;
  return fail([{ code: "inputs-kind", path: "", message, hint: "Pass a file path instead." }]);
}

function serializeInputs(data: NormalData, inputs: InlineInputs): Result<InputFile> {
  if ("lines" in inputs) {
    const invalidIndex = inputs.lines.findIndex((line) => /[\r\n]/.test(line));
    if (invalidIndex >= 0) return fail([problem("input-line", `lines[${invalidIndex}] has a line break.`)]);
    return ok({ name: "lines.txt", content: joinLines(inputs.lines) });
  }
  if ("sequences" in inputs) {
    const keys = new Map<string, string>(
      data.type === "sequences" ? jsonFields(data, new Map()).inputs.map(({ role, key }) => [role, key]) : [],
    );
    const lines = inputs.sequences.map((steps) => {
      const [[role, value] = ["text", ""]] = Object.entries(steps);
      return JSON.stringify({ [keys.get(role) ?? role]: value });
    });
    return ok({ name: "sequences.jsonl", content: joinLines(lines) });
  }
  if ("sources" in inputs) {
    const key = data.type === "pairs" ? pairKeys(data).source : "source";
    const lines = inputs.sources.map((source) => JSON.stringify({ [key]: source }));
    return ok({ name: "sources.jsonl", content: joinLines(lines) });
  }
  if ("arrays" in inputs) return ok({ name: "arrays.json", content: JSON.stringify(inputs.arrays) });
  const { delimiter, comment, header } = data.type === "table" ? data : { delimiter: null, comment: "", header: true };
  const columns = Object.keys(inputs.rows[0] ?? {});
  const rows = inputs.rows.map((row) =>
    formatCsvRow(
      columns.map((column) => String(row[column] ?? "")),
      delimiter ?? ",",
    ),
  );
  const headerLine = formatCsvRow(columns, delimiter ?? ",", true);
  const headerLines = header === false ? [] : [header === "comment" ? `${comment} ${headerLine}` : headerLine];
  return ok({ name: "rows.csv", content: joinLines([...headerLines, ...rows]) });
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function problem(code: string, message: string) {
  return { code, path: "", message, hint: "" };
}
