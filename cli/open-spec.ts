/** A spec from the command line: read and normalized, or everything that is wrong with it shown. */
import type { RunProblem } from "../runtime/problem.js";
import { fail, ok, type Result } from "../runtime/result.js";
import type { Diagnostic } from "../schema/diagnostics/index.js";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import type { NormalSpec } from "../schema/normal/index.js";
import type { SourceText } from "../schema/parse/json.js";
import type { Override } from "../schema/parse/overrides.js";
import type { ReadResult } from "../schema/read.js";
import type { Output } from "./output.js";

export interface OpenedSpec {
  readonly spec: NormalSpec;
  readonly origins: SourceMap;
  /** Folder that the spec's relative paths start from. */
  readonly folder: string;
  /** The place of each problem in the user's text, or in the file that it names. */
  readonly locate: (problems: readonly RunProblem[]) => readonly Diagnostic[];
  /** What the diagnostics' lines count in. */
  readonly source: SourceText;
}

export interface SpecError {
  readonly diagnostics: readonly Diagnostic[];
  readonly source: SourceText | undefined;
}

export type ReadSpecResult = Result<OpenedSpec, SpecError>;

export async function readSpec(file: string, overrides: readonly Override[]): Promise<ReadSpecResult> {
  const { readSpecFile } = await import("../schema/read.js");
  return toOpenedSpec(await readSpecFile(file, { overrides }));
}

/** The same for a text that stands in a file of another kind; relative paths start from here. */
export async function readSpecText(
  text: string,
  file: string,
  overrides: readonly Override[],
): Promise<ReadSpecResult> {
  const { readSpec: readText } = await import("../schema/read.js");
  return toOpenedSpec(await readText(text, { file, overrides }));
}

function toOpenedSpec(result: ReadResult): ReadSpecResult {
  if (!result.ok) return fail({ diagnostics: result.diagnostics, source: result.document });
  const { spec, origins, folder, document } = result;
  const locate = (problem: RunProblem): Diagnostic => {
    const diagnostic = document.locate(problem);
    const { file: otherFile, line, column = 1 } = problem;
    return otherFile === undefined || line === undefined
      ? diagnostic
      : { ...diagnostic, file: otherFile, line, column };
  };
  return ok({ spec, origins, folder, source: document, locate: (problems) => problems.map(locate) });
}

/** The spec, or undefined when it was wrong and the user has been told. */
export async function openSpec(
  output: Output,
  file: string,
  overrides: readonly Override[],
): Promise<OpenedSpec | undefined> {
  const read = await readSpec(file, overrides);
  if (read.ok) return read.value;
  await reportSpecErrors(output, read.error.diagnostics, read.error.source);
  return undefined;
}

/** Says what is wrong with a spec, its data or its flags: an error record, or code frames on stderr. */
export async function reportSpecErrors(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  output.record({ event: "error", message: diagnosticsSummary(diagnostics), diagnostics });
  await printDiagnostics(output, diagnostics, source);
}

/** Code frames on stderr, unless a record says it all. */
export async function printDiagnostics(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  if (diagnostics.length === 0 || output.json) return;
  await printCodeFrames(output, diagnostics, source);
  output.note(`\n${diagnosticsSummary(diagnostics)}`);
}

/** The places alone. */
export async function printCodeFrames(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  if (diagnostics.length === 0 || output.json) return;
  const { frame } = await import("../schema/diagnostics/code-frame.js");
  output.note(await frame(diagnostics, source, { color: output.colors.note.isColorSupported }));
}

function diagnosticsSummary(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const plural = (count: number, word: string) => (count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`]);
  return [...plural(errors, "error"), ...plural(warnings, "warning")].join(", ");
}
