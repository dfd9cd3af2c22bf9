/** The text of a spec file, read within the size limit. */
import { readFile, stat } from "node:fs/promises";
import type { Problem } from "../diagnostics/index.js";
import { maximumBytes } from "./json.js";

/** The content of a text file, or the reason why it cannot be read. The size is checked before reading. */
export async function readTextFile(path: string): Promise<string | Problem> {
  const problem = (code: string, message: string, hint = ""): Problem => ({
    code,
    path: "",
    message: `${path}: ${message}`,
    hint,
  });
  try {
    const status = await stat(path);
    if (!status.isFile())
      return problem("not-a-file", "the path is not a file.", "Give the path of the spec's JSON file.");
    if (status.size > maximumBytes) return tooLarge(status.size, problem);
    const bytes = await readFile(path);
    if (bytes.length > maximumBytes) return tooLarge(bytes.length, problem);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return problem("file-not-found", "file not found.");
    if (code === "EACCES" || code === "EPERM") return problem("file-not-readable", "permission denied.");
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      return problem("not-utf8", "the file is not UTF-8 text.", "Save it as UTF-8.");
    return problem("file-not-readable", `the file cannot be read (${code || error}).`);
  }
}

function tooLarge(size: number, problem: (code: string, message: string, hint: string) => Problem): Problem {
  const megabytes = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
  return problem(
    "too-large",
    `the file is ${megabytes(size)} MB; the limit for a spec is ${megabytes(maximumBytes)} MB.`,
    "Store large arrays in .npy files and name those files in the spec.",
  );
}
