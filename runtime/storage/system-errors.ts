/** Errors of the operating system (a full disk, a missing permission) in words. */
import { normalize } from "node:path";
import { getSystemErrorMap } from "node:util";
import { didYouMean, nearestPath } from "../../schema/parse/missing-file.js";
import type { RunProblem } from "../problem.js";

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** The system's reason, after the path of the file when the error names one. */
export function systemReason(error: NodeJS.ErrnoException): string {
  const reason = reasonOf(error);
  return error.path === undefined ? reason : `${error.path}: ${reason}`;
}

function reasonOf(error: Error): string {
  const [, reason] = ("errno" in error && getSystemErrorMap().get(Number(error.errno))) || [];
  return reason ?? error.message;
}

/** The hint for a missing file that a spec names. */
export const relativePathHint = "Relative paths start from the spec's folder.";

/** The similar file, named like the missing one: relative to the folder that its path starts from. */
function nearHint(file: string, error: Error): string {
  const path = "path" in error ? String(error.path) : "";
  if (!path.endsWith(normalize(file))) return "";
  const start = path.slice(0, path.length - normalize(file).length);
  const nearest = nearestPath(path);
  return didYouMean(nearest?.startsWith(start) === true ? nearest.slice(start.length) : nearest);
}

/**
 * The problem of a file that a spec or a flag names and that cannot be read. Errors without a code are thrown again.
 */
export function unreadableFile(path: string, file: string, error: unknown): RunProblem {
  if (!(error instanceof Error) || !("code" in error)) throw error;
  const isMissing = error.code === "ENOENT" || error.code === "ENOTDIR";
  const what = isMissing
    ? "does not exist"
    : error.code === "EISDIR"
      ? "is a folder"
      : `cannot be read: ${reasonOf(error)}`;
  return {
    code: isMissing ? "file-missing" : "file-unreadable",
    path,
    file,
    message: `"${file}" ${what}.`,
    hint: isMissing ? nearHint(file, error) || (path === "" ? "" : relativePathHint) : "",
  };
}
