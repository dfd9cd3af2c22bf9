/** JSON text with positions: parsed strictly and within limits, with the line and column of every value. */
import { type MemberNode, parse, type StringNode, type ValueNode } from "@humanwhocodes/momoa";
import type { Diagnostic, Problem, SourceText } from "../diagnostics/index.js";
import { quote } from "../diagnostics/suggest.js";
import { child, type Json, keysOf } from "../json-pointer.js";
import { checkLimits, type TextError } from "./limits.js";
import { explainSyntax } from "./syntax-errors.js";

/** Inline arrays of a reasonable size fit; larger arrays belong in their own files. */
export const maximumBytes = 16 * 1024 * 1024;

/** More errors are not reported. */
const maxErrors = 100;

export interface SpecDocument extends SourceText {
  readonly value: Json;
  /** A problem with its line and column; those of the nearest ancestor if the text does not contain its path. */
  readonly locate: (problem: Problem) => Diagnostic;
}

export type ParseResult =
  | { readonly ok: true; readonly document: SpecDocument }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** Texts of other files that the diagnostics refer to. */
      readonly others?: readonly SourceText[];
    };

/** Keys that would set an object's prototype. */
export const forbiddenKeys: readonly string[] = ["__proto__", "constructor", "prototype"];

export function parseDocument(text: string, name: string): ParseResult {
  const positionAt = positionFinder(text);
  const { error } = checkLimits(text);
  if (error !== undefined) return { ok: false, diagnostics: [toDiagnostic(error, positionAt)] };
  const root = parseNodes(text);
  if ("code" in root) return { ok: false, diagnostics: [toDiagnostic(root, positionAt)] };
  const errors = semanticErrors(root);
  if (errors.length > 0) {
    return { ok: false, diagnostics: errors.slice(0, maxErrors).map((each) => toDiagnostic(each, positionAt)) };
  }
  return {
    ok: true,
    document: { name, text, value: JSON.parse(text), locate: (problem) => locate(problem, text, root, positionAt) },
  };
}

function parseNodes(text: string): ValueNode | TextError {
  try {
    const { body } = parse(text, { mode: "json" });
    return body;
  } catch (error) {
    const offset = error instanceof Error && "offset" in error ? Number(error.offset) : 0;
    return explainSyntax(text, offset);
  }
}

type LocatedTextError = TextError & { readonly path: string };

/** Errors in valid JSON: duplicate keys, keys of the prototype, numbers out of the range of float64. */
function semanticErrors(root: ValueNode): readonly LocatedTextError[] {
  const errors: LocatedTextError[] = [];
  const keys: (string | number)[] = [];
  const report = (code: string, node: ValueNode | MemberNode, message: string, hint: string) => {
    errors.push({ code, path: keys.reduce<string>(child, ""), offset: node.loc.start.offset, message, hint });
  };

  const visitMember = (member: MemberNode, key: string, seen: Map<string, MemberNode>) => {
    const first = seen.get(key);
    if (forbiddenKeys.includes(key)) {
      report("forbidden-key", member, `The key ${quote(key)} is not allowed.`, "Remove it.");
    } else if (first !== undefined) {
      const hint = `The first is in line ${first.loc.start.line}. Keep one of them.`;
      report("duplicate-key", member, `Duplicate key ${quote(key)}.`, hint);
    } else {
      seen.set(key, member);
      visit(member.value);
    }
  };
  const visit = (node: ValueNode) => {
    if (node.type === "Number" && !Number.isFinite(node.value)) {
      report("number-overflow", node, "The number is out of the range of float64.", "The largest number is 1.8e308.");
    } else if (node.type === "Array") {
      for (const [index, element] of node.elements.entries()) {
        keys.push(index);
        visit(element.value);
        keys.pop();
      }
    } else if (node.type === "Object") {
      const seen = new Map<string, MemberNode>();
      for (const member of node.members) {
        const key = keyOf(member);
        keys.push(key);
        visitMember(member, key, seen);
        keys.pop();
      }
    }
  };
  visit(root);
  return errors;
}

function keyOf(member: MemberNode): string {
  // JSON has no other names than strings.
  return (member.name as StringNode).value;
}

type PositionAt = (offset: number) => Position;

function toDiagnostic(error: TextError & { readonly path?: string }, positionAt: PositionAt): Diagnostic {
  const { code, message, hint, path = "" } = error;
  return { code, severity: "error", path, ...positionAt(error.offset), message, hint };
}

function locate(problem: Problem, text: string, root: ValueNode, positionAt: PositionAt): Diagnostic {
  let node = root;
  let member: MemberNode | undefined;
  let path = "";
  for (const key of keysOf(problem.path)) {
    const next = childNode(node, key);
    if (next === undefined) break;
    member = next.type === "Member" ? next : undefined;
    node = next.value;
    path = child(path, key);
  }
  const isExact = path === problem.path;
  const start = (isExact && problem.atKey === true && member !== undefined ? member : node).loc.start.offset;
  const isInString = isExact && problem.offset !== undefined && node.type === "String";
  const offset = isInString ? offsetInString(text, start, problem.offset) : start;
  const { code, message, hint = "", severity = "error" } = problem;
  return { code, severity, path, ...positionAt(offset), message, hint };
}

function childNode(node: ValueNode, key: string) {
  if (node.type === "Object") return node.members.find((member) => keyOf(member) === key);
  if (node.type === "Array" && /^\d+$/.test(key)) return node.elements[Number(key)];
  return undefined;
}

/** The offset in the text of a string's n-th character; an escape sequence has several characters in the text. */
function offsetInString(text: string, start: number, limit: number): number {
  let offset = start + 1;
  for (let count = 0; count < limit && text[offset] !== '"'; count++) {
    if (text[offset] === "\\") offset += text[offset + 1] === "u" ? 6 : 2;
    else offset++;
  }
  return offset;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** Line and column of offsets into a text, both from 1. Lines are counted once, at the first call. */
function positionFinder(text: string): PositionAt {
  let lineStarts: readonly number[] | undefined;
  return (offset) => {
    lineStarts ??= [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), ({ index, 0: end }) => index + end.length)];
    const line = lineStarts.findLastIndex((start) => start <= offset);
    return { line: line + 1, column: offset - Number(lineStarts[line]) + 1 };
  };
}
