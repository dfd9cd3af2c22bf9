/** A spec file to a normal spec, or to all its diagnostics: parse, compose, override, validate, normalize. */
import { basename, dirname, resolve } from "node:path";
import { withBases } from "./compose/extends.js";
import { withVariables } from "./compose/variables.js";
import type { Diagnostic, Problem, SourceText } from "./diagnostics/index.js";
import type { SourceMap } from "./diagnostics/source-map.js";
import { child, isObject, type Json } from "./json-pointer.js";
import type { NormalLayer, NormalSpec } from "./normal/index.js";
import { normalize } from "./normalize/index.js";
import { readTextFile } from "./parse/file.js";
import { parseDocument, type SpecDocument } from "./parse/json.js";
import { readModelFile } from "./parse/model-file.js";
import { type Override, withOverrides } from "./parse/overrides.js";
import type { Spec } from "./spec.types.js";
import { validate } from "./validate/index.js";
import { layersOf } from "./validate/layers.js";

export interface ReadOptions {
  /** Values from the command line, applied in order. */
  readonly overrides?: readonly Override[];
  /** The copies of models that a run has: layers read them in place of the files that the spec names. */
  readonly keptModels?: (spec: NormalSpec) => KeptModels;
}

/** The path and the SHA-256 of each copy of a model, by the name of the layer. */
export type KeptModels = ReadonlyMap<string, { readonly file: string; readonly sha256: string }>;

export interface ReadTextOptions extends ReadOptions {
  /** Name of the text in messages. Its base name is the default of the model's name. */
  readonly file?: string;
  /** Folder of the spec's relative paths. Default: the current directory. */
  readonly folder?: string;
}

export type ReadResult =
  | {
      readonly ok: true;
      readonly spec: NormalSpec;
      readonly origins: SourceMap;
      readonly document: SpecDocument;
      readonly folder: string;
      /** Notices of models that layers read from a copy, because the file is missing or has another content. */
      readonly notices: readonly string[];
    }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** The text that the diagnostics refer to; absent if it could not be read. */
      readonly document?: SourceText;
    };

/**
 * A spec from a file. Its relative paths start from the file's folder.
 *
 * @returns as `readSpec`; a file that cannot be read gives a diagnostic without a position.
 */
export async function readSpecFile(path: string, options: ReadOptions = {}): Promise<ReadResult> {
  const content = await readTextFile(path);
  if (typeof content !== "string") return { ok: false, diagnostics: [content] };
  return readSpec(content, { ...options, file: path, folder: dirname(resolve(path)) });
}

/**
 * A spec from its text, or from a value. Positions in a value are those in its JSON text, indented by 2.
 *
 * @returns The normal spec with every default filled in, or all diagnostics at once: code, JSON path, line and column
 * from 1, message, hint.
 */
export async function readSpec(content: string | Spec, options: ReadTextOptions = {}): Promise<ReadResult> {
  const { file = "spec.json", folder = process.cwd(), overrides = [], keptModels } = options;
  const text = typeof content === "string" ? content.replace(byteOrderMark, "") : JSON.stringify(content, undefined, 2);

  // 1. Parse the text, with the position of every value.
  const parsed = parseDocument(text, file);
  if (!parsed.ok) return { ok: false, diagnostics: parsed.diagnostics, document: { name: file, text } };

  // 2. Merge the files that it extends, override values by the command line's, replace variables by their values.
  const merged = await withBases(parsed.document, file, folder);
  if (!merged.ok) {
    const { diagnostics, others = [] } = merged;
    return { ok: false, diagnostics, document: { name: file, text, others } };
  }
  const overridden = withOverrides(merged.document, overrides);
  if (!overridden.ok) return { ok: false, diagnostics: overridden.diagnostics, document: merged.document };
  const replaced = withVariables(overridden.document, ownVariables(parsed.document.value, overrides));
  if (!replaced.ok) return { ok: false, diagnostics: replaced.diagnostics, document: merged.document };
  const { document } = replaced;
  const failure = (problems: readonly Problem[]): ReadResult => ({
    ok: false,
    diagnostics: problems.map(document.locate).sort(byPosition),
    document,
  });

  // 3. Validate the value. `Spec` is generated from the schema that accepts it.
  const problems = await validate(document.value);
  if (problems.length > 0) return failure(problems);
  const spec = document.value as unknown as Spec;

  // 4. Read the models that layers name.
  const models = readModels(document.value, folder);
  if (models.problems.length > 0 && keptModels === undefined) return failure(models.problems);

  // 5. Normalize: expand sugar, fill in defaults, resolve cells.
  const normalized = normalize(spec, nameOfFile(file), models.digests);
  if (!normalized.ok) return failure([...models.problems, ...normalized.problems]);

  // 6. Read the copies of models that a run has.
  const kept = readKeptModels(normalized.spec, keptModels);
  const missing = models.problems.filter(({ path }) => !kept.read.has(models.files.get(path) ?? ""));
  if (missing.length > 0) return failure(missing);
  const { origins } = normalized;
  return { ok: true, spec: kept.spec, origins, document, folder, notices: kept.notices };
}

