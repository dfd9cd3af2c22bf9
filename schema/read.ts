/** A spec file to a normal spec, or to all its diagnostics: parse, override, validate, normalize. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Diagnostic, Problem } from "./diagnostics/index.js";
import type { SourceMap } from "./diagnostics/source-map.js";
import type { NormalSpec } from "./normal/index.js";
import { normalize } from "./normalize/index.js";
import { maximumBytes, parseDocument, type SourceText, type SpecDocument } from "./parse/json.js";
import { type Override, withOverrides, withoutPosition } from "./parse/overrides.js";
import type { Spec } from "./spec.types.js";
import { validate } from "./validate/index.js";

export interface ReadOptions {
  /** Values from the command line, applied in order. */
  readonly overrides?: readonly Override[];
}

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
    }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** The text that the diagnostics refer to; absent if it could not be read. */
      readonly document?: SourceText;
    };

const byteOrderMark = "\ufeff";

/**
 * A spec from a file. Its relative paths start from the file's folder.
 *
 * @returns as `readSpec`; a file that cannot be read gives a diagnostic without a position.
 */
export async function readSpecFile(path: string, options: ReadOptions = {}): Promise<ReadResult> {
  const content = await readText(path);
  if (typeof content !== "string") return { ok: false, diagnostics: [withoutPosition(content)] };
  return readSpec(content, { ...options, file: path, folder: dirname(resolve(path)) });
}

/**
 * A spec from its text, or from a value. Positions in a value are those in its JSON text, indented by 2.
 *
 * @returns The normal spec with every default filled in, or all diagnostics at once: code, JSON path, line and column
 * from 1, message, hint.
 */
export async function readSpec(content: string | Spec, options: ReadTextOptions = {}): Promise<ReadResult> {
  const { file = "spec.json", folder = process.cwd(), overrides = [] } = options;
  const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
  const source = { name: file, text: text.startsWith(byteOrderMark) ? text.slice(1) : text };
  const parsed = parseDocument(source.text, file);
  if (!parsed.ok) return { ok: false, diagnostics: parsed.diagnostics, document: source };

  const overridden = withOverrides(parsed.document, overrides);
  if (!overridden.ok) return { ok: false, diagnostics: overridden.diagnostics, document: source };

  const { document } = overridden;
  const failure = (problems: readonly Problem[]): ReadResult => ({
    ok: false,
    diagnostics: problems.map(document.locate).sort(byPosition),
    document,
  });
  const problems = await validate(document.value);
  if (problems.length > 0) return failure(problems);

  // The schema accepts the value, and `Spec` is generated from the schema.
  const normalized = normalize(document.value as unknown as Spec, nameOfFile(file));
  if (!normalized.ok) return failure(normalized.problems);
  return { ok: true, spec: normalized.spec, origins: normalized.origins, document, folder };
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column;
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

/** A text file's content, or the reason why it cannot be read. The size is checked before reading. */
async function readText(path: string): Promise<string | Problem> {
  const problem = (code: string, message: string, hint = ""): Problem => ({
    code,
    path: "",
    message: `${path}: ${message}`,
    hint,
  });
  try {
    const status = await stat(path);
    if (!status.isFile())
      return problem("not-a-file", "the path is not a file.", "Give the path of the spec's JSON file.");
    if (status.size > maximumBytes) return tooLarge(status.size, problem);
    const bytes = await readFile(path);
    if (bytes.length > maximumBytes) return tooLarge(bytes.length, problem);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return problem("file-not-found", "file not found.");
    if (code === "EACCES" || code === "EPERM") return problem("file-not-readable", "permission denied.");
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      return problem("not-utf8", "the file is not UTF-8 text.", "Save it as UTF-8.");
    return problem("file-not-readable", `the file cannot be read (${code || error}).`);
  }
}

function tooLarge(size: number, problem: (code: string, message: string, hint: string) => Problem): Problem {
  const megabytes = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
  return problem(
    "too-large",
    `the file is ${megabytes(size)} MB; the limit for a spec is ${megabytes(maximumBytes)} MB.`,
    "Store large arrays in .npy files and name those files in the spec.",
  );
}
