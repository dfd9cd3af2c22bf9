/** Arrays as they are written on a page: examples as JSON objects, whose members are the model's inputs. */
import type { Port, Ports } from "../../compiler/artifact.js";
import type { Batch, NumericArray } from "../../runtime/data/source.js";
import type { Checked } from "../../runtime/problem.js";
import type { Page } from "../../runtime/web/page.js";
import type { ReadLesson } from "./lesson.js";
import { counted, refused } from "./problem.js";

/** An array of each example, without the batch's axis. */
type Example = ReadonlyMap<string, readonly number[]>;
/** A data port of the model, or of one batch of the training graph: the batch is its first axis. */
type DataPort = Pick<Port, "name" | "dtype" | "shape">;

export function inputsOf({ inputs }: Ports): readonly DataPort[] {
  return inputs.filter(({ role }) => role === "data");
}

/** Undefined where the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The numbers of nested lists in order; undefined where something else is in them. */
export function flat(value: unknown): readonly number[] | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? [value] : undefined;
  if (!Array.isArray(value)) return undefined;
  const parts = value.map(flat);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/** One example, or a list of them. */
export function readExamples(
  text: string,
  ports: readonly DataPort[],
): Checked<{ readonly examples: readonly Example[] }> {
  const value = parsed(text);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const form = `{${ports.map(({ name }) => `"${name}": …`).join(", ")}}`;
  const examples: Example[] = [];
  for (const [index, entry] of list.entries()) {
    if (typeof entry !== "object" || entry === null)
      return refused("This is no JSON object.", `An example is ${form}.`);
    const members = new Map<string, unknown>(Object.entries(entry));
    const arrays = ports.map(({ name }) => [name, flat(members.get(name))] as const);
    const missing = arrays.find(([, numbers]) => numbers === undefined);
    if (missing !== undefined)
      return refused(`Example ${index + 1} has no numbers under "${missing[0]}".`, `An example is ${form}.`);
    examples.push(new Map(arrays.map(([name, numbers]) => [name, numbers ?? []])));
  }
  const [first] = examples;
  const uneven = ports.find(({ name }) =>
    examples.some((example) => example.get(name)?.length !== first?.get(name)?.length),
  );
  if (uneven !== undefined)
    return refused(`"${uneven.name}" is not as long in all examples.`, "The examples of a batch have one shape.");
  const misfit = ports.find((port) => shapeOf(port, first?.get(port.name)?.length ?? 0) === undefined);
  if (misfit === undefined) return { ok: true, examples };
  return refused(`"${misfit.name}" should have shape [${misfit.shape.slice(1).join(", ")}].`);
}

/** The shape of an example with so many numbers, where at most one of its axes has no size; undefined where they do not fit. */
function shapeOf({ shape: [, ...axes] }: DataPort, count: number): readonly number[] | undefined {
  const known = axes.reduce<number>((product, size) => (typeof size === "number" ? product * size : product), 1);
  const open = axes.filter((size) => typeof size !== "number").length;
  const rest = count / known;
  if (open === 0) return rest === 1 ? axes.map(Number) : undefined;
  if (!Number.isInteger(rest) || rest < 1) return undefined;
  return axes.map((size) => (typeof size === "number" ? size : rest));
}

export function stack(examples: readonly Example[], ports: readonly DataPort[]): Batch {
  return new Map(
    ports.map((port) => {
      const numbers = examples.flatMap((example) => example.get(port.name) ?? []);
      const shape = [examples.length, ...(shapeOf(port, numbers.length / examples.length) ?? [])];
      return [port.name, arrayOf(port.dtype, shape, numbers)];
    }),
  );
}

function arrayOf(dtype: Port["dtype"], shape: readonly number[], numbers: readonly number[]): NumericArray {
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(numbers, BigInt) };
  if (dtype === "int32") return { dtype, shape, data: Int32Array.from(numbers) };
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}

/** A list of examples with their targets. */
export function arraysLesson(text: string, { manifest }: Page): ReadLesson {
  // Before the batch, the training graph's arrays have an axis of steps.
  const ports = inputsOf(manifest.train).map(({ name, dtype, shape }) => ({ name, dtype, shape: shape.slice(1) }));
  const read = readExamples(text, ports);
  if (!read.ok) return read;
  const { examples } = read;
  return {
    ok: true,
    lesson: {
      examples: examples.length,
      about: counted(examples.length, "example"),
      batch: (indices) =>
        stack(
          Array.from(indices, (index) => examples[index] ?? new Map()),
          ports,
        ),
    },
  };
}
