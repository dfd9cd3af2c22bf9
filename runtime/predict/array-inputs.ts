/**
 * The arrays of a prediction by role, from one file: an `.npy`, `.csv` or `.json` file of one array, or an `.npz` file
 * or JSON object with one member for each input of the model.
 */

import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { ArraySignature, Signature } from "../../compiler/signature.js";
import { joinWithAnd } from "../../schema/diagnostics/suggest.js";
import type { ArraySource } from "../../schema/normal/index.js";
import { type Origin, toFloat32, toIndices, toLengths } from "../data/formats/convert-array.js";
import { parseNumber } from "../data/formats/number-notation.js";
import { readArray } from "../data/formats/read-array.js";
import { readTableFile } from "../data/formats/table-file.js";
import { readZip } from "../data/formats/zip.js";
import { type IdLimit, limitHint } from "../data/id-limits.js";
import { joinAxes, squeezeColumn } from "../data/sources/array-roles.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import type { NumericArray } from "../tensors/array.js";

/** An array that the model reads. */
interface Role {
  /** The port of the model. */
  readonly port: string;
  /** The name in files and messages: that of the spec. */
  readonly name: string;
  readonly signature: ArraySignature;
}

/** An array of a file, or the only one. */
type Members = ReadonlyMap<string, ArraySource> | { readonly single: ArraySource };

/**
 * @param ports the names of the data inputs of the model.
 * @param limits of the token ids of each port.
 */
export async function readArrayInputs(
  signature: Signature,
  ports: ReadonlySet<string>,
  limits: ReadonlyMap<string, IdLimit>,
  file: string,
  folder: string,
): Promise<Result<ReadonlyMap<string, NumericArray>>> {
  const roles = rolesOf(signature).filter(({ port }) => port === "inputs" || ports.has(port));
  const refuse = (code: string, message: string, hint: string) =>
    fail([{ code, path: "", file, message, hint }]) satisfies Result<never>;
  const opened = /\.[ct]sv$/i.test(file) ? await readRows(file, folder) : ok(membersOf(file, folder));
  if (!opened.ok) return opened;
  const members = opened.value;
  const names = joinWithAnd(roles.map(({ name }) => name));
  if ("single" in members && roles.length > 1) {
    const read = readArray(members.single, folder, "inputs", "");
    if (!read.ok) return fail(read.error.map((problem) => ({ ...problem, file })));
    const message = `"${file}" is one array, but the model reads ${names}.`;
    return refuse("array-missing", message, `Give an .npz file, or a .json file of an object, with ${names}.`);
  }
  const arrays = new Map<string, NumericArray>();
  const problems: RunProblem[] = [];
  for (const role of roles) {
    const source = "single" in members ? members.single : sourceOf(members, role, roles);
    const result =
      source === undefined
        ? refuse(
            "array-missing",
            `"${file}" has no ${role.name}, which is an input of the model.`,
            `The model reads ${names}.`,
          )
        : readRole(source, role, file, folder, { time: arrays.get("inputs")?.shape[1], ids: limits.get(role.port) });
    if (result.ok) arrays.set(role.port, result.value);
    else problems.push(...result.error);
  }
  if (problems.length === 0) problems.push(...sizeProblems(roles, arrays, file));
  return problems.length > 0 ? fail(problems) : ok(arrays);
}

/** The inputs of a model, the main one first. */
function rolesOf({ inputs, main_input, side_inputs, lengths, initial_states }: Signature): readonly Role[] {
  const named = (arrays: Readonly<Record<string, ArraySignature>>) =>
    Object.entries(arrays).map(([name, array]) => ({ port: name, name, signature: array }));
  return [
    { port: "inputs", name: main_input ?? "inputs", signature: inputs },
    ...named(side_inputs ?? {}),
    ...named(lengths === undefined ? {} : { lengths }),
    ...named(initial_states ?? {}),
  ];
}

/** The main input is also found as "inputs", unless the file has it by its own name. */
function sourceOf(
  members: ReadonlyMap<string, ArraySource>,
  { name, port }: Role,
  roles: readonly Role[],
): ArraySource | undefined {
  const isTaken = roles.some((role) => role.port !== port && role.name === port);
  return members.get(name) ?? (isTaken ? undefined : members.get(port));
}

