/** A model with other values of some of its initializers: every other byte of the file stays as it is. */
import protobuf from "protobufjs/minimal.js";
import { toFloat16Bits } from "../../ir/float16.js";
import { bytesTag, GRAPH, MODEL, TENSOR } from "../protobuf.js";
import { readModel } from "../read/model.js";
import { readTensor } from "../read/tensors.js";
import { rewritten } from "./rewrite.js";
import { separateStatistics } from "./separate-statistics.js";

/** New values by the initializer's name. */
export type Replacements = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

export type ReplacedWeights =
  | {
      readonly ok: true;
      readonly model: Uint8Array;
      /** The files of external data, with new values in their places. */
      readonly files: ReadonlyMap<string, Uint8Array>;
      readonly replaced: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

/** Fields of a TensorProto that hold its values. */
const valueFields: ReadonlySet<number> = new Set([
  ...[TENSOR.floats, TENSOR.int32s, TENSOR.int64s, TENSOR.rawData, TENSOR.doubles, TENSOR.uint64s],
  ...[TENSOR.externalData, TENSOR.dataLocation],
]);

/** Values as bytes of the types that a training computes in float32; undefined for other types. */
function bytesOf(dtype: string, data: Float32Array): Uint8Array | undefined {
  switch (dtype) {
    case "float32":
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    case "float64":
      return new Uint8Array(Float64Array.from(data).buffer);
    case "float16":
      return new Uint8Array(Uint16Array.from(data, toFloat16Bits).buffer);
    default:
      return undefined;
  }
}

/**
 * Replaces the values of initializers. Shapes and element types stay. Values in one of the files stay there, unless
 * another tensor shares their bytes; those in other files move into the model. Statistics that share a tensor with a
 * parameter have one of their own (`separateStatistics`).
 *
 * @param model the bytes of an .onnx file.
 * @param files of its external data, by their locations.
 */
export function replaceWeights(
  model: Uint8Array,
  weights: Replacements,
  files: ReadonlyMap<string, Uint8Array> = new Map(),
): ReplacedWeights {
  const separated = separateStatistics(model);
  const alone = unsharedTensors(separated);
  const changed = new Map(files);
  const replaced: string[] = [];
  let problem: string | undefined;
  const tensor = (content: Uint8Array): Uint8Array | undefined => {
    const { name, dtype, shape = [], external } = readTensor(content);
    const weight = weights.get(name);
    if (weight === undefined) return undefined;
    const bytes = bytesOf(dtype, weight.data);
    if (shape.join() !== weight.shape.join())
      problem ??= `${name} is [${shape.join(", ")}] in the model, but [${weight.shape.join(", ")}] in the file of weights`;
    if (bytes === undefined) problem ??= `${name} has the element type ${dtype}`;
    replaced.push(name);
    const before = external && alone.has(name) ? changed.get(external.location) : undefined;
    if (external !== undefined && before !== undefined && bytes !== undefined) {
      if (external.offset + bytes.length > before.length) problem ??= `${name} ends after ${external.location}`;
      else {
        const file = before === files.get(external.location) ? Uint8Array.from(before) : before;
        file.set(bytes, external.offset);
        changed.set(external.location, file);
      }
      return undefined;
    }
    const rest = rewritten(content, (field) => (valueFields.has(field) ? null : undefined));
    const values = protobuf.Writer.create()
      .uint32(bytesTag(TENSOR.rawData))
      .bytes(bytes ?? new Uint8Array())
      .finish();
    return Buffer.concat([rest, values]);
  };
  const result = rewritten(separated, (field, graph) => {
    if (field !== MODEL.graph) return undefined;
    return rewritten(graph, (inner, content) => (inner === GRAPH.initializer ? tensor(content) : undefined));
  });
  return problem === undefined
    ? { ok: true, model: result, files: changed, replaced }
    : { ok: false, message: problem };
}

/** Names of the initializers whose bytes in an external file no other initializer has. */
function unsharedTensors(model: Uint8Array): ReadonlySet<string> {
  const read = readModel(model);
  const ranges = (read.ok ? read.model.initializers : [])
    .flatMap(({ name, external }) => {
      if (external === undefined) return [];
      const { location, offset, length } = external;
      return [{ name, location, offset, end: length === null ? Number.POSITIVE_INFINITY : offset + length }];
    })
    .sort((a, b) => (a.location === b.location ? a.offset - b.offset : a.location < b.location ? -1 : 1));
  const shared = new Set<string>();
  let last = ranges[0];
  for (const range of ranges.slice(1)) {
    if (last !== undefined && range.location === last.location && range.offset < last.end) {
      shared.add(last.name);
      shared.add(range.name);
    }
    if (last === undefined || range.location !== last.location || range.end > last.end) last = range;
  }
  return new Set(ranges.flatMap(({ name }) => (shared.has(name) ? [] : [name])));
}