/** The spec with the copies of models in place of the files that it names. A copy of another content is left out. */
function readKeptModels(spec: NormalSpec, keptModels: ReadOptions["keptModels"]) {
  const read = new Set<string>();
  const notices = new Set<string>();
  const copies: KeptModels = spec.model.some(({ layer }) => layer === "onnx")
    ? (keptModels?.(spec) ?? new Map())
    : new Map();
  const model: NormalLayer[] = [];
  for (const layer of spec.model) {
    const copy = layer.layer === "onnx" ? copies.get(layer.name) : undefined;
    const digest = copy && readModelFile({ file: resolve(copy.file), path: "" }, "");
    if (layer.layer !== "onnx" || copy === undefined || digest !== copy.sha256) {
      model.push(layer);
      continue;
    }
    read.add(layer.file);
    if (layer.sha256 !== digest) {
      const reason = layer.sha256 === null ? "is missing" : "has another content than when the run began";
      notices.add(`The model "${layer.file}" ${reason}: the run reads its own copy, ${copy.file}.`);
    }
    model.push({ ...layer, file: resolve(copy.file), sha256: digest });
  }
  // Positions in the text are of the spec's own objects.
  return { spec: read.size === 0 ? spec : { ...spec, model }, read, notices: [...notices] };
}

/** The SHA-256 of each model that a layer names, by its name in the spec. */
function readModels(spec: Json, folder: string) {
  const digests = new Map<string, string>();
  /** The names of files by the paths of their problems. */
  const files = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { layer, path } of isObject(spec) ? layersOf(spec) : []) {
    const { file, sha256 } = layer;
    if (layer.layer !== "onnx" || typeof file !== "string") continue;
    files.set(child(path, "file"), file);
    const digest = digests.get(file) ?? readModelFile({ file, path: child(path, "file") }, folder);
    if (typeof digest !== "string") {
      problems.push(digest);
      continue;
    }
    digests.set(file, digest);
    if (typeof sha256 === "string" && sha256 !== digest)
      problems.push({
        code: "model-digest",
        path: child(path, "sha256"),
        message: `The SHA-256 of "${file}" is ${digest}: the file has another content.`,
        hint: 'Restore the file, or remove "sha256".',
      });
  }
  return { digests, files, problems };
}

/** Names of the variables that the spec and the command line give. */
function ownVariables(value: Json, overrides: readonly Override[]): readonly string[] {
  const variables = isObject(value) && isObject(value.variables) ? Object.keys(value.variables) : [];
  const flags = overrides.flatMap(({ path }) => /^variables\.([^.]+)$/.exec(path)?.[1] ?? []);
  return [...new Set([...variables, ...flags])];
}

const byteOrderMark = /^\ufeff/;

function byPosition(a: Diagnostic, b: Diagnostic): number {
  return (a.file ?? "").localeCompare(b.file ?? "") || a.line - b.line || a.column - b.column;
}

/** A model name from a file's name: `my spec.json` is `my-spec`. */
function nameOfFile(file: string): string {
  const name = basename(file)
    .replace(/\.json$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 100);
  return name === "" ? "model" : name;
}
