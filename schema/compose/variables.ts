/** Variables of a spec: `"$width"` is the value of the variable, `"runs-${width}"` has it in a text. */
import type { Diagnostic, Problem } from "../diagnostics/index.js";
import { formatValue, nearest, quote } from "../diagnostics/suggest.js";
import { child, isList, isObject, isWithin, type Json, type JsonObject } from "../json-pointer.js";
import type { ParseResult, SpecDocument } from "../parse/json.js";

const whole = /^\$([A-Za-z_]\w*)$/;
const inText = /\$(\$?)\{([^{}]*)\}/g;
/** `"$$width"` is the text "$width". */
const escaped = /^\$\$([A-Za-z_]\w*)$/;

/** Keys without variables: the variables, and what is read before them. */
const literalKeys = ["variables", "extends", "$schema"];

/**
 * The document with its variables replaced by their values. A problem of such a value names the variable. A document
 * without `variables` stays as it is.
 *
 * @param own names of the variables that have to be in use: those of the spec itself, not of a spec that it extends.
 */
export function withVariables(document: SpecDocument, own: readonly string[]): ParseResult {
  const { value: root } = document;
  if (!isObject(root) || !isObject(root.variables)) return { ok: true, document };
  const { variables } = root;
  const problems: Problem[] = [];
  /** Names of variables by the paths of the values that have them. */
  const uses = new Map<string, string>();
  const used = new Set<string>();

  const lookUp = (name: string, path: string): Json => {
    used.add(name);
    if (Object.hasOwn(variables, name)) return variables[name] as Json;
    problems.push(unknown(name, path, Object.keys(variables)));
    return null;
  };
  const replaceText = (text: string, path: string): Json => {
    const [, name] = whole.exec(text) ?? [];
    if (name !== undefined) {
      uses.set(path, name);
      return lookUp(name, path);
    }
    if (escaped.test(text)) return text.slice(1);
    return text.replace(inText, (match, dollar: string, inner: string) => {
      if (dollar !== "") return match.slice(1);
      uses.set(path, inner);
      const value = lookUp(inner, path);
      if (typeof value === "object" && value !== null)
        problems.push({
          code: "variable-in-text",
          path,
          message: `${quote(inner)} is not a text or a number.`,
          hint: wholeHint(inner),
        });
      return String(value);
    });
  };
  const replace = (value: Json, path: string): Json => {
    if (typeof value === "string") return value.includes("$") ? replaceText(value, path) : value;
    // Lists of numbers are data, and may have millions of entries.
    if (isList(value))
      return value.some((entry) => typeof entry !== "number")
        ? value.map((entry, index) => replace(entry, child(path, index)))
        : value;
    return isObject(value) ? replaceMembers(value, path, []) : value;
  };
  const replaceMembers = (value: JsonObject, path: string, kept: readonly string[]): JsonObject =>
    Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        kept.includes(key) ? member : replace(member, child(path, key)),
      ]),
    );

  const replaced = replaceMembers(root, "", literalKeys);
  for (const name of own) if (Object.hasOwn(variables, name) && !used.has(name)) problems.push(unused(name));
  if (problems.length > 0) return { ok: false, diagnostics: problems.map(document.locate) };
  const locate = (problem: Problem): Diagnostic => locateReplaced(document, uses, variables, problem);
  return { ok: true, document: { ...document, value: replaced, locate } };
}

function locateReplaced(
  document: SpecDocument,
  uses: ReadonlyMap<string, string>,
  variables: JsonObject,
  problem: Problem,
): Diagnostic {
  const path = [...uses.keys()].find((place) => isWithin(problem.path, place));
  if (path === undefined) return document.locate(problem);
  const name = uses.get(path) ?? "";
  const { offset: _, ...placed } = problem;
  const message = `${problem.message.replace(/\.$/, "")} (${quote(`$${name}`)} is ${formatValue(variables[name])}).`;
  return { ...document.locate({ ...placed, message }), path: problem.path };
}

function unknown(name: string, path: string, names: readonly string[]): Problem {
  const closest = nearest(name, names);
  const suggestion = closest === undefined ? "" : `Did you mean ${quote(closest)}? `;
  const hint = `${suggestion}Add it to "variables", or write $$ for a dollar sign.`;
  return { code: "unknown-variable", path, message: `The spec has no variable ${quote(name)}.`, hint };
}

function unused(name: string): Problem {
  return {
    code: "unused-variable",
    path: child("/variables", name),
    atKey: true,
    message: `No value of the spec is the variable ${quote(name)}.`,
    hint: `Write "$${name}" in place of a value, or remove the variable.`,
  };
}

function wholeHint(name: string): string {
  return `Write "$${name}" in place of the whole value.`;
}
