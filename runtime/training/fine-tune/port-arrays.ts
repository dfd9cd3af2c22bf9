/** Examples for the data ports of a training step: arrays (.npz, .safetensors) or columns of a file by the names of the ports. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import type { Port } from "../../../compiler/artifact.js";
import type { NormalSplit } from "../../../schema/normal/index.js";
import { splitOrFold } from "../../data/folds.js";
import { type Cell, type Origin, type ParsedArray, toFloat32, valueProblem } from "../../data/formats/convert-array.js";
import { readArray } from "../../data/formats/read-array.js";
import { readZip } from "../../data/formats/zip.js";
import { type DataSource, expectedBatchSize } from "../../data/source.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { unreadableFile } from "../../storage/system-errors.js";
import { elementCount, type NumericArray } from "../../tensors/array.js";
import { gatherRows, nestedRows } from "../../tensors/rows.js";
import { readSafetensors } from "../../tensors/safetensors.js";
import type { PortColumns } from "./port-table.js";

export interface PortArrays {
  readonly file: string;
  readonly columns: PortColumns;
  /** Data ports of one step, the batch axis first. */
  readonly ports: readonly Port[];
  /** Classes of the targets, where they are class ids. */
  readonly classes: number | null;
  readonly split: NormalSplit;
  readonly seed: number;
}

type PortFileRequest = Omit<PortArrays, "split" | "seed">;

const tableExtensions: ReadonlySet<string> = new Set([
  ...[".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq", ".arrow", ".feather"],
]);

const isTable = (file: string): boolean => tableExtensions.has(extname(file.replace(/\.gz$/i, "")).toLowerCase());

/** Integers from this size on differ from their neighbors in float32, in which a .safetensors file is read. */
const FLOAT32_INTEGERS = 2 ** 24;

/** The first rows of the arrays of the ports, by name. */
export async function readPortRows(
  file: string,
  ports: readonly Port[],
  rows: number,
  columns: PortColumns,
): Promise<Result<ReadonlyMap<string, NumericArray>>> {
  const read = await readPorts({ file, ports, columns, classes: null });
  if (!read.ok) return read;
  const indices = (count: number) => Int32Array.from({ length: Math.min(rows, count) }, (_, row) => row);
  return ok(
    new Map([...read.value.arrays].map(([name, array]) => [name, gatherRows(array, indices(array.shape[0] ?? 0))])),
  );
}

interface PortValues {
  /** Names of the arrays or columns that no port reads. */
  readonly unread: readonly string[];
  readonly arrays: ReadonlyMap<string, NumericArray>;
  readonly notices: readonly string[];
  readonly originOf: (name: string) => Origin;
}

async function readPorts(source: PortFileRequest): Promise<Result<PortValues>> {
  const { file, ports } = source;
  const reader = await openFile(source);
  if (!reader.ok) return reader;
  const { names, isRead, read: readPort, notices = [], cellOf } = reader.value;
  const originOf = (name: string): Origin => ({
    ...{ name, path: "", file },
    ...(cellOf !== undefined && { cellOf: (index: number) => cellOf(name, index) }),
  });
  const arrays = new Map<string, NumericArray>();
  const problems: RunProblem[] = [];
  for (const port of ports) {
    const read = readPort(port.name);
    const array = read.ok ? portArray(port, read.value, originOf(port.name)) : read;
    if (array.ok) arrays.set(port.name, array.value);
    else {
      const found = array.error.map((problem) => withPort(problem, port));
      problems.push(...found.filter(({ message }) => !problems.some((other) => other.message === message)));
    }
  }
  if (problems.length === 0) problems.push(...checkSizes(file, ports, arrays));
  if (problems.length > 0) return fail(problems);
  return ok({ unread: names.filter((name) => !isRead(name)), arrays, notices, originOf });
}

/** The problem of a missing array with the type and the shape that the port reads. */
function withPort(problem: RunProblem, { name, dtype, shape }: Port): RunProblem {
  if (problem.code !== "archive-member") return problem;
  const message = `${problem.message.replace(/\.$/, "")}: the step reads it as ${dtype} [${shape.join(", ")}].`;
  const way = name === "targets" ? "" : " Add the array, such as zeros for types of tokens, or ones for a mask.";
  return { ...problem, message, hint: `${problem.hint ?? ""}${way}`.trim() };
}

