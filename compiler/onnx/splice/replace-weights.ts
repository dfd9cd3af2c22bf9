/** A model with other values of some of its initializers: every other byte of the file stays as it is. */
import protobuf from "protobufjs/minimal.js";
import { toFloat16Bits } from "../../ir/float16.js";
import { bytesTag, GRAPH, MODEL, TENSOR } from "../protobuf.js";
import { readTensor } from "../read/tensors.js";
import { rewritten } from "./rewrite.js";
import { separateStatistics } from "./separate-statistics.js";

/** New values by the initializer's name. */
export type Replacements = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

export type ReplacedWeights =
  | { readonly ok: true; readonly model: Uint8Array; readonly replaced: readonly string[] }
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
 * Replaces the values of initializers. Shapes and element types stay; values in external files move into the model.
 * Statistics that share a tensor with a parameter have one of their own (`separateStatistics`).
 *
 * @param model the bytes of an .onnx file.
 */
export function replaceWeights(model: Uint8Array, weights: Replacements): ReplacedWeights {
  const replaced: string[] = [];
  let problem: string | undefined;
  const tensor = (content: Uint8Array): Uint8Array | undefined => {
    const { name, dtype, shape = [] } = readTensor(content);
    const weight = weights.get(name);
    if (weight === undefined) return undefined;
    const bytes = bytesOf(dtype, weight.data);
    if (shape.join() !== weight.shape.join())
      problem ??= `${name} is [${shape.join(", ")}] in the model, but [${weight.shape.join(", ")}] in the file of weights`;
    if (bytes === undefined) problem ??= `${name} has the element type ${dtype}`;
    replaced.push(name);
    const rest = rewritten(content, (field) => (valueFields.has(field) ? null : undefined));
    const values = protobuf.Writer.create()
      .uint32(bytesTag(TENSOR.rawData))
      .bytes(bytes ?? new Uint8Array())
      .finish();
    return Buffer.concat([rest, values]);
  };
  const result = rewritten(separateStatistics(model), (field, graph) => {
    if (field !== MODEL.graph) return undefined;
    return rewritten(graph, (inner, content) => (inner === GRAPH.initializer ? tensor(content) : undefined));
  });
  return problem === undefined ? { ok: true, model: result, replaced } : { ok: false, message: problem };
}
