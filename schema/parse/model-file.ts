/** The ONNX model that a layer names, read with its external data and made known by its SHA-256. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import type { Problem } from "../diagnostics/index.js";
import { registerModel } from "../model-files.js";
import { externalFile, externalLocations } from "./external-files.js";
import { didYouMean, nearestPath } from "./missing-file.js";

export interface NamedModel {
  /** As the spec has it. */
  readonly file: string;
  /** JSON pointer of the name. */
  readonly path: string;
}

/** Protobuf's limit on a message, and that of a file which is read at once. */
const MAX_BYTES = 2 ** 31 - 1;

/** The SHA-256 of a model that this process then knows, or the reason why it is none. Throws where a file cannot be read. */
export function openModelFile(absolute: string, name: string): string | Omit<Problem, "path"> {
  const tooLarge = (file: string) => ({
    code: "model-too-large",
    message: `"${file}" has more than 2 GiB.`,
    hint: "Files of layers have at most 2 GiB.",
  });
  const status = statSync(absolute);
  if (!status.isFile())
    return { code: "file-not-readable", message: `"${name}" is not a file.`, hint: "Name an ONNX file." };
  if (status.size > MAX_BYTES) return tooLarge(name);
  const bytes = readFileSync(absolute);
  const files = new Map<string, Uint8Array>();
  const hash = createHash("sha256").update(bytes);
  for (const location of externalLocations(bytes)) {
    const stats = externalFile(dirname(absolute), location);
    if (typeof stats === "string") {
      const message = `"${name}" stores tensors in "${location}", ${stats}.`;
      return { code: "external-data", message, hint: "Store them in regular files next to the model." };
    }
    if (stats.size > MAX_BYTES) return tooLarge(location);
    const content = readFileSync(join(dirname(absolute), location));
    files.set(location, content);
    hash.update(content);
  }
  const sha256 = hash.digest("hex");
  registerModel(sha256, { bytes, files });
  return sha256;
}

/** The SHA-256 of a model, or the reason why it cannot be read. @param folder that relative names start from. */
export function readModelFile({ file, path }: NamedModel, folder: string): string | Problem {
  const absolute = isAbsolute(file) ? file : join(folder, file);
  const problem = (code: string, message: string, hint = "") => ({ code, path, message, hint });
  try {
    const opened = openModelFile(absolute, file);
    return typeof opened === "string" ? opened : { ...opened, path };
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
