/** Reads one array of a spec: nested lists in the spec, an `.npy` or `.json` file, or a member of an `.npz` file. */
import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { ArraySource } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { unreadableFile } from "../../storage/system-errors.js";
import type { Origin, ParsedArray } from "./convert-array.js";
import { readNested } from "./nested-lists.js";
import { readNpy } from "./npy.js";
import { readZip } from "./zip.js";

/** @param name the array's name in messages. @param path the JSON pointer of its spec key. */
export function readArray(
  source: ArraySource,
  folder: string,
  name: string,
  path: string,
): Result<{ readonly numbers: ParsedArray; readonly origin: Origin }> {
  if (typeof source !== "string") {
    const nested = readNested(source, name, path);
    return nested.ok ? ok({ numbers: nested.value, origin: { name, path } }) : nested;
  }
  const origin: Origin = { name, path, file: source };
  const numbers = readNumbersFile(source, folder, origin);
  return numbers.ok ? ok({ numbers: numbers.value, origin }) : numbers;
}

/** "data.npz#x" names array x of an `.npz` file; without "#" the array with the role's name is read. */
const archivePattern = /^(.*\.npz)(?:#(.+))?$/is;

/** The same source with its file's name replaced. */
export function renameArray(source: ArraySource, rename: (file: string) => string): ArraySource {
  if (typeof source !== "string") return source;
  const [, file = source, member] = archivePattern.exec(source) ?? [];
  return member === undefined ? rename(file) : `${rename(file)}#${member}`;
}

function readNumbersFile(source: string, folder: string, origin: Origin): Result<ParsedArray> {
  const { path } = origin;
  const [, file = source, member = origin.name] = archivePattern.exec(source) ?? [];
  const extension = extname(file).toLowerCase();
  if (extension !== ".npy" && extension !== ".npz" && extension !== ".json") {
    const message = `"${file}" is not an .npy, .npz or .json file.`;
    const hint = "Use nested lists, an .npy file, a member of an .npz file, or a .json file.";
    return fail([{ code: "file-kind", path, message, hint }]);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return fail([unreadableFile(path, file, error)]);
  }
  if (extension === ".npz") return readMember(bytes, member, file, path);
  if (extension === ".npy") {
    const result = readNpy(bytes);
    return result.ok ? result : fail([notAnArrayProblem(`"${file}"`, file, path, result.error)]);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString("utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return fail([{ code: "file-format", path, file, message: `"${file}" is not JSON: ${what}.` }]);
  }
  const nested = readNested(parsed, origin.name, path);
  // A pointer cannot name a place inside another file, only the spec key.
  return nested.ok ? nested : fail(nested.error.map((problem) => ({ ...problem, path, file })));
}

function readMember(archive: Uint8Array, name: string, file: string, path: string): Result<ParsedArray> {
  const members = readZip(archive);
  if (!members.ok) return fail([notAnArrayProblem(`"${file}"`, file, path, members.error)]);
  const entry = members.value.find((member) => member.name === `${name}.npy`);
  if (entry === undefined) {
    const arrays = members.value.filter((member) => member.name.endsWith(".npy"));
    const names = arrays.map((member) => member.name.slice(0, -4));
    const example = names[0] === undefined ? "" : ` Name one, as in "${file}#${names[0]}".`;
    return fail([
      {
        code: "archive-member",
        path,
        file,
        message: `"${file}" contains no array named "${name}".`,
        hint: names.length === 0 ? "It contains no arrays." : `It contains ${names.slice(0, 20).join(", ")}.${example}`,
      },
    ]);
  }
  const bytes = entry.read();
  const result = bytes.ok ? readNpy(bytes.value) : bytes;
  return result.ok ? result : fail([notAnArrayProblem(`"${name}" in "${file}"`, file, path, result.error)]);
}

function notAnArrayProblem(what: string, file: string, path: string, reason: string): RunProblem {
  const message = `${what} cannot be read as an array: ${reason}.`;
  const save = /\.npz$/i.test(file) ? 'numpy.savez("x.npz", x=array)' : 'numpy.save("x.npy", array)';
  const hint = `Save an array of numbers again, such as ${save} with array = numpy.asarray(x, "float32").`;
  return { code: "file-format", path, file, message, hint };
}
