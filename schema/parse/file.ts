/** The text of a spec file, read within the size limit. */
import { isUtf8 } from "node:buffer";
import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import type { Diagnostic } from "../diagnostics/index.js";
import { maximumBytes } from "./json.js";
import { didYouMean, nearestPath } from "./missing-file.js";

/** The content of a text file, or the reason why it cannot be read. The size is checked before reading. */
export async function readTextFile(path: string): Promise<string | Diagnostic> {
  const problem: Fail = (code, message, hint = "", line = 1) => ({
    code,
    severity: "error",
    path: "",
    line,
    column: 1,
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
    const text = bytes.toString("utf8");
    if (isUtf8(bytes)) return text.replace(/^\ufeff/, "");
    if (extname(path) === ".onnx")
      return problem(
        "not-a-spec",
        "the file is an ONNX model, not a spec.",
        "rnnx inspect shows a model, and rnnx grad writes a training step of it.",
      );
    const offset = firstDifference(bytes, Buffer.from(text));
    const byte = `0x${bytes.toString("hex", offset, offset + 1)}`;
    const line = bytes.toString("latin1", 0, offset).split(/\r\n|\n|\r/).length;
    return problem("not-utf8", `line ${line} is not UTF-8 text: it has the byte ${byte}.`, "Save it as UTF-8.", line);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") {
      const isSpec = (name: string) => extname(name) === ".json";
      return {
        ...problem("file-missing", "", didYouMean(nearestPath(path, isSpec))),
        message: `"${path}" does not exist.`,
      };
    }
    if (code === "EACCES" || code === "EPERM") return problem("file-not-readable", "permission denied.");
    return problem("file-not-readable", `the file cannot be read (${code || error}).`);
  }
}

type Fail = (code: string, message: string, hint?: string, line?: number) => Diagnostic;

/** The offset of the first byte that differs. */
function firstDifference(a: Buffer, b: Buffer): number {
  let offset = 0;
  while (offset < a.length && a[offset] === b[offset]) offset++;
  return offset;
}

function tooLarge(size: number, problem: Fail): Diagnostic {
  const megabytes = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
  return problem(
    "too-large",
    `the file is ${megabytes(size)} MB; the limit for a spec is ${megabytes(maximumBytes)} MB.`,
    "Store large arrays in .npy files and name those files in the spec.",
  );
}
