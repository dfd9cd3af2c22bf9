/** ONNX's protobuf messages field by field, for reading and writing without decoding a whole model. */
import protobuf from "protobufjs/minimal.js";

/** Wire types, the low three bits of a tag. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

// Field numbers of onnx.proto.
export const MODEL = {
  irVersion: 1,
  producerName: 2,
  docString: 6,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
  trainingInfo: 20,
  functions: 25,
} as const;
export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const;
export const TRAINING = { initialization: 1, algorithm: 2, initializationBinding: 3, updateBinding: 4 } as const;
export const FUNCTION = {
  name: 1,
  input: 4,
  output: 5,
  attribute: 6,
  node: 7,
  opsetImport: 9,
  domain: 10,
  attributeProto: 11,
  overload: 13,
} as const;
export const NODE = {
  input: 1,
  output: 2,
  name: 3,
  operator: 4,
  attribute: 5,
  domain: 7,
  overload: 8,
  metadata: 9,
} as const;
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  integer: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  integers: 8,
  texts: 9,
  tensors: 10,
  graphs: 11,
  type: 20,
  reference: 21,
  sparseTensor: 22,
} as const;
export const TENSOR = {
  dims: 1,
  dataType: 2,
  floats: 4,
  int32s: 5,
  int64s: 7,
  name: 8,
  rawData: 9,
  doubles: 10,
  uint64s: 11,
  externalData: 13,
  dataLocation: 14,
} as const;
export const SPARSE_TENSOR = { values: 1 } as const;
export const VALUE_INFO = { name: 1, type: 2, docString: 3 } as const;
export const TYPE = { tensor: 1 } as const;
export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const;
export const SHAPE = { dim: 1 } as const;
export const DIM = { size: 1, symbol: 2 } as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const ENTRY = { key: 1, value: 2 } as const;

/** TensorProto.DataType, in the order of its numbers. */
const DATA_TYPES = [
  ...(["unknown", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool"] as const),
  ...(["float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16"] as const),
  ...(["float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1"] as const),
] as const;

/** The number of an element type in TensorProto.DataType. */
export function dataType(name: (typeof DATA_TYPES)[number]): number {
  return DATA_TYPES.indexOf(name);
}

/** The name of a number in TensorProto.DataType, or "unknown". */
export function dataTypeName(number: number): string {
  return DATA_TYPES[number] ?? "unknown";
}

/** TensorProto.DataLocation. */
export const EXTERNAL_LOCATION = 1;

/** The tag of a varint field. */
export const varintTag = (field: number): number => (field << 3) | VARINT;
/** The tag of a field of four bytes. */
export const fixed32Tag = (field: number): number => (field << 3) | FIXED32;
/** The tag of a field of text, bytes or a message. */
export const bytesTag = (field: number): number => (field << 3) | BYTES;

/** One field of a message: a number, or a view of the bytes of a text, a message or a value of fixed width. */
export interface Field {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Offsets in the message of the content, and of the length before it. */
  readonly start: number;
  readonly lengthOffset: number;
}

const EMPTY = new Uint8Array();

/** A signed varint, rounded beyond 2^53. */
function readVarint(reader: protobuf.Reader): number {
  return protobuf.util.LongBits.from(reader.int64()).toNumber(false);
}

/** Integers of a packed field. */
export function readPackedVarints(content: Uint8Array): readonly number[] {
  const reader = protobuf.Reader.create(content);
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(readVarint(reader));
  return values;
}

/**
 * The fields of a message in order. The bytes of a field of fixed width are its content. Throws if the bytes are not a
 * protobuf message.
 */
export function* fields(message: Uint8Array): Generator<Field> {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const lengthOffset = reader.pos;
    switch (tag & 7) {
      case VARINT: {
        yield { field, number: readVarint(reader), bytes: EMPTY, start: lengthOffset, lengthOffset };
        break;
      }
      case BYTES: {
        const length = reader.uint32();
        const start = reader.pos;
        reader.skip(length);
        yield { field, number: 0, bytes: message.subarray(start, start + length), start, lengthOffset };
        break;
      }
      case FIXED32:
      case FIXED64: {
        const width = (tag & 7) === FIXED32 ? 4 : 8;
        reader.skip(width);
        yield {
          field,
          number: 0,
          bytes: message.subarray(lengthOffset, lengthOffset + width),
          start: lengthOffset,
          lengthOffset,
        };
        break;
      }
      default:
        throw new Error(`wire type ${tag & 7} at byte ${lengthOffset}`);
    }
  }
}
