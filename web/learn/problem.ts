/** What is wrong with what a user gives. */
import { type Checked, refuse } from "../../runtime/problem.js";

export function refused(message: string, hint = ""): Extract<Checked<unknown>, { ok: false }> {
  return refuse({ code: "lesson", path: "", message, hint });
}

export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** Lines that hold something, with their numbers from 1. */
export function linesOf(text: string): readonly { readonly line: string; readonly number: number }[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, index) => (line.trim() === "" ? [] : [{ line, number: index + 1 }]));
}

/** What stands on both sides of the last arrow or tab of a line. */
export function sidesOf(line: string): readonly [string, string] | undefined {
  const found = /^(.*\S)\s*(?:=>|\t)\s*(\S.*?)\s*$/u.exec(line);
  return found === null ? undefined : [(found[1] ?? "").trim(), found[2] ?? ""];
}
