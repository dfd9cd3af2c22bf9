/** The ONNX model that a layer names, read and made known by its SHA-256. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { Problem } from "../diagnostics/index.js";
import { registerModel } from "../model-files.js";
import { didYouMean, nearestPath } from "./missing-file.js";

export interface NamedModel {
  /** As the spec has it. */
  readonly file: string;
  /** JSON pointer of the name. */
  readonly path: string;
}

/** Protobuf's limit on a message. */
const MAX_BYTES = 2 ** 31 - 1;

/** The SHA-256 of a model, or the reason why it cannot be read. @param folder that relative names start from. */
export async function readModelFile({ file, path }: NamedModel, folder: string): Promise<string | Problem> {
  const absolute = isAbsolute(file) ? file : join(folder, file);
  const problem = (code: string, message: string, hint = "") => ({ code, path, message, hint });
  try {
    const status = await stat(absolute);
    if (!status.isFile()) return problem("file-not-readable", `"${file}" is not a file.`, "Name an ONNX file.");
    if (status.size > MAX_BYTES)
      return problem("model-too-large", `"${file}" has more than 2 GiB.`, "ONNX files have at most 2 GiB.");
    const bytes = await readFile(absolute);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    registerModel(sha256, bytes);
    return sha256;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code !== "ENOENT" && code !== "ENOTDIR")
      return problem("file-not-readable", `"${file}" cannot be read (${code || error}).`);
    const nearest = nearestPath(absolute, (name) => name.endsWith(".onnx"));
    const near = nearest !== undefined && !isAbsolute(file) ? relative(folder, nearest) : nearest;
    const hint = didYouMean(near) || "Relative paths start from the spec's folder.";
    return problem("file-missing", `The model "${file}" does not exist.`, hint);
  }
}
