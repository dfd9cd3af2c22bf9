/** JSON text with positions: parsed strictly and within limits, and able to say where each part of it stands. */
import { type MemberNode, parse, type StringNode, type ValueNode } from "@humanwhocodes/momoa";
import type { Diagnostic, Problem } from "./diagnostics.js";
import { child, type Json, keysOf } from "./pointer.js";
import { type Flaw, scanText } from "./scan.js";
import { explainSyntax } from "./syntax.js";
import { quote } from "./wording.js";

/** 16 MB: inline arrays of any sensible size fit; larger ones belong into files of their own. */
export const maximumBytes = 16 * 1024 * 1024;

/** Nobody reads more at once. */
const mostFlaws = 100;

/** The text that diagnostics point into, under the name that a user knows it by. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

export interface SpecDocument extends SourceText {
  readonly value: Json;
  /** Gives a problem its line and column. A path that is not in the text is placed at its nearest ancestor that is. */
  readonly place: (problem: Problem) => Diagnostic;
}

export type ParseResult =
  | { readonly ok: true; readonly document: SpecDocument }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Keys that would reach an object's prototype. */
export const forbiddenKeys: readonly string[] = ["__proto__", "constructor", "prototype"];

export function parseDocument(text: string, name: string): ParseResult {
  const positionAt = positionsIn(text);
  const { flaw } = scanText(text);
  if (flaw !== undefined) return { ok: false, diagnostics: [diagnose(flaw, positionAt)] };
  const root = parseNodes(text);
  if ("code" in root) return { ok: false, diagnostics: [diagnose(root, positionAt)] };
  const flaws = flawsOf(root);
  if (flaws.length > 0) {
    return { ok: false, diagnostics: flaws.slice(0, mostFlaws).map((each) => diagnose(each, positionAt)) };
  }
  return {
    ok: true,
    document: { name, text, value: JSON.parse(text), place: (problem) => place(problem, text, root, positionAt) },
  };
}

function parseNodes(text: string): ValueNode | Flaw {
  try {
    const { body } = parse(text, { mode: "json" });
    return body;
  } catch (error) {
    const offset = error instanceof Error && "offset" in error ? Number(error.offset) : 0;
    return explainSyntax(text, offset);
  }
}

type PlacedFlaw = Flaw & { readonly path: string };

/** What a parser lets through and a spec may not hold: a key twice, keys of the prototype, numbers beyond a double. */
function flawsOf(root: ValueNode): readonly PlacedFlaw[] {
  const flaws: PlacedFlaw[] = [];
  const keys: (string | number)[] = [];
  const report = (code: string, part: ValueNode | MemberNode, message: string, hint: string) => {
    flaws.push({ code, path: keys.reduce<string>(child, ""), offset: part.loc.start.offset, message, hint });
  };

  const visitMember = (member: MemberNode, key: string, seen: Map<string, MemberNode>) => {
    const first = seen.get(key);
    if (forbiddenKeys.includes(key)) {
      report(
        "forbidden-key",
        member,
        `The key ${quote(key)} is not allowed.`,
        "Take it out; no spec has a use for it.",
      );
    } else if (first !== undefined) {
      const hint = `The first is in line ${first.loc.start.line}; keep one.`;
      report("duplicate-key", member, `The key ${quote(key)} is given twice.`, hint);
    } else {
      seen.set(key, member);
      visit(member.value);
    }
  };
  const visit = (node: ValueNode) => {
    if (node.type === "Number" && !Number.isFinite(node.value)) {
      report("number-overflow", node, "This number is too large for any computer.", "Numbers reach up to 1.8e308.");
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
  return flaws;
}

function keyOf(member: MemberNode): string {
  // In JSON names are strings.
  return (member.name as StringNode).value;
}

type PositionAt = (offset: number) => Position;

function diagnose(flaw: Flaw & { readonly path?: string }, positionAt: PositionAt): Diagnostic {
  const { code, message, hint, path = "" } = flaw;
  return { code, severity: "error", path, ...positionAt(flaw.offset), message, hint };
}

function place(problem: Problem, text: string, root: ValueNode, positionAt: PositionAt): Diagnostic {
  let node = root;
  let member: MemberNode | undefined;
  let path = "";
  for (const key of keysOf(problem.path)) {
    const next = stepInto(node, key);
    if (next === undefined) break;
    member = next.type === "Member" ? next : undefined;
    node = next.value;
    path = child(path, key);
  }
  const found = path === problem.path;
  const start = (found && problem.atKey === true && member !== undefined ? member : node).loc.start.offset;
  const inside = found && problem.offset !== undefined && node.type === "String";
  const offset = inside ? offsetInString(text, start, problem.offset) : start;
  const { code, message, hint = "", severity = "error" } = problem;
  return { code, severity, path, ...positionAt(offset), message, hint };
}

function stepInto(node: ValueNode, key: string) {
  if (node.type === "Object") return node.members.find((member) => keyOf(member) === key);
  if (node.type === "Array" && /^\d+$/.test(key)) return node.elements[Number(key)];
  return undefined;
}

/** Where the n-th character of a string value stands in the text; an escape is several characters there. */
function offsetInString(text: string, start: number, characters: number): number {
  let offset = start + 1;
  for (let passed = 0; passed < characters && text[offset] !== '"'; passed++) {
    if (text[offset] === "\\") offset += text[offset + 1] === "u" ? 6 : 2;
    else offset++;
  }
  return offset;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** Line and column of offsets into a text, both from 1. The lines are counted once, at the first question. */
function positionsIn(text: string): PositionAt {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), ({ index, 0: end }) => index + end.length)];
    const line = starts.findLastIndex((start) => start <= offset);
    return { line: line + 1, column: offset - Number(starts[line]) + 1 };
  };
}
