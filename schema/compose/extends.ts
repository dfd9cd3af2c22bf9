/** Specs that extend others: the files of `extends` are merged below the spec, with the position of every value. */
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Diagnostic, Problem, SourceText } from "../diagnostics/index.js";
import { isList, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { readTextFile } from "../parse/file.js";
import { type ParseResult, parseDocument, type SpecDocument } from "../parse/json.js";
import { mapFileNames } from "./file-names.js";
import { documentAt, type Merged, merge } from "./merge.js";

/** Files that one spec is composed of, at most. */
const maxFiles = 100;

/** A document of one file. */
interface SpecFile {
  readonly document: SpecDocument;
  readonly folder: string;
}

/**
 * The document with the values of the files that it extends. Its `locate` gives positions in those files.
 *
 * @param path of the document's file, as the user gave it.
 * @param folder of the document.
 */
export async function withBases(document: SpecDocument, path: string, folder: string): Promise<ParseResult> {
  if (!isObject(document.value) || basesOf(document.value) === undefined) return { ok: true, document };
  const files: SourceText[] = [];
  const composed = await compose({ document, folder }, { path, folder, files, chain: [resolve(folder, path)] });
  if ("diagnostics" in composed) return { ok: false, diagnostics: composed.diagnostics, others: files };
  const locate = (problem: Problem): Diagnostic => {
    const owner = documentAt(composed, problem.path);
    const diagnostic = owner.locate(problem);
    return owner === document ? diagnostic : { ...diagnostic, file: owner.name };
  };
  return { ok: true, document: { ...document, value: composed.value, locate, others: files } };
}

interface Context {
  readonly path: string;
  /** Of the spec that is read. */
  readonly folder: string;
  /** The files that were read. */
  readonly files: SourceText[];
  /** Absolute paths from the spec to this file. */
  readonly chain: readonly string[];
}

type Composed = Merged<SpecDocument> | { readonly diagnostics: readonly Diagnostic[] };

async function compose({ document, folder }: SpecFile, context: Context): Promise<Composed> {
  const { value } = document;
  const own: Merged<SpecDocument> = { value: isObject(value) ? withoutKey(value, "extends") : value, document };
  const bases = isObject(value) ? (basesOf(value) ?? []) : [];
  let merged: Merged<SpecDocument> | undefined;
  for (const { name, path: pointer } of bases) {
    const fail = (problem: Omit<Problem, "path">) => {
      const diagnostic = document.locate({ ...problem, path: pointer });
      const isSpec = context.chain.length === 1;
      return { diagnostics: [isSpec ? diagnostic : { ...diagnostic, file: document.name }] };
    };
    const file = resolve(folder, name);
    const shown = isAbsolute(name) ? name : join(dirname(context.path), name);
    if (context.chain.includes(file)) return fail({ ...cycle, message: `"${name}" extends this file in turn.` });
    if (context.files.length >= maxFiles)
      return fail({ ...tooMany, message: `More than ${maxFiles} files are extended.` });
    const content = await readTextFile(file);
    if (typeof content !== "string") return fail(unreadable(content, file, shown));
    const parsed = parseDocument(content, shown);
    if (!parsed.ok) {
      context.files.push({ name: shown, text: content });
      return { diagnostics: parsed.diagnostics.map((diagnostic) => ({ ...diagnostic, file: shown })) };
    }
    context.files.push(parsed.document);
    if (!isObject(parsed.document.value)) return fail({ ...notAnObject, message: `"${name}" is not a JSON object.` });
    const base = await compose(
      { document: parsed.document, folder: dirname(file) },
      { ...context, path: shown, chain: [...context.chain, file] },
    );
    if ("diagnostics" in base) return base;
    const inherited = inherit(base, dirname(file), folder);
    merged = merged === undefined ? inherited : merge(merged, inherited);
  }
  return merged === undefined ? own : merge(merged, own);
}

const cycle = { code: "extends-cycle", hint: "Remove one of the two." };
const tooMany = { code: "extends-too-many", hint: "Write the specs into fewer files." };
const notAnObject = { code: "extends-not-a-spec", hint: "A spec is a JSON object: { … }." };

function unreadable({ code, message, hint }: Diagnostic, file: string, shown: string): Omit<Problem, "path"> {
  return { code, message: message.replace(file, shown), hint };
}

/** The files of `extends` with their places; undefined without the key, or where it is not a name or a list of names. */
function basesOf({
  extends: given,
}: JsonObject): readonly { readonly name: string; readonly path: string }[] | undefined {
  if (typeof given === "string" && given !== "") return [{ name: given, path: "/extends" }];
  if (!isList(given) || given.length === 0) return undefined;
  const isName = (entry: Json): entry is string => typeof entry === "string" && entry !== "";
  return given.every(isName) ? given.map((name, index) => ({ name, path: `/extends/${index}` })) : undefined;
}

/** The values of a base for a spec of another folder. The name is not inherited: two runs need two names. */
function inherit(base: Merged<SpecDocument>, from: string, to: string): Merged<SpecDocument> {
  const rename = (file: string) =>
    isAbsolute(file) || from === to ? file : relative(to, resolve(from, file)).split(sep).join("/");
  const change = (place: Merged<SpecDocument>, path: string): Merged<SpecDocument> => ({
    ...place,
    value: mapFileNames(place.value, rename, path),
    ...(place.members && {
      members: new Map([...place.members].map(([key, member]) => [key, change(member, `${path}/${key}`)])),
    }),
  });
  const { value, document, members } = change(base, "");
  const kept = isObject(value) ? withoutKey(withoutKey(value, "name"), "$schema") : value;
  if (members === undefined) return { value: kept, document };
  const keptMembers = new Map([...members].filter(([key]) => key !== "name" && key !== "$schema"));
  return { value: kept, document, members: keptMembers };
}

function withoutKey(value: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = value;
  return rest;
}