export async function openPortArrays(request: PortArrays): Promise<Result<DataSource>> {
  const { file, ports, classes, split, seed } = request;
  const read = await readPorts(request);
  if (!read.ok) return read;
  const { unread, arrays, notices, originOf } = read.value;
  const targets = arrays.get("targets");
  if (classes !== null && targets !== undefined) {
    const problems = checkClasses(originOf("targets"), targets, classes);
    if (problems.length > 0) return fail(problems);
  }
  const [first] = arrays.values();
  const examples = first?.shape[0] ?? 0;
  const isStratified = classes !== null && targets?.shape.length === 1;
  const splits = splitOrFold(
    split,
    seed,
    examples,
    isStratified ? Array.from<number | bigint>(targets.data).map(Number) : null,
  );
  if (!splits.ok) return splits;
  const digest = createHash("sha256");
  for (const [name, { dtype, shape, data }] of arrays) digest.update(JSON.stringify([name, dtype, shape])).update(data);
  const signatureOf = (name: string | undefined) => {
    const port = ports.find((candidate) => candidate.name === name);
    return { dtype: (port?.dtype ?? "float32") as NumericArray["dtype"], shape: port?.shape ?? [] };
  };
  return ok({
    examples,
    splits: splits.value,
    digest: digest.digest("hex"),
    notices: [...unreadNotices(file, unread, ports), ...notices],
    metadata: { type: "arrays" },
    signature: (train) => ({
      inputs: signatureOf(ports.find(({ name }) => name !== "targets")?.name),
      targets: signatureOf("targets"),
      sizes: {},
      expected: { batch: expectedBatchSize(train, splits.value), time: 1 },
    }),
    batch: (indices) => new Map([...arrays].map(([name, array]) => [name, gatherRows(array, indices)])),
    findOutOfRange(name, limit, reason) {
      const array = arrays.get(name);
      const index = array?.data.findIndex((value: number | bigint) => value >= limit) ?? -1;
      if (array === undefined || index < 0) return undefined;
      return valueProblem(array, originOf(name), index, `${array.data[index]}`, reason);
    },
    decode: nestedRows,
  });
}

/** The notice of arrays that no port reads. */
function unreadNotices(file: string, unread: readonly string[], ports: readonly Port[]): readonly string[] {
  if (unread.length === 0) return [];
  const read = ports.map(({ name }) => name).join(", ");
  return [
    `"${file}" has ${isTable(file) ? "columns" : "arrays"} that the step does not read: ${unread.slice(0, 20).join(", ")}. It reads ${read}.`,
  ];
}

interface PortFile {
  /** Names of all arrays or columns. */
  readonly names: readonly string[];
  readonly isRead: (name: string) => boolean;
  readonly read: (name: string) => Result<ParsedArray>;
  readonly notices?: readonly string[];
  /** Of a file of rows. */
  readonly cellOf?: (name: string, index: number) => Cell;
}

async function openFile({ file, ports, columns, classes }: PortFileRequest): Promise<Result<PortFile>> {
  const extension = extname(file).toLowerCase();
  if (isTable(file)) {
    const { readPortTable } = await import("./port-table.js");
    const table = await readPortTable(file, ports, columns, classes);
    if (!table.ok) return table;
    const { names, read, arrays, notices, cellOf } = table.value;
    // Each port has an array.
    const readColumns = (name: string) => ok(arrays.get(name) as ParsedArray);
    return ok({ names, isRead: (name) => read.has(name), read: readColumns, notices, cellOf });
  }
  if (columns.size > 0) {
    const hint = "Remove --columns: the arrays of the file have the names of the inputs.";
    return fail([{ code: "usage", path: "", message: `"${file}" has no columns.`, hint }]);
  }
  const isRead = (name: string) => ports.some((port) => port.name === name);
  if (extension === ".npz") {
    const read = (name: string): Result<ParsedArray> => {
      const read = readArray(`${file}#${name}`, ".", name, "");
      if (read.ok) return ok(read.value.numbers);
      // The names are those of the ports, and the user gives the file only.
      return fail(
        read.error.map((problem) => ({ ...problem, hint: problem.hint?.replace(/ Name one, .*/, "") ?? "" })),
      );
    };
    return ok({ names: archiveNames(file), isRead, read });
  }
  if (extension !== ".safetensors") {
    const message = `"${file}" is no file of arrays (.npz, .safetensors) or rows (.csv, .tsv, .jsonl, .parquet, .arrow).`;
    const hint = 'Store the arrays by the names of the inputs, such as numpy.savez("rows.npz", x=x, targets=targets).';
    return fail([{ code: "file-kind", path: "", message, hint }]);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return fail([unreadableFile("", file, error)]);
  }
  const read = readSafetensors(bytes);
  if (!read.ok) return fail([{ code: "file-format", path: "", message: `"${file}" cannot be read: ${read.error}.` }]);
  const { tensors } = read.value;
  const readTensor = (name: string): Result<ParsedArray> => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return ok({ ...tensor, isInteger: false, values: tensor.data });
    const message = `"${file}" contains no array named "${name}".`;
    const names = [...tensors.keys()].slice(0, 20).join(", ");
    const hint = names === "" ? "It contains no arrays." : `It contains ${names}.`;
    return fail([{ code: "archive-member", path: "", message, hint }]);
  };
  return ok({ names: [...tensors.keys()], isRead, read: readTensor });
}

