/** Output files in places of folders, or that would replace a file that the same command reads. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { RunProblem } from "../problem.js";
import { isKeptName } from "../storage/model-files.js";
import { checkOutputPlace } from "../storage/output-place.js";
import { runFiles } from "./layout.js";

/**
 * The problem of an output that is a folder, that is below a file, or that is the input or a file of the run, also
 * through links.
 * @param input The input file; undefined where the run is the only input.
 */
export function checkOutputFile(output: string, run: string, input?: string): RunProblem | undefined {
  const misplaced = checkOutputPlace(output);
  if (misplaced !== undefined) return misplaced;
  const target = realPath(output);
  if (target === undefined) return undefined;
  const problem = (what: string): RunProblem => {
    const message = `"${output}" is ${what}, which the output would replace.`;
    return { code: "output-is-input", path: "", message, hint: "Name another file for the output." };
  };
  if (input !== undefined && realPath(input) === target) return problem("the input");
  const kept = existsSync(run) ? readdirSync(run).filter(isKeptName) : [];
  const replaced = [...Object.values(runFiles), ...kept].find((name) => realPath(join(run, name)) === target);
  return replaced === undefined ? undefined : problem(`the ${replaced} of the run "${run}"`);
}

/** Undefined for a file that does not exist. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
