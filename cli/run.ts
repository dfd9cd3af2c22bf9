/** A run from the command line: its recorded spec, perhaps with other data, or what is wrong shown. */
import { join, resolve } from "node:path";
import type { RunFailure } from "../runtime/outcome.js";
import type { RunProblem } from "../runtime/problem.js";
import type { Diagnostic } from "../schema/diagnostics.js";
import type { NormalData } from "../schema/normal.js";
import { type Override, unplaced } from "../schema/overrides.js";
import { exit } from "./exit.js";
import { refuse, reportFailure } from "./failures.js";
import type { Output } from "./output.js";
import { type OpenedSpec, openSpec, refuseSpec } from "./spec.js";

export interface OpenedRun extends OpenedSpec {
  /** The data that `--set` makes of the run's own; null without `--set`. */
  readonly data: NormalData | null;
}

/** The run, or undefined when something was wrong and the user has been told. */
export async function openRecordedSpec(
  output: Output,
  folder: string,
  set: readonly Override[],
): Promise<OpenedRun | undefined> {
  const [{ openRun }, { runFiles }, { mapDataFiles }] = await Promise.all([
    import("../runtime/run.js"),
    import("../runtime/directory.js"),
    import("../runtime/data/index.js"),
  ]);
  const run = openRun(folder);
  if (!run.ok) {
    refuseProblems(output, run.problems);
    return undefined;
  }
  const other = set.find(({ path }) => !path.startsWith("data."));
  if (other !== undefined) {
    const message = `${other.flag} does not replace data, and a trained run's other settings are as they are`;
    refuse(output, "usage", message, "For example --set data.file=other.csv.");
    return undefined;
  }
  const opened = await openSpec(output, join(folder, runFiles.spec), set);
  if (opened === undefined) return undefined;
  const own = new Set<string>();
  mapDataFiles(run.run.spec.data, (file) => {
    own.add(file);
    return file;
  });
  // The run's own files are named from its folder; those that a user names here, from here.
  const data = mapDataFiles(opened.spec.data, (file) => (own.has(file) ? file : resolve(file)));
  return { ...opened, data: set.length === 0 ? null : data };
}

/** Says what is wrong with a run, or with what it is given. */
export async function refuseRun(output: Output, opened: OpenedSpec, problems: readonly RunProblem[]): Promise<void> {
  if (problems.every(({ path, file }) => path === "" && file === undefined)) refuseProblems(output, problems);
  else await refuseSpec(output, problems.flatMap(placeIn(opened)), opened.source);
}

/** The place of a problem in a file that a flag names, else in the run's spec. */
function placeIn({ place }: OpenedSpec): (problem: RunProblem) => readonly Diagnostic[] {
  return (problem) => {
    const { path, file, line = 0, column = line > 0 ? 1 : 0 } = problem;
    return path === "" && file !== undefined ? [{ ...unplaced(problem), file, line, column }] : place([problem]);
  };
}

/** Problems that have no place in a spec. */
export function refuseProblems(output: Output, problems: readonly RunProblem[]): void {
  for (const { code, message, hint = "" } of problems) refuse(output, code, message.replace(/\.$/, ""), hint);
}

/** Says why work on a run did not come to its end, and the exit code of that. With the run's spec, at the places in it. */
export async function endUnfinished(output: Output, failure: RunFailure, opened?: OpenedSpec): Promise<number> {
  if (failure.kind === "failed") {
    reportFailure(output, failure.message, failure.hint);
    return exit.failed;
  }
  if (opened === undefined) refuseProblems(output, failure.problems);
  else await refuseRun(output, opened, failure.problems);
  return exit.wrongInput;
}
