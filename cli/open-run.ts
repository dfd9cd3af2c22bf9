/** A run from the command line: its recorded spec, perhaps with other data, or what is wrong shown. */
import { join, resolve } from "node:path";
import type { RunFailure } from "../runtime/outcome.js";
import type { RunProblem } from "../runtime/problem.js";
import type { Diagnostic } from "../schema/diagnostics/index.js";
import type { NormalData } from "../schema/normal/index.js";
import { type Override, withoutPosition } from "../schema/parse/overrides.js";
import { reportFailure, reportInvalidInput } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import { type OpenedSpec, openSpec, reportSpecErrors } from "./open-spec.js";
import type { Output } from "./output.js";

export interface OpenedRun extends OpenedSpec {
  /** The data that `--set` makes of the run's own; null without `--set`. */
  readonly data: NormalData | null;
}

/** The run, or undefined when something was wrong and the user has been told. */
export async function openRunSpec(
  output: Output,
  folder: string,
  overrides: readonly Override[],
): Promise<OpenedRun | undefined> {
  const [{ openRun }, { runFiles }, { mapDataFiles }] = await Promise.all([
    import("../runtime/run/open.js"),
    import("../runtime/run/layout.js"),
    import("../runtime/data/index.js"),
  ]);
  const run = openRun(folder);
  if (!run.ok) {
    reportProblems(output, run.error);
    return undefined;
  }
  const otherOverride = overrides.find(({ path }) => !path.startsWith("data."));
  if (otherOverride !== undefined) {
    const message = `${otherOverride.flag} does not replace data, and a trained run's other settings are as they are`;
    reportInvalidInput(output, "usage", message, "For example --set data.file=other.csv.");
    return undefined;
  }
  const opened = await openSpec(output, join(folder, runFiles.spec), overrides);
  if (opened === undefined) return undefined;
  const recordedFiles = new Set<string>();
  mapDataFiles(run.value.spec.data, (file) => {
    recordedFiles.add(file);
    return file;
  });
  // The run's own files are named from its folder; those that a user names here, from here.
  const data = mapDataFiles(opened.spec.data, (file) => (recordedFiles.has(file) ? file : resolve(file)));
  return { ...opened, data: overrides.length === 0 ? null : data };
}

/** Says what is wrong with a run, or with what it is given. */
export async function reportRunProblems(
  output: Output,
  opened: OpenedSpec,
  problems: readonly RunProblem[],
): Promise<void> {
  if (problems.every(({ path, file }) => path === "" && file === undefined)) reportProblems(output, problems);
  else await reportSpecErrors(output, problems.flatMap(locateIn(opened)), opened.source);
}

/** The place of a problem in a file that a flag names, else in the run's spec. */
function locateIn({ locate }: OpenedSpec): (problem: RunProblem) => readonly Diagnostic[] {
  return (problem) => {
    const { path, file, line = 0, column = line > 0 ? 1 : 0 } = problem;
    return path === "" && file !== undefined
      ? [{ ...withoutPosition(problem), file, line, column }]
      : locate([problem]);
  };
}

/** Problems that have no place in a spec. */
export function reportProblems(output: Output, problems: readonly RunProblem[]): void {
  for (const { code, message, hint = "" } of problems)
    reportInvalidInput(output, code, message.replace(/\.$/, ""), hint);
}

/** Says why work on a run did not come to its end, and the exit code of that. With the run's spec, at the places in it. */
export async function reportRunFailure(output: Output, failure: RunFailure, opened?: OpenedSpec): Promise<number> {
  if (failure.kind === "failed") {
    reportFailure(output, failure.message, failure.hint);
    return exitCodes.failure;
  }
  if (opened === undefined) reportProblems(output, failure.problems);
  else await reportRunProblems(output, opened, failure.problems);
  return exitCodes.invalidInput;
}
