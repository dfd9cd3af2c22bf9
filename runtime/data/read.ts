/** One array of a spec, read from wherever it is: nested lists in the spec, an `.npy` file, a `.json` file. */
import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { ArraySource } from "../../schema/normal.js";
import { type Checked, refuse } from "../problem.js";
import { unreadable } from "./file.js";
import { readNested } from "./nested.js";
import { readNpy } from "./npy.js";
import type { Numbers, Origin } from "./numbers.js";

/** `name` is the role in the user's words, `path` the member that holds it. */
export function readArray(
  source: ArraySource,
  folder: string,
  name: string,
  path: string,
): Checked<{ readonly numbers: Numbers; readonly origin: Origin }> {
  if (typeof source !== "string") {
    const nested = readNested(source, name, path);
    return nested.ok ? { ok: true, numbers: nested.numbers, origin: { name, path } } : nested;
  }
  const origin: Origin = { name, path, file: source };
  const numbers = readNumbersFile(source, folder, origin);
  return numbers.ok ? { ok: true, numbers: numbers.numbers, origin } : numbers;
}

function readNumbersFile(file: string, folder: string, origin: Origin): Checked<{ readonly numbers: Numbers }> {
  const { path } = origin;
  const kind = extname(file).toLowerCase();
  if (kind !== ".npy" && kind !== ".json") {
    const message = `"${file}" is neither an .npy nor a .json file.`;
    return refuse({ code: "file-kind", path, message, hint: "Arrays are nested lists, .npy files or .json files." });
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return refuse(unreadable(path, file, error));
  }
  if (kind === ".npy") {
    const read = readNpy(bytes);
    if (read.ok) return read;
    return refuse({
      code: "file-format",
      path,
      file,
      message: `"${file}" cannot be read as an array: ${read.message}.`,
    });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString("utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return refuse({ code: "file-format", path, file, message: `"${file}" is not JSON: ${what}.` });
  }
  const nested = readNested(parsed, origin.name, path);
  // Inside another file, the spec's member is the only place that a pointer can name.
  return nested.ok ? nested : refuse(...nested.problems.map((problem) => ({ ...problem, path, file })));
}
