/** Inputs that a program gives as values, as the file that a user would have written: one reader says what inputs mean. */
import type { NormalData } from "../../schema/normal.js";
import { type Checked, refuse } from "../problem.js";

/**
 * What a model is to say something of: the path of a file in the format of the run's data, or values, by the run's `data.type`.
 *
 * - text: `lines`, each by itself, without line breaks;
 * - sequences: `sequences`, each a `text`, a list of `tokens`, or `inputs`, numbers of shape [steps, features];
 * - pairs: `sources`, texts or vectors of numbers;
 * - table: `rows`, numbers by column name (in order, where the table has no names), oldest first (with `reverse`, newest first); at least as many
 *   as the window;
 * - arrays: `arrays`, nested lists [examples, …] by role: `inputs`, and where the model reads them `lengths` and first states by name.
 */
export type PredictionSource = string | GivenInputs;

export type GivenInputs =
  | { readonly lines: readonly string[] }
  | { readonly sequences: readonly GivenSequence[] }
  | { readonly sources: readonly (string | readonly number[])[] }
  | { readonly rows: readonly Readonly<Record<string, number>>[] }
  | { readonly arrays: Readonly<Record<string, Nested>> };

export type GivenSequence =
  | { readonly text: string }
  | { readonly tokens: readonly string[] }
  | { readonly inputs: readonly (readonly number[])[] };

export type Nested = number | readonly Nested[];

interface GivenFile {
  readonly name: string;
  readonly content: string;
}

const words: { readonly [K in NormalData["type"]]: string } = {
  text: "lines",
  sequences: "sequences",
  pairs: "sources",
  table: "rows",
  arrays: "arrays",
  images: "a file",
};

/** The file of some inputs, or why they are not of the run's kind. */
export function fileOf(data: NormalData, given: GivenInputs): Checked<GivenFile> {
  const { type } = data;
  if (words[type] in given) return contentOf(data, given);
  const message = `A run on ${type} data predicts from ${words[type]}, and was given ${Object.keys(given).join(", ")}.`;
  return refuse({ code: "inputs-kind", path: "", message, hint: "The path of a file is good for every kind." });
}

function contentOf(data: NormalData, given: GivenInputs): Checked<GivenFile> {
  if ("lines" in given) {
    const broken = given.lines.findIndex((line) => /[\r\n]/.test(line));
    if (broken >= 0) return refuse(problem("input-line", `lines[${broken}] has a line break.`));
    return { ok: true, name: "lines.txt", content: jointly(given.lines) };
  }
  if ("sequences" in given)
    return { ok: true, name: "sequences.jsonl", content: jointly(given.sequences.map((line) => JSON.stringify(line))) };
  if ("sources" in given) {
    const lines = given.sources.map((source) => JSON.stringify({ source }));
    return { ok: true, name: "sources.jsonl", content: jointly(lines) };
  }
  if ("arrays" in given) return { ok: true, name: "arrays.json", content: JSON.stringify(given.arrays) };
  const { delimiter, comment, header } = data.type === "table" ? data : { delimiter: null, comment: "", header: true };
  const columns = Object.keys(given.rows[0] ?? {});
  const line = (fields: readonly string[]) => fields.join(delimiter ?? ",");
  const rows = given.rows.map((row) => line(columns.map((column) => String(row[column] ?? ""))));
  const names = line(columns.map(quoted));
  const lead = header === false ? [] : [header === "comment" ? `${comment} ${names}` : names];
  return { ok: true, name: "rows.csv", content: jointly([...lead, ...rows]) };
}

function jointly(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function problem(code: string, message: string) {
  return { code, path: "", message, hint: "" };
}