/** The rows of a CSV file, one for each example. */
async function readRows(file: string, folder: string): Promise<Result<Members>> {
  const rows: number[][] = [];
  let names: readonly string[] = [];
  const problems = await readTableFile(
    { file, folder, path: "" },
    {
      delimiter: /\.tsv$/i.test(file) ? "\t" : ",",
      isDelimiterSet: false,
      delimiterHint: () => "Separate the fields by commas, or by tabs in a .tsv file.",
      comment: "#",
      header: "auto",
    },
    {
      columns(columnNames) {
        names = columnNames;
        return [];
      },
      row({ fields, line }) {
        const row = fields.map(parseNumber);
        rows.push(row);
        return row.flatMap((value, column) => {
          if (Number.isFinite(value)) return [];
          const message = `${file}:${line}: Column "${names[column]}" has "${fields[column]}", which is not a number.`;
          return [{ code: "array-value", path: "", file, line, column: column + 1, message, hint: "" }];
        });
      },
    },
  );
  return problems.length > 0 ? fail(problems) : ok({ single: rows });
}

function membersOf(file: string, folder: string): Members {
  const path = resolve(folder, file);
  const kind = extname(file).toLowerCase();
  if ((kind !== ".npz" && kind !== ".json") || !existsSync(path)) return { single: file };
  try {
    return (kind === ".npz" ? archiveMembers(path, file) : objectMembers(path)) ?? { single: file };
  } catch {
    // Reading the file as an array reports the reason.
    return { single: file };
  }
}

function archiveMembers(path: string, file: string): ReadonlyMap<string, ArraySource> | undefined {
  const members = readZip(readFileSync(path));
  if (!members.ok) return undefined;
  const names = members.value.map(({ name }) => name.replace(/\.npy$/, ""));
  return new Map(names.map((name) => [name, `${file}#${name}`]));
}

/** The members of a JSON object, those of its members `inputs` and `initial_states` too; undefined for a list. */
function objectMembers(path: string): ReadonlyMap<string, ArraySource> | undefined {
  const object: unknown = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  if (!isObject(object)) return undefined;
  const entries = Object.entries(object).flatMap(([name, value]) =>
    (name === "inputs" || name === "initial_states") && isObject(value) ? Object.entries(value) : [[name, value]],
  );
  return new Map(entries as [string, ArraySource][]);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readRole(
  source: ArraySource,
  { name, port, signature: { dtype, shape, axes } }: Role,
  file: string,
  folder: string,
  limits: { readonly time: number | undefined; readonly ids: IdLimit | undefined },
): Result<NumericArray> {
  const refuse = (message: string, hint = "") => fail([{ code: "array-shape", path: "", file, message, hint }]);
  if (Array.isArray(source) && source.length === 0) return refuse(`${name} in "${file}" is empty.`);
  const result = readArray(source, folder, name, "");
  if (!result.ok) return fail(result.error.map((problem) => ({ ...problem, file })));
  const stored = result.value.numbers;
  const isJoined = axes !== undefined && stored.shape.slice(1).join() === axes.join();
  const numbers = isJoined ? joinAxes(stored) : dtype === "int32" ? squeezeColumn(stored, shape.length) : stored;
  const isValid =
    numbers.shape.length === shape.length &&
    shape.every((size, axis) => typeof size !== "number" || size === numbers.shape[axis]);
  if (!isValid || numbers.shape.includes(0)) {
    const message = `${name} in "${file}" has shape [${stored.shape.join(", ")}], but must be [${[shape[0], ...(axes ?? shape.slice(1))].join(", ")}].`;
    return refuse(message, "Use the shape of the training data.");
  }
  const origin: Origin = { name, path: "", file };
  if (port === "lengths") return toLengths(numbers, origin, limits.time);
  if (dtype !== "int32") return toFloat32(numbers, origin);
  const { ids } = limits;
  return toIndices(numbers, origin, "Token ids", ids && { size: ids.size, hint: limitHint(ids) });
}

/** Axes of one name have one size in all arrays. */
function sizeProblems(
  roles: readonly Role[],
  arrays: ReadonlyMap<string, NumericArray>,
  file: string,
): readonly RunProblem[] {
  const sizes = new Map<string, { readonly name: string; readonly size: number }>();
  return roles.flatMap(({ name, port, signature: { shape } }) =>
    shape.flatMap((axis, index) => {
      const size = arrays.get(port)?.shape[index];
      if (typeof axis === "number" || size === undefined) return [];
      const first = sizes.get(axis) ?? { name, size };
      sizes.set(axis, first);
      if (first.size === size) return [];
      const noun = index === 0 ? "example" : "step";
      const message = `${name} has ${formatCount(size, noun)}, but ${first.name} has ${first.size}.`;
      return [{ code: "array-shape", path: "", file, message, hint: "" }];
    }),
  );
}
