/** Errors of the operating system (a full disk, a missing permission) in words. */
import { getSystemErrorMap } from "node:util";
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
    hint: isMissing ? "Relative paths start from the spec's folder." : "",
  };
}
