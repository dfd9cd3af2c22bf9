/** Lines, pairs and errors in the examples of the user. */
import { type Failure, fail } from "../../runtime/result.js";

export function invalid(message: string, hint = ""): Failure {
  return fail([{ code: "examples", path: "", message, hint }]);
}

/** The lines that are not blank, with their numbers from 1. */
export function nonBlankLines(text: string): readonly { readonly line: string; readonly number: number }[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, index) => (line.trim() === "" ? [] : [{ line, number: index + 1 }]));
}

/** Both sides of the last arrow or tab of a line. */
export function splitPair(line: string): readonly [string, string] | undefined {
  const match = /^(.*\S)\s*(?:=>|\t)\s*(\S.*?)\s*$/u.exec(line);
  return match === null ? undefined : [(match[1] ?? "").trim(), match[2] ?? ""];
}
