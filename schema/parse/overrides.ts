/** Values from the command line that replace those of the spec: `--set train.steps=5`, `--seed 3`. */
import type { Diagnostic, Problem } from "../diagnostics/index.js";
import { quote } from "../diagnostics/suggest.js";
import { child, isList, isObject, isWithin, type Json } from "../json-pointer.js";
import { excludes } from "./exclusive-keys.js";
import { forbiddenKeys, parseDocument, type SpecDocument } from "./json.js";
import { maximumDepth } from "./limits.js";

export interface Override {
  /** Keys and indices joined by dots: `model.1.hidden_size`. */
  readonly path: string;
  /** JSON, or plain text where it is not JSON. */
  readonly value: string;
  /** As the user gave it, for messages: `--set model.1.hidden_size=8`. */
  readonly flag: string;
}

export type OverrideResult =
  | { readonly ok: true; readonly document: SpecDocument }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The document with overridden values. Its `locate` names the flag of a problem within such a value. */
export function withOverrides(document: SpecDocument, overrides: readonly Override[]): OverrideResult {
  const flags = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  let value = document.value;
  for (const { path, value: text, flag } of overrides) {
    const keys = path.split(".");
    const parsed = parseValue(text);
    const result = typeof parsed === "string" ? parsed : withValue(value, keys, parsed.value, "");
    if (typeof result === "string") {
      const message = `${flag}: ${result}`;
      diagnostics.push({ ...document.locate({ code: "bad-override", path: pointerOf(keys), message }), path: "" });
      continue;
    }
    value = result.value;
    flags.set(pointerOf(keys), flag);
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  return {
    ok: true,
    document: { ...document, value, locate: (problem) => locateOverridden(document, flags, problem) },
  };
}

/** The keys of a flag's path within the depth of any spec. */
function pointerOf(keys: readonly string[]): string {
  return keys.slice(0, maximumDepth).reduce(child, "");
}

/** A problem of an overridden value has the position of the value that it replaces, or of the nearest object in the text. */
function locateOverridden(document: SpecDocument, flags: ReadonlyMap<string, string>, problem: Problem): Diagnostic {
  const overriddenPath = [...flags.keys()].findLast((path) => isWithin(problem.path, path));
  if (overriddenPath === undefined) return document.locate(problem);
  const message = `${problem.message.replace(/\.$/, "")} (set by ${flags.get(overriddenPath)}).`;
  return { ...document.locate({ ...problem, message }), path: problem.path };
}

/** A problem of a whole file or a command line, at the first line. */
export function withoutPosition({ code, path, message, hint = "", severity = "error" }: Problem): Diagnostic {
  return { code, severity, path, line: 1, column: 1, message, hint };
}

/** The value of a flag's text, or the error in it. */
function parseValue(text: string): { readonly value: Json } | string {
  const parsed = parseDocument(text, "");
  if (parsed.ok) return { value: parsed.document.value };
  // Not JSON: plain text, such as a name or a path.
  const error = parsed.diagnostics.find(({ code }) => !plainTextCodes.includes(code));
  return error === undefined ? { value: text } : error.message;
}

const plainTextCodes: readonly string[] = ["syntax", "empty", "comment", "trailing-comma", "truncated"];

function withValue(root: Json, keys: readonly string[], value: Json, path: string): { readonly value: Json } | string {
  const [key, ...rest] = keys;
  if (key === undefined) return { value };
  const parentName = path === "" ? "the spec" : path;
  if (key === "") return "the path has an empty key.";
  if (keys.length > maximumDepth) return `the path has more than ${maximumDepth} keys.`;
  if (forbiddenKeys.includes(key)) return `the key ${quote(key)} is not allowed.`;
  const innerPath = path === "" ? key : `${path}.${key}`;
  if (isList(root)) {
    if (!/^\d+$/.test(key) || Number(key) >= root.length)
      return `${parentName} has entries 0 to ${root.length - 1}, but no ${quote(key)}.`;
    const nested = withValue(root[Number(key)] as Json, rest, value, innerPath);
    return typeof nested === "string" ? nested : { value: root.with(Number(key), nested.value) };
  }
  if (root !== null && !isObject(root)) return `${parentName} is not an object or a list, so it has no ${quote(key)}.`;
  const members = root ?? {};
  const nested = withValue(members[key] ?? null, rest, value, innerPath);
  if (typeof nested === "string") return nested;
  const pointer = `/${innerPath.replaceAll(".", "/")}`;
  const remaining = Object.entries(members).filter(([name, other]) => !excludes(pointer, nested.value, name, other));
  return { value: { ...Object.fromEntries(remaining), [key]: nested.value } };
}
