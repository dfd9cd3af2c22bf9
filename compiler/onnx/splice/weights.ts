/** Weights of a finished model: initializers are spliced into its bytes, without decoding it. */

import protobuf from "protobufjs/minimal.js";
import { elementBytes } from "../../ir/tensor.js";
import type { DType } from "../../ir/types.js";
import { bytesTag, dataType, ENTRY, EXTERNAL_LOCATION, fields, GRAPH, MODEL, TENSOR, varintTag } from "../protobuf.js";

export interface Weight {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row-major; bytes are little-endian. */
  readonly data: Uint8Array | Float32Array;
}

/**
 * The model with these tensors as initializers. Protobuf fields may be in any order, so they are appended to the graph,
 * whose length is rewritten; all other bytes are unchanged. (A second graph field at the end of the file would be
 * shorter, but only some readers merge it with the first.)
 */
export function withWeights(model: Uint8Array, tensors: Iterable<Weight>): Uint8Array<ArrayBuffer> {
  const initializers = protobuf.Writer.create();
  for (const tensor of tensors) {
    startInitializer(initializers, tensor);
    initializers.uint32(bytesTag(TENSOR.rawData)).bytes(bytesOf(tensor.data)).ldelim();
  }
  return spliced(model, new Uint8Array(), initializers.finish());
}

/** Smaller tensors are stored in the model itself. */
const MIN_EXTERNAL_BYTES = 1024;
/** Alignment in bytes of tensors in the external file, for readers that map it into memory. */
const ALIGNMENT = 64;

/**
 * The same with the values of all but small tensors in an external file (TensorProto.external_data).
 *
 * @param location name of that file, in the model's folder.
 */
export function withExternalWeights(
  model: Uint8Array,
  tensors: Iterable<Weight>,
  location: string,
): { readonly model: Uint8Array; readonly data: Uint8Array } {
  const initializers = protobuf.Writer.create();
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const content = bytesOf(tensor.data);
    startInitializer(initializers, tensor);
    if (content.length < MIN_EXTERNAL_BYTES) {
      initializers.uint32(bytesTag(TENSOR.rawData)).bytes(content).ldelim();
      continue;
    }
    for (const [key, value] of Object.entries({ location, offset: `${offset}`, length: `${content.length}` })) {
      initializers.uint32(bytesTag(TENSOR.externalData)).fork();
      initializers.uint32(bytesTag(ENTRY.key)).string(key).uint32(bytesTag(ENTRY.value)).string(value).ldelim();
    }
    initializers.uint32(varintTag(TENSOR.dataLocation)).int32(EXTERNAL_LOCATION).ldelim();
    const padding = new Uint8Array((ALIGNMENT - (content.length % ALIGNMENT)) % ALIGNMENT);
    chunks.push(content, padding);
    offset += content.length + padding.length;
  }
  return { model: spliced(model, new Uint8Array(), initializers.finish()), data: concatenate(chunks) };
}

/** The model with additional fields of its graph, before and after the existing ones. */
export function spliced(model: Uint8Array, before: Uint8Array, after: Uint8Array): Uint8Array<ArrayBuffer> {
  const graph = [...fields(model)].find(({ field }) => field === MODEL.graph);
  if (graph === undefined) throw new Error("the model has no graph");
  const length = protobuf.Writer.create()
    .uint32(before.length + graph.bytes.length + after.length)
    .finish();
  const tail = model.subarray(graph.start + graph.bytes.length);
  return concatenate([model.subarray(0, graph.lengthOffset), length, before, graph.bytes, after, tail]);
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    result.set(chunk, offset);
    offset += chunk.length;
  }
  return result;
}

/** Starts an initializer: all fields but its values. */
function startInitializer(writer: protobuf.Writer, { name, dtype, shape, data }: Weight): void {
  const elementCount = shape.reduce((product, size) => product * size, 1);
  if (data.byteLength !== elementCount * elementBytes[dtype])
    throw new Error(`${data.byteLength} bytes given for ${name}, ${dtype}[${shape.join(", ")}]`);
  writer.uint32(bytesTag(GRAPH.initializer)).fork();
  for (const size of shape) writer.uint32(varintTag(TENSOR.dims)).int64(size);
  writer.uint32(varintTag(TENSOR.dataType)).int32(dataType(dtype));
  writer.uint32(bytesTag(TENSOR.name)).string(name);
}

/** The bytes of an array, without a copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
