/** Files that a spec names and that cannot be read, said in the user's words. */
import type { RunProblem } from "../problem.js";

const errorTexts: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EISDIR: "is a folder",
  EACCES: "may not be read",
  EPERM: "may not be read",
  ENOTDIR: "does not exist",
  ELOOP: "is a loop of links",
  ENAMETOOLONG: "has a name that is too long",
  ERR_FS_FILE_TOO_LARGE: "is larger than 2 GiB",
};

/** The problem for an error of the file system. Anything else is thrown on. */
export function unreadableFile(path: string, file: string, error: unknown): RunProblem {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
  const isMissing = error.code === "ENOENT" || error.code === "ENOTDIR";
  return {
    code: isMissing ? "file-missing" : "file-unreadable",
    path,
    file,
    message: `"${file}" ${errorTexts[error.code] ?? `cannot be read (${error.code})`}.`,
    hint: isMissing ? "Relative paths start from the spec's folder." : "",
  };
}