/** Names of the arrays of an .npz file; none of a file that cannot be read, which its first port reports. */
function archiveNames(file: string): readonly string[] {
  try {
    const members = readZip(readFileSync(file));
    return members.ok ? members.value.flatMap(({ name }) => (name.endsWith(".npy") ? name.slice(0, -4) : [])) : [];
  } catch {
    return [];
  }
}

/** The array in the type of the port, without or with an axis of size 1 at its end. */
function portArray({ dtype, shape: axes }: Port, numbers: ParsedArray, origin: Origin): Result<NumericArray> {
  const shape =
    numbers.shape.length === axes.length + 1 && numbers.shape.at(-1) === 1
      ? numbers.shape.slice(0, -1)
      : numbers.shape.length === axes.length - 1 && axes.at(-1) === 1
        ? [...numbers.shape, 1]
        : numbers.shape;
  const parsed = { ...numbers, shape };
  if (dtype === "float32") return toFloat32(parsed, origin);
  const { values } = numbers;
  const invalid = values.findIndex((value) => !Number.isInteger(value));
  if (invalid >= 0)
    return fail([valueProblem(parsed, origin, invalid, `${values[invalid]}`, "The model reads integers.")]);
  const isRounded = origin.file?.toLowerCase().endsWith(".safetensors") === true;
  const large = isRounded ? values.findIndex((value) => Math.abs(value) >= FLOAT32_INTEGERS) : -1;
  if (large >= 0)
    return fail([valueProblem(parsed, origin, large, `${values[large]}`, "Store such integers in an .npz file.")]);
  if (dtype === "int32") return ok({ dtype, shape, data: Int32Array.from(values) });
  if (dtype === "int64") return ok({ dtype, shape, data: BigInt64Array.from(Array.from(values, BigInt)) });
  const message = `The input ${origin.name} of the model has the type ${dtype}, which no array of "${origin.file}" has.`;
  return fail([
    { code: "array-type", path: "", message, hint: "Train with a program of your own: see the folder's manifest." },
  ]);
}

/** Problems of shapes: against the ports, and of axes that have one name. */
function checkSizes(
  file: string,
  ports: readonly Port[],
  arrays: ReadonlyMap<string, NumericArray>,
): readonly RunProblem[] {
  const sizes = new Map<string, { readonly size: number; readonly name: string }>();
  return ports.flatMap(({ name, shape: axes }): readonly RunProblem[] => {
    const shape = arrays.get(name)?.shape ?? [];
    const actual = `${name} in "${file}" has shape [${shape.join(", ")}]`;
    const expected = `[${axes.join(", ")}]`;
    const problem = (message: string, hint: string) => [{ code: "array-shape", path: "", message, hint }];
    if (elementCount(shape) === 0) return problem(`${actual} and contains no numbers.`, "Give at least one example.");
    if (shape.length !== axes.length || axes.some((axis, index) => typeof axis === "number" && axis !== shape[index]))
      return problem(
        `${actual}, but the model reads ${expected}.`,
        isTable(file) && axes.length > 2 ? "Store it as an array in an .npz file." : "The first axis has the examples.",
      );
    for (const [index, axis] of axes.entries()) {
      const size = shape[index] ?? 0;
      const other = sizes.get(`${axis}`);
      if (other !== undefined && other.size !== size)
        return problem(
          `${actual} with ${axis} = ${size}, but ${other.name} has ${axis} = ${other.size}.`,
          `The model reads ${name} as ${expected}.`,
        );
      sizes.set(`${axis}`, { size, name });
    }
    return [];
  });
}

function checkClasses(origin: Origin, targets: NumericArray, classes: number): readonly RunProblem[] {
  const ids = Array.from<number | bigint>(targets.data).map(Number);
  const index = ids.findIndex((id) => id < 0 || id >= classes);
  if (index < 0) return [];
  const hint = `The model has ${classes} classes: ids are from 0 to ${classes - 1}.`;
  return [valueProblem(targets, origin, index, `${ids[index]}`, hint)];
}
