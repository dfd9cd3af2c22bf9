/** The examples of a data block of a spec as the data ports of a training step: all that specs read. */
import type { Port } from "../../../compiler/artifact.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { openData } from "../../data/index.js";
import { type ClassNames, classNamesOf, describeClasses, type Metadata } from "../../data/metadata.js";
import type { Batch, DataSource } from "../../data/source.js";
import { listFirst } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";

export interface PortSource {
  readonly spec: NormalSpec;
  /** Start of the block's relative paths. */
  readonly folder: string;
  /** Data ports of one step, the batch axis first. */
  readonly ports: readonly Port[];
  /** Classes of the targets, where they are class ids. */
  readonly classes: number | null;
  /** The classes of the run that a training resumes. */
  readonly recordedClasses: ClassNames;
}

/** An array of a batch in the layout of a port. */
interface PortReader {
  readonly port: Port;
  readonly array: string;
  readonly read: (batch: Batch) => NumericArray;
}

export async function openPortSource(request: PortSource): Promise<Result<DataSource>> {
  const { spec, folder, ports, classes, recordedClasses } = request;
  const opened = await openData(spec, folder, undefined, recordedClasses);
  if (!opened.ok) return opened;
  const source = opened.value;
  const sample = source.batch([0]);
  const readers: PortReader[] = [];
  const problems: RunProblem[] = [];
  for (const port of ports) {
    const reader = readerOf(port, ports, sample);
    if (reader.ok) readers.push(reader.value);
    else problems.push(...reader.error);
  }
  problems.push(...omissionProblems(source, readers));
  const beyond = classes === null ? undefined : classProblem(source, classes);
  if (beyond !== undefined) problems.push(beyond);
  if (problems.length > 0) return fail(problems);
  const names = classNamesOf(source.metadata);
  return ok({
    ...source,
    notices: [
      ...(source.notices ?? []),
      ...unreadNotices(sample, readers),
      ...readers.flatMap(({ port, array }) =>
        port.name === array ? [] : [`The input ${port.name} of the model reads the ${array} of the data.`],
      ),
      ...fittedNotices(source.metadata),
      ...(names.size === 0
        ? []
        : [`Classes: ${describeClasses(names)}. Where the model has another order, write ids.`]),
    ],
    batch(indices) {
      const batch = source.batch(indices);
      return new Map(readers.map(({ port, read }) => [port.name, read(batch)]));
    },
    findOutOfRange(name, limit, reason) {
      const array = readers.find(({ port }) => port.name === name)?.array ?? name;
      return array === "mask" ? undefined : source.findOutOfRange(array, limit, reason);
    },
  });
}

/** The reader of a port: of the array of its name, or the main input for the only port that no array names. */
function readerOf(port: Port, ports: readonly Port[], sample: Batch): Result<PortReader> {
  const isMask = /mask/i.test(port.name) && sample.has("lengths");
  const others = ports.filter(({ name }) => name !== "targets" && !sample.has(name) && !/mask/i.test(name));
  const array = sample.has(port.name) ? port.name : isMask ? "mask" : others.length === 1 ? "inputs" : undefined;
  const example = array === "mask" ? maskOf(sample) : sample.get(array ?? "");
  const expected = `${port.dtype} [${port.shape.join(", ")}]`;
  const problem = (code: string, message: string, hint: string) => fail([{ code, path: "/data", message, hint }]);
  if (array === undefined || example === undefined)
    return problem(
      "archive-member",
      `The step reads ${port.name} as ${expected}, which the data do not have.`,
      `They have ${listFirst([...sample.keys()], 10)}. Write the arrays of all inputs into one file: --data rows.npz.`,
    );
  if (shapeFor(example.shape, port) === undefined)
    return problem(
      "array-shape",
      `The ${array} of the data are [batch, ${example.shape.slice(1).join(", ")}], but the model reads ${port.name} as ${expected}.`,
      "Change the data, such as their columns, their window or the size of their images.",
    );
  const [from, to] = [example.dtype !== "float32", port.dtype !== "float32"];
  if (to && !from)
    return problem("array-type", `The ${array} of the data are numbers, but the model reads ${expected}.`, "Give ids.");
  return ok({
    port,
    array,
    read: (batch) => convert((array === "mask" ? maskOf(batch) : batch.get(array)) as NumericArray, port),
  });
}

