/** The layers and blocks of one scope of names, and their names. */
import type { Report } from "../diagnostics/index.js";
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child } from "../json-pointer.js";
import { kindName } from "../kinds/layers.js";
import type { Block, Layer, ModelEntry } from "../spec.types.js";

/** A list of layers and blocks, and the named blocks that contain it, outermost first. */
export interface Body {
  readonly entries: readonly ModelEntry[];
  readonly path: string;
  readonly inside: readonly string[];
}

/**
 * A layer or a block. A block without a name and without copies has no scope: its members have names in the scope
 * around it.
 */
export type Member =
  | { readonly kind: "layer"; readonly layer: Layer; readonly path: string }
  | {
      readonly kind: "block";
      readonly block: Block;
      readonly path: string;
      readonly body: Body;
      readonly members: readonly Member[];
      /** The residual sum of a block without a scope. */
      readonly residual: Member | null;
    };

/** Limit of layers after blocks are repeated. */
export const maxLayers = 1000;

/** Reads lists of layers and blocks. Each member is a new object: a list that is used twice has two lists of members. */
export class MemberReader {
  /** Blocks read so far, up to a limit: blocks of blocks may double at every level. */
  #count = 0;
  readonly #named: Readonly<Record<string, readonly ModelEntry[]>>;
  readonly #report: Report;

  constructor(named: Readonly<Record<string, readonly ModelEntry[]>>, report: Report) {
    this.#named = named;
    this.#report = report;
  }

  members({ entries, path, inside }: Body): readonly Member[] {
    return entries.map((entry, index): Member => {
      const entryPath = child(path, index);
      if (!isBlock(entry)) return { kind: "layer", layer: entry, path: entryPath };
      const body = this.#bodyOf(entry, entryPath, inside);
      const sum: Layer = { layer: "add", from: [] };
      const residual: Member = { kind: "layer", layer: sum, path: entryPath };
      return {
        kind: "block",
        block: entry,
        path: entryPath,
        body,
        members: this.members(body),
        residual: entry.residual && !hasScope(entry) ? residual : null,
      };
    });
  }

  #bodyOf({ block }: Block, entryPath: string, inside: readonly string[]): Body {
    const path = child(entryPath, "block");
    if (++this.#count > 10 * maxLayers) return { entries: [], path, inside };
    if (typeof block !== "string") return { entries: block, path, inside };
    const entries = Object.hasOwn(this.#named, block) ? this.#named[block] : undefined;
    const name = quote(block);
    if (entries === undefined) {
      const names = Object.keys(this.#named);
      const hint =
        names.length === 0
          ? 'Add it to "blocks" of the spec, or write its layers here.'
          : suggestion(block, names, "Blocks");
      this.#report({ code: "unknown-block", path, message: `"blocks" has no entry ${name}.`, hint });
    } else if (inside.includes(block)) {
      const hint = 'Write "repeat" for copies in a row.';
      this.#report({ code: "recursive-block", path, message: `The block ${name} contains itself.`, hint });
    } else return { entries, path: child("/blocks", block), inside: [...inside, block] };
    return { entries: [], path, inside };
  }
}

/** A layer may have keys of any name: the options of a cell. */
function isBlock(entry: ModelEntry): entry is Block {
  return "block" in entry;
}

/** True for a block whose members have names of their own: `<block>/<layer>`. */
function hasScope({ name, repeat }: Block): boolean {
  return name !== undefined || repeat !== undefined;
}

/**
 * The names of a scope's members. Given names are kept; others are the layer's kind or type, `block` or `residual`, then
 * `rnn_2`, `rnn_3`, …
 */
export function assignNames(members: readonly Member[], report: Report): ReadonlyMap<Member, string> {
  const scope = members.flatMap(withoutScopes);
  const names = new Map<Member, string>();
  const owners = new Map<string, Member>();
  for (const member of scope) {
    const { name } = member.kind === "layer" ? member.layer : member.block;
    if (name === undefined) continue;
    const first = owners.get(name);
    if (first !== undefined) reportDuplicate(name, first, member, report);
    owners.set(name, first ?? member);
    names.set(member, name);
  }
  const residuals = new Set(scope.map((member) => (member.kind === "block" ? member.residual : null)));
  for (const member of scope) {
    if (names.has(member) || (member.kind === "block" && !hasScope(member.block))) continue;
    const base = residuals.has(member) ? "residual" : member.kind === "layer" ? kindName(member.layer) : "block";
    let candidate: string = base;
    for (let number = 2; owners.has(candidate); number++) candidate = `${base}_${number}`;
    owners.set(candidate, member);
    names.set(member, candidate);
  }
  return names;
}

/** A member, with the members and the residual sum of a block without a scope. */
function withoutScopes(member: Member): readonly Member[] {
  if (member.kind === "layer" || hasScope(member.block)) return [member];
  return [member, ...member.members.flatMap(withoutScopes), ...(member.residual === null ? [] : [member.residual])];
}

function reportDuplicate(name: string, first: Member, member: Member, report: Report): void {
  const kind = first.kind === "layer" && member.kind === "layer" ? "layers" : "layers or blocks";
  const place = first.path
    .slice(1)
    .replaceAll(/\/(\d+)/g, "[$1]")
    .replaceAll("/", ".");
  report({
    code: "duplicate-name",
    path: child(member.path, "name"),
    message: `Two ${kind} are named ${quote(name)}.`,
    hint:
      first.path === member.path
        ? `${place} is used twice in one scope: give each use of its block a name.`
        : `The first is ${place}. Give each ${kind === "layers" ? "layer" : "of them"} its own name.`,
  });
}
