/** Array examples as JSON objects; the members are the inputs of the model. */
import type { Port, Ports } from "../../compiler/artifact.js";
import type { Batch } from "../../runtime/data/source.js";
import { formatCount } from "../../runtime/format.js";
import { ok, type Result } from "../../runtime/result.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { invalid } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

/** The arrays of one example, without the batch axis. */
type Example = ReadonlyMap<string, readonly number[]>;
/** A data input of the model, or of one batch of the training graph; the first axis is the batch. */
type DataPort = Pick<Port, "name" | "dtype" | "shape">;

/** The number of ids of an array of integers, by its name. */
type IdLimits = PageManifest["id_limits"];

export function dataPorts({ inputs }: Ports): readonly DataPort[] {
  return inputs.filter(({ role }) => role === "data");
}

/** The parsed text; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The numbers of nested lists in order; undefined if they contain anything else. */
export function flattenNumbers(value: unknown): readonly number[] | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? [value] : undefined;
  if (!Array.isArray(value)) return undefined;
  const nested = value.map(flattenNumbers);
  return nested.every((child) => child !== undefined) ? nested.flat() : undefined;
}

/** The shape of nested lists whose lists at each depth have one length; undefined for others. */
function nestedShape(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return [];
  const [first, ...others] = value.map(nestedShape);
  const isRegular = first !== undefined && others.every((shape) => shape?.join() === first.join());
  return isRegular ? [value.length, ...first] : undefined;
}

/** True for nested lists of the shape of a port, and for a single number where the port has one. */
function hasShape(value: unknown, { shape: [, ...axes] }: DataPort): boolean {
  if (typeof value === "number") return axes.every((size) => size === 1);
  const shape = nestedShape(value);
  return (
    shape?.length === axes.length &&
    axes.every((size, axis) => (typeof size === "number" ? size === shape[axis] : (shape[axis] ?? 0) > 0))
  );
}

/** Parses one example or a list of examples. */
export function readExamples(text: string, ports: readonly DataPort[], limits: IdLimits): Result<readonly Example[]> {
  const value = parseJson(text);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const form = `{${ports.map(({ name }) => `"${name}": …`).join(", ")}}`;
  const examples: Example[] = [];
  for (const [index, entry] of list.entries()) {
    if (typeof entry !== "object" || entry === null)
      return invalid("The text is not a JSON object.", `Write an example as ${form}.`);
    const members = new Map<string, unknown>(Object.entries(entry));
    const arrays = ports.map(({ name }) => [name, flattenNumbers(members.get(name))] as const);
    const missing = arrays.find(([, numbers]) => numbers === undefined);
    if (missing !== undefined)
      return invalid(`Example ${index + 1} has no numbers in "${missing[0]}".`, `Write an example as ${form}.`);
    const misfitPort = ports.find((port) => !hasShape(members.get(port.name), port));
    if (misfitPort !== undefined)
      return invalid(`"${misfitPort.name}" must have shape [${misfitPort.shape.slice(1).join(", ")}].`);
    for (const port of ports) {
      const numbers = arrays.find(([name]) => name === port.name)?.[1] ?? [];
      const wrong = findNoInteger(numbers, port, limits[port.name]);
      if (wrong !== undefined) return wrong;
    }
    examples.push(new Map(arrays.map(([name, numbers]) => [name, numbers ?? []])));
  }
  const [first] = examples;
  const unevenPort = ports.find(({ name }) =>
    examples.some((example) => example.get(name)?.length !== first?.get(name)?.length),
  );
  if (unevenPort === undefined) return ok(examples);
  return invalid(`"${unevenPort.name}" differs in length between examples.`, "All examples need the same shape.");
}

/** The refusal of the first number that is no id, class or length; undefined where all numbers are. */
function findNoInteger(numbers: readonly number[], { name, dtype }: DataPort, limit: number | undefined) {
  if (dtype === "float32") return undefined;
  const [first, end] = dtype === "int64" ? [1, Number.POSITIVE_INFINITY] : [0, limit ?? 2 ** 31];
  const wrong = numbers.find((value) => !Number.isInteger(value) || value < first || value >= end);
  if (wrong === undefined) return undefined;
  const range = Number.isFinite(end) ? `from ${first} to ${end - 1}` : `from ${first}`;
  return invalid(`"${name}" has ${wrong}.`, `Write integers ${range}.`);
}

/** The shape of an example of `count` numbers, with at most one axis of free size. */
function shapeOf({ shape: [, ...axes] }: DataPort, count: number): readonly number[] {
  const knownSize = axes.reduce<number>((product, size) => (typeof size === "number" ? product * size : product), 1);
  return axes.map((size) => (typeof size === "number" ? size : count / knownSize));
}

export function stackExamples(examples: readonly Example[], ports: readonly DataPort[]): Batch {
  return new Map(
    ports.map((port) => {
      const numbers = examples.flatMap((example) => example.get(port.name) ?? []);
      const shape = [examples.length, ...shapeOf(port, numbers.length / examples.length)];
      return [port.name, toArray(port.dtype, shape, numbers)];
    }),
  );
}

function toArray(dtype: Port["dtype"], shape: readonly number[], numbers: readonly number[]): NumericArray {
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(numbers, BigInt) };
  if (dtype === "int32") return { dtype, shape, data: Int32Array.from(numbers) };
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}

/** Parses a list of examples with their targets. */
export function arraysTrainingSet(text: string, { manifest, id_limits }: PageManifest): TrainingSetResult {
  // The first axis of the training graph is the number of steps in a call.
  const ports = dataPorts(manifest.train).map(({ name, dtype, shape }) => ({ name, dtype, shape: shape.slice(1) }));
  const read = readExamples(text, ports, id_limits);
  if (!read.ok) return read;
  const examples = read.value;
  return ok({
    examples: examples.length,
    summary: formatCount(examples.length, "example"),
    batch: (indices) =>
      stackExamples(
        Array.from(indices, (index) => examples[index] ?? new Map()),
        ports,
      ),
  });
}
