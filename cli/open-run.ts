/** Opens a run for a command: its recorded spec, with the data that `--set` names. Reports problems of runs. */
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
  /** The data section after `--set`; null without `--set`. */
  readonly data: NormalData | null;
}

/** The run; undefined after reporting an error. */
export async function openRunSpec(
  output: Output,
  folder: string,
  overrides: readonly Override[],
): Promise<OpenedRun | undefined> {
  const [{ openRun }, { relativePath, runFiles }, { mapDataFiles }] = await Promise.all([
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
    const message = `${otherOverride.flag}: only the data of a trained run can be changed`;
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
  // Recorded paths are relative to the run directory, paths of the user to the current folder.
  const data = mapDataFiles(opened.spec.data, (file) =>
    recordedFiles.has(file) ? file : relativePath(folder, resolve(file), file),
  );
  return { ...opened, data: overrides.length === 0 ? null : data };
}

/** Reports problems of a run or of its input. */
export async function reportRunProblems(
  output: Output,
  opened: OpenedSpec,
  problems: readonly RunProblem[],
): Promise<void> {
  if (problems.every(({ path, file }) => path === "" && file === undefined)) reportProblems(output, problems);
  else await reportSpecErrors(output, problems.flatMap(locateIn(opened)), opened.source);
}

/** Locates a problem in the file that an option names, else in the run's spec. */
function locateIn({ locate }: OpenedSpec): (problem: RunProblem) => readonly Diagnostic[] {
  return (problem) => {
    const { path, file, line = 1, column = 1 } = problem;
    return path === "" && file !== undefined
      ? [{ ...withoutPosition(problem), file, line, column }]
      : locate([problem]);
  };
}

/** Reports problems without a position in a spec. */
export function reportProblems(output: Output, problems: readonly RunProblem[]): void {
  for (const { code, message, hint = "" } of problems)
    reportInvalidInput(output, code, message.replace(/\.$/, ""), hint);
}

/** Reports why a command on a run failed, with positions if the run's spec is given. Returns the exit code. */
export async function reportRunFailure(output: Output, failure: RunFailure, opened?: OpenedSpec): Promise<number> {
  if (failure.kind === "failed") {
    reportFailure(output, failure.message, failure.hint);
    return exitCodes.failure;
  }
  if (opened === undefined) reportProblems(output, failure.problems);
  else await reportRunProblems(output, opened, failure.problems);
  return exitCodes.invalidInput;
}
