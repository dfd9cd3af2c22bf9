/** Opens a spec for a command: reads and normalizes it, or reports every error in it. */
import { basename } from "node:path";
import type { RunProblem } from "../runtime/problem.js";
import { fail, ok, type Result } from "../runtime/result.js";
import type { Diagnostic, SourceText } from "../schema/diagnostics/index.js";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import type { JsonObject } from "../schema/json-pointer.js";
import type { NormalSpec } from "../schema/normal/index.js";
import type { Override } from "../schema/parse/overrides.js";
import type { ReadOptions, ReadResult } from "../schema/read.js";
import { unusedDefinitions } from "../schema/validate/unused-definitions.js";
import type { Output } from "./output.js";
import { columnsOf } from "./wrap-text.js";

export interface OpenedSpec {
  readonly spec: NormalSpec;
  /** The spec as it is written, with the values of the specs that it extends and of its variables. */
  readonly resolved: JsonObject;
  readonly origins: SourceMap;
  /** Warnings about definitions of the spec itself, not of the specs that it extends, that nothing uses. */
  readonly unused: readonly Diagnostic[];
  /** Notices of models that are read from a run's copy. */
  readonly notices: readonly string[];
  /** Base folder of the spec's relative paths. */
  readonly folder: string;
  /** Positions of problems in the user's text, or in a file that the problem names. */
  readonly locate: (problems: readonly RunProblem[]) => readonly Diagnostic[];
  /** The text that the diagnostics' positions refer to. */
  readonly source: SourceText;
}

export interface SpecError {
  readonly diagnostics: readonly Diagnostic[];
  readonly source: SourceText | undefined;
}

export type ReadSpecResult = Result<OpenedSpec, SpecError>;

export async function readSpec(
  file: string,
  overrides: readonly Override[],
  keptModels?: ReadOptions["keptModels"],
): Promise<ReadSpecResult> {
  const { readSpecFile } = await import("../schema/read.js");
  const result = await readSpecFile(file, { overrides, ...(keptModels && { keptModels }) });
  if (result.ok) return toOpenedSpec(result);
  const diagnostics = await Promise.all(result.diagnostics.map((diagnostic) => withTemplateHint(diagnostic, file)));
  return toOpenedSpec({ ...result, diagnostics });
}

/** A missing spec: the template of its name, or the list of templates. */
async function withTemplateHint(diagnostic: Diagnostic, file: string): Promise<Diagnostic> {
  if (diagnostic.code !== "file-missing" || diagnostic.hint !== "") return diagnostic;
  const { listTemplates } = await import("./commands/init/templates.js");
  const name = basename(file, ".json");
  const isTemplate = listTemplates().some((template) => template.name === name);
  const hint = isTemplate
    ? `"${name}" is a template: write its spec with rnnx init ${name}.`
    : "Check the path, or write a spec with rnnx init; rnnx init --list lists the templates.";
  return { ...diagnostic, hint };
}

/** Reads a spec that another file contains. Relative paths start from the current folder. */
export async function readSpecText(
  text: string,
  file: string,
  overrides: readonly Override[],
): Promise<ReadSpecResult> {
  const schema = await import("../schema/read.js");
  return toOpenedSpec(await schema.readSpec(text, { file, overrides }));
}

function toOpenedSpec(result: ReadResult): ReadSpecResult {
  if (!result.ok) return fail({ diagnostics: result.diagnostics, source: result.document });
  const { spec, origins, folder, document, notices } = result;
  const locate = (problem: RunProblem): Diagnostic => {
    const diagnostic = document.locate(problem);
    const { file: otherFile, line, column = 1 } = problem;
    return otherFile === undefined || line === undefined
      ? diagnostic
      : { ...diagnostic, file: otherFile, line, column };
  };
  const { extends: _, variables: __, ...resolved } = document.value as JsonObject;
  const unused = unusedDefinitions(resolved)
    .map(locate)
    .filter(({ file }) => file === undefined);
  const locateAll = (problems: readonly RunProblem[]) => problems.map(locate);
  return ok({ spec, resolved, origins, unused, notices, folder, source: document, locate: locateAll });
}

/** The spec; undefined after reporting errors. */
export async function openSpec(
  output: Output,
  file: string,
  overrides: readonly Override[],
  keptModels?: ReadOptions["keptModels"],
): Promise<OpenedSpec | undefined> {
  const read = await readSpec(file, overrides, keptModels);
  if (read.ok) return read.value;
  await reportSpecErrors(output, read.error.diagnostics, read.error.source);
  return undefined;
}

/** Reports errors in a spec, its data or its overrides: an error record, or code frames on stderr. */
export async function reportSpecErrors(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  output.record({ event: "error", message: diagnosticsSummary(diagnostics), diagnostics });
  await printDiagnostics(output, diagnostics, source);
}

/** Prints code frames and a count on stderr, except with --json. */
export async function printDiagnostics(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  if (diagnostics.length === 0 || output.json) return;
  await printCodeFrames(output, diagnostics, source);
  output.note(`\n${diagnosticsSummary(diagnostics)}`);
}

/** Prints code frames on stderr, except with --json. */
export async function printCodeFrames(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  if (diagnostics.length === 0 || output.json) return;
  const { frame } = await import("../schema/diagnostics/code-frame.js");
  const color = output.colors.note.isColorSupported;
  output.note(await frame(diagnostics, source, { color, columns: columnsOf(process.stderr) }));
}

function diagnosticsSummary(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const plural = (count: number, word: string) => (count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`]);
  return [...plural(errors, "error"), ...plural(warnings, "warning")].join(", ");
}
