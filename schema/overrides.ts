/** Values that the command line sets over those of the spec: `--set train.steps=5`, `--seed 3`. */
import type { Diagnostic, Problem } from "./diagnostics.js";
import { forbiddenKeys, parseDocument, type SpecDocument } from "./document.js";
import { child, isList, isObject, isWithin, type Json } from "./pointer.js";
import { maximumDepth } from "./scan.js";
import { quote } from "./wording.js";

export interface Override {
  /** Keys and indices joined by dots: `model.1.hidden_size`. */
  readonly path: string;
  /** JSON, or else plain text. */
  readonly value: string;
  /** As the user gave it, for messages: `--set model.1.hidden_size=8`. */
  readonly flag: string;
}

export type OverrideResult =
  | { readonly ok: true; readonly document: SpecDocument }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Setting one of these takes the other out: they answer the same question. */
const rivals: Readonly<Record<string, string>> = {
  "/train/steps": "epochs",
  "/train/epochs": "steps",
  "/data/text": "file",
  "/data/file": "text",
};

/** The document with other values, whose `place` names the flag where a problem lies in one of them. */
export function withOverrides(document: SpecDocument, overrides: readonly Override[]): OverrideResult {
  const flags = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  let value = document.value;
  for (const { path, value: text, flag } of overrides) {
    const keys = path.split(".");
    const parsed = parseValue(text);
    const result = typeof parsed === "string" ? parsed : withValue(value, keys, parsed.value, "");
    if (typeof result === "string") {
      diagnostics.push(unplaced({ code: "bad-override", path: "", message: `${flag}: ${result}` }));
      continue;
    }
    value = result.value;
    flags.set(keys.reduce(child, ""), flag);
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  return { ok: true, document: { ...document, value, place: (problem) => placeOver(document, flags, problem) } };
}

function placeOver(document: SpecDocument, flags: ReadonlyMap<string, string>, problem: Problem): Diagnostic {
  const set = [...flags.keys()].findLast((path) => isWithin(problem.path, path));
  if (set === undefined) return document.place(problem);
  const message = `${problem.message.replace(/\.$/, "")} (set by ${flags.get(set)}).`;
  return unplaced({ ...problem, message });
}

/** A problem outside the text. */
export function unplaced({ code, path, message, hint = "", severity = "error" }: Problem): Diagnostic {
  return { code, severity, path, line: 0, column: 0, message, hint };
}

/** The value that a flag's text stands for, or why it stands for none. */
function parseValue(text: string): { readonly value: Json } | string {
  const parsed = parseDocument(text, "");
  if (parsed.ok) return { value: parsed.document.value };
  // Not JSON at all: plain text, such as a name or a path.
  const flaw = parsed.diagnostics.find(({ code }) => !textual.includes(code));
  return flaw === undefined ? { value: text } : flaw.message;
}

const textual: readonly string[] = ["syntax", "empty", "comment", "trailing-comma", "truncated"];

function withValue(root: Json, keys: readonly string[], value: Json, path: string): { readonly value: Json } | string {
  const [key, ...rest] = keys;
  if (key === undefined) return { value };
  const shown = path === "" ? "the spec" : path;
  if (key === "") return "the path has an empty part.";
  if (keys.length > maximumDepth) return `the path has more than ${maximumDepth} parts.`;
  if (forbiddenKeys.includes(key)) return `the key ${quote(key)} is not allowed.`;
  const inner = path === "" ? key : `${path}.${key}`;
  if (isList(root)) {
    if (!/^\d+$/.test(key) || Number(key) >= root.length)
      return `${shown} has the entries 0 to ${root.length - 1}, and no ${quote(key)}.`;
    const changed = withValue(root[Number(key)] as Json, rest, value, inner);
    return typeof changed === "string" ? changed : { value: root.with(Number(key), changed.value) };
  }
  if (root !== null && !isObject(root)) return `${shown} is not an object or a list, so it has no ${quote(key)}.`;
  const members = root ?? {};
  const changed = withValue(members[key] ?? null, rest, value, inner);
  if (typeof changed === "string") return changed;
  const rival = rivals[`/${inner.replaceAll(".", "/")}`];
  const kept = Object.entries(members).filter(([name]) => name !== rival);
  return { value: { ...Object.fromEntries(kept), [key]: changed.value } };
}