/** 1 up to the length of each sequence, 0 for the steps that fill the batch. */
function maskOf(batch: Batch): NumericArray {
  const [rows = 0, steps = 0] = batch.get("inputs")?.shape ?? [];
  const lengths = batch.get("lengths")?.data ?? [];
  const data = Int32Array.from({ length: rows * steps }, (_, index) =>
    index % steps < Number(lengths[Math.floor(index / steps)]) ? 1 : 0,
  );
  return { dtype: "int32", shape: [rows, steps], data };
}

/** The shape of an array for the axes of a port, with or without axes of size 1; undefined where the sizes differ. */
function shapeFor(shape: readonly number[], { shape: axes }: Port): readonly number[] | undefined {
  const rest = [...shape];
  const sizes = axes.map((axis, index) => {
    const isOwn = index === 0 || typeof axis === "string" || axis === rest[0];
    return isOwn ? rest.shift() : axis === 1 ? 1 : undefined;
  });
  const isWhole = rest.every((size) => size === 1) && sizes.every((size) => size !== undefined);
  return isWhole ? sizes.flatMap((size) => size ?? []) : undefined;
}

/** An array in the shape and the type of a port. */
function convert(array: NumericArray, port: Port): NumericArray {
  const shape = shapeFor(array.shape, port) ?? array.shape;
  const numbers = Array.from<number | bigint, number>(array.data, Number);
  if (port.dtype === "int32") return { dtype: "int32", shape, data: Int32Array.from(numbers) };
  if (port.dtype === "int64") return { dtype: "int64", shape, data: BigInt64Array.from(numbers, BigInt) };
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}

/** Problems of what the loss of a spec would leave out, and the step takes for data: steps that fill a batch, and weights. */
function omissionProblems(source: DataSource, readers: readonly PortReader[]): readonly RunProblem[] {
  const isRead = (...names: readonly string[]) => readers.some(({ array }) => names.includes(array));
  const problem = (message: string, hint: string) => [{ code: "array-shape", path: "/data", message, hint }];
  const first = source.batch([0]);
  if (first.has("weights") && !isRead("weights"))
    return problem("The data have weights, which the step does not read.", "Remove the weights from the data block.");
  const steps = first.get("inputs")?.shape[1];
  if (!first.has("lengths") || isRead("lengths", "mask")) return [];
  for (let example = 0; example < source.examples; example++) {
    if (Number(source.batch([example]).get("lengths")?.data[0]) === steps) continue;
    return problem(
      "The data have sequences of several lengths, and the step reads neither their lengths nor a mask.",
      "Export the model with an input attention_mask or lengths, or give sequences of one length.",
    );
  }
  return [];
}

/** Notices of scales and vocabularies, which the data fit and the model does not know. */
function fittedNotices(metadata: Metadata): readonly string[] {
  const scaled = "scaler" in metadata ? Object.keys(metadata.scaler) : [];
  const numbers = "vocabulary" in metadata && !("tokenizer" in metadata && metadata.tokenizer);
  return [
    ...(scaled.length > 0
      ? [`The data are scaled: ${listFirst(scaled, 10)}. data.json of the run has the offset and the factor of each.`]
      : []),
    ...(numbers ? ["Ids are those of the vocabulary in data.json of the run: a trained model may have others."] : []),
  ];
}

/** The notice of arrays that no port reads. */
function unreadNotices(sample: Batch, readers: readonly PortReader[]): readonly string[] {
  const read = new Set(readers.map(({ array }) => array));
  const unread = [...sample.keys()].filter((name) => !read.has(name) && !/lengths$/.test(name));
  return unread.length === 0 ? [] : [`The step does not read ${listFirst(unread, 10)} of the data.`];
}

/** The model names each of its classes by an id: data of fewer would leave some without examples, silently. */
function classProblem(source: DataSource, classes: number): RunProblem | undefined {
  const beyond = source.findOutOfRange(
    "targets",
    classes,
    `The model has ${classes} classes: ids are from 0 to ${classes - 1}.`,
  );
  if (beyond !== undefined) return beyond;
  const names = [...classNamesOf(source.metadata).values()][0];
  if (names === undefined || names.length === classes) return undefined;
  return {
    code: "single-class",
    path: "/data",
    message: `The data have ${names.length} classes, but the model has ${classes}: their ids could not be those of the model.`,
    hint: "Give data with all classes, or write their ids.",
  };
}
