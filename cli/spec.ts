/** A spec from the command line: read and normalized, or everything that is wrong with it shown. */
import type { RunProblem } from "../runtime/problem.js";
import type { Diagnostic } from "../schema/diagnostics.js";
import type { SourceText } from "../schema/document.js";
import type { NormalSpec } from "../schema/normal.js";
import type { Origins } from "../schema/origins.js";
import type { Override } from "../schema/overrides.js";
import type { ReadResult } from "../schema/read.js";
import type { Output } from "./output.js";

export interface OpenedSpec {
  readonly spec: NormalSpec;
  readonly origins: Origins;
  /** Folder that the spec's relative paths start from. */
  readonly folder: string;
  /** The place of each problem in the user's text, or in the file that it names. */
  readonly place: (problems: readonly RunProblem[]) => readonly Diagnostic[];
  /** What the diagnostics' lines count in. */
  readonly source: SourceText;
}

export type ReadSpec =
  | ({ readonly ok: true } & OpenedSpec)
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly source: SourceText | undefined };

export async function readSpec(file: string, overrides: readonly Override[]): Promise<ReadSpec> {
  const { readSpecFile } = await import("../schema/read.js");
  return opened(await readSpecFile(file, { overrides }));
}

/** The same for a text that stands in a file of another kind; relative paths start from here. */
export async function readSpecText(text: string, file: string, overrides: readonly Override[]): Promise<ReadSpec> {
  const { readSpec: readText } = await import("../schema/read.js");
  return opened(await readText(text, { file, overrides }));
}

function opened(read: ReadResult): ReadSpec {
  if (!read.ok) return { ok: false, diagnostics: read.diagnostics, source: read.document };
  const { spec, origins, folder, document } = read;
  const place = (problem: RunProblem): Diagnostic => {
    const diagnostic = document.place(problem);
    const { file: other, line, column = 1 } = problem;
    return other === undefined || line === undefined ? diagnostic : { ...diagnostic, file: other, line, column };
  };
  return { ok: true, spec, origins, folder, source: document, place: (problems) => problems.map(place) };
}

/** The spec, or undefined when it was wrong and the user has been told. */
export async function openSpec(
  output: Output,
  file: string,
  overrides: readonly Override[],
): Promise<OpenedSpec | undefined> {
  const read = await readSpec(file, overrides);
  if (read.ok) return read;
  await refuseSpec(output, read.diagnostics, read.source);
  return undefined;
}

/** Says what is wrong with a spec, its data or its flags: an error record, or code frames on stderr. */
export async function refuseSpec(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  output.record({ event: "error", message: summaryOf(diagnostics), diagnostics });
  await showDiagnostics(output, diagnostics, source);
}

/** Code frames on stderr, unless a record says it all. */
export async function showDiagnostics(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  if (diagnostics.length === 0 || output.json) return;
  await showFrames(output, diagnostics, source);
  output.note(`\n${summaryOf(diagnostics)}`);
}

/** The places alone. */
export async function showFrames(
  output: Output,
  diagnostics: readonly Diagnostic[],
  source: SourceText | undefined,
): Promise<void> {
  if (diagnostics.length === 0 || output.json) return;
  const { frame } = await import("../schema/frame.js");
  output.note(await frame(diagnostics, source, { color: output.colors.note.isColorSupported }));
}

function summaryOf(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const plural = (count: number, word: string) => (count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`]);
  return [...plural(errors, "error"), ...plural(warnings, "warning")].join(", ");
}
