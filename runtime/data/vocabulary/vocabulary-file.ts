/** A vocabulary from a file with one token on each line, whose ids are in the order of the lines. */
import type { NormalTextData, NormalVocabulary } from "../../../schema/normal/index.js";
import { formatCount, formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { createProblemList } from "../formats/problem-list.js";
import { readingProblem, readTextChunks, splitLines } from "../formats/utf8-reader.js";
import type { Unit } from "./tokens.js";

interface VocabularyKeys {
  readonly unit: NormalTextData["unit"];
  readonly vocabulary: NormalVocabulary;
}

const path = "/data/vocabulary/file";

/** Limit of a line in characters. */
const MAX_LINE_LENGTH = 2 ** 16;

/** Characters that a line cannot have as they are, where units are characters. */
const escapes: ReadonlyMap<string, string> = new Map([
  ["\\n", "\n"],
  ["\\r", "\r"],
  ["\\t", "\t"],
  ["\\\\", "\\"],
]);

/** The tokens of a spec's file; null without one, and where a run has a vocabulary. */
export async function openVocabulary(
  { unit, vocabulary: { file } }: VocabularyKeys,
  folder: string,
  fitted: unknown,
): Promise<Result<readonly string[] | null>> {
  if (file === null || (fitted !== undefined && fitted !== null)) return ok(null);
  const source = { file, folder, path };
  const lineOf = new Map<string, number>();
  const problems = createProblemList();
  let line = 0;
  try {
    for await (const text of splitLines(readTextChunks(source), MAX_LINE_LENGTH)) {
      line += 1;
      const token = unit === "char" ? (escapes.get(text) ?? text) : text.trim();
      const report = (fault: string, hint: string) =>
        problems.add([{ code: "vocabulary-file", path, file, line, message: `${file}:${line}: ${fault}`, hint }]);
      const shown = JSON.stringify(token);
      if (token === "") report("The line is empty.", "Remove it.");
      else if (unit === "char" && [...token].length > 1) report(`${shown} is no single character.`, escapeHint);
      else if (lineOf.has(token)) report(`${shown} is on line ${lineOf.get(token)} too.`, "Remove one of the lines.");
      lineOf.set(token, line);
      if (problems.isFull) break;
    }
  } catch (error) {
    return fail([readingProblem(source, error)]);
  }
  if (problems.size > 0) return fail(problems.list());
  if (lineOf.size > 0) return ok([...lineOf.keys()]);
  const message = `"${file}" is empty.`;
  return fail([{ code: "vocabulary-file", path, file, message, hint: "Write one token on each line." }]);
}

const escapeHint = "Write one character on each line; a line feed is \\n, a tab \\t, a backslash \\\\.";

/**
 * The notice of the units of a text that a file's vocabulary has, or the problem that it has none.
 *
 * @param units distinct units of the data.
 */
export function checkCoverage(
  { vocabulary: { file } }: VocabularyKeys,
  tokens: readonly Unit[] | null,
  units: readonly Unit[],
): Result<readonly string[]> {
  if (file === null || tokens === null) return ok([]);
  const known = new Set(tokens);
  const count = units.filter((unit) => known.has(unit)).length;
  if (count === 0) {
    const message = `"${file}" has no token of the data.`;
    const problem: RunProblem = { code: "vocabulary-file", path, file, message, hint: "Write one token on each line." };
    return fail([problem]);
  }
  if (count === units.length) return ok([]);
  const of = `${formatInteger(count)} of the ${formatCount(units.length, "distinct token")} of the data`;
  return ok([`"${file}" has ${of}; the others are read as unknown.`]);
}

/** The limits of a vocabulary with its file's name replaced. */
export function mapVocabularyFile(vocabulary: NormalVocabulary, rename: (file: string) => string): NormalVocabulary {
  return { ...vocabulary, file: vocabulary.file === null ? null : rename(vocabulary.file) };
}
