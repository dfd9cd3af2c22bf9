/** ONNX's messages as plain objects, and their bytes. Fields are written in the order of their numbers, absent ones not at all. */
import protobuf from "protobufjs/minimal.js";
import {
  ATTRIBUTE,
  bytesTag,
  DIM,
  ENTRY,
  fixed32Tag,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
  varintTag,
} from "../protobuf.js";

export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name?: string;
  readonly rawData: Uint8Array;
}

export interface AttributeProto {
  readonly name: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
  readonly type: number;
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly AttributeProto[];
}

interface DimensionProto {
  readonly dimValue?: number;
  readonly dimParam?: string;
}

interface ShapeProto {
  readonly dim: readonly DimensionProto[];
}

interface TensorTypeProto {
  readonly elemType: number;
  readonly shape: ShapeProto;
}

interface TypeProto {
  readonly tensorType: TensorTypeProto;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: TypeProto;
  readonly docString?: string;
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer?: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
}

interface OperatorSetProto {
  readonly domain: string;
  readonly version: number;
}

interface EntryProto {
  readonly key: string;
  readonly value: string;
}

export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly docString?: string;
  readonly graph: GraphProto;
  readonly opsetImport: readonly OperatorSetProto[];
  readonly metadataProps: readonly EntryProto[];
}

type Write<T> = (writer: protobuf.Writer, value: T) => void;

const varint =
  (field: number): Write<number> =>
  (writer, value) =>
    writer.uint32(varintTag(field)).int64(value);
/** All numbers under one tag. */
const packed =
  (field: number): Write<readonly number[]> =>
  (writer, values) => {
    if (values.length === 0) return;
    writer.uint32(bytesTag(field)).fork();
    for (const value of values) writer.int64(value);
    writer.ldelim();
  };
const float =
  (field: number): Write<number> =>
  (writer, value) =>
    writer.uint32(fixed32Tag(field)).float(value);
const text =
  (field: number): Write<string> =>
  (writer, value) =>
    writer.uint32(bytesTag(field)).string(value);
const bytes =
  (field: number): Write<Uint8Array> =>
  (writer, value) =>
    writer.uint32(bytesTag(field)).bytes(value);
const each =
  <T>(write: Write<T>): Write<readonly T[]> =>
  (writer, values) => {
    for (const value of values) write(writer, value);
  };

function message<M extends object>(field: number, write: Write<M>): Write<M> {
  return (writer, value) => {
    writer.uint32(bytesTag(field)).fork();
    write(writer, value);
    writer.ldelim();
  };
}

/** Writes the fields of a message, in the order of the table. */
function fieldsOf<M extends object>(table: { readonly [K in keyof M]-?: Write<NonNullable<M[K]>> }): Write<M> {
  const names = Object.keys(table) as (keyof M)[];
  return (writer, value) => {
    for (const name of names) {
      const field = value[name];
      if (field !== undefined && field !== null) table[name](writer, field);
    }
  };
}

const writeTensor = fieldsOf<TensorProto>({
  dims: packed(TENSOR.dims),
  dataType: varint(TENSOR.dataType),
  name: text(TENSOR.name),
  rawData: bytes(TENSOR.rawData),
});

const writeAttribute = fieldsOf<AttributeProto>({
  name: text(ATTRIBUTE.name),
  f: float(ATTRIBUTE.float),
  i: varint(ATTRIBUTE.integer),
  s: bytes(ATTRIBUTE.text),
  t: message(ATTRIBUTE.tensor, writeTensor),
  g: message(ATTRIBUTE.graph, (writer, graph: GraphProto) => writeGraph(writer, graph)),
  ints: packed(ATTRIBUTE.integers),
  strings: each(bytes(ATTRIBUTE.texts)),
  type: varint(ATTRIBUTE.type),
});

const writeNode = fieldsOf<NodeProto>({
  input: each(text(NODE.input)),
  output: each(text(NODE.output)),
  name: text(NODE.name),
  opType: text(NODE.operator),
  attribute: each(message(NODE.attribute, writeAttribute)),
});

const writeDimension = fieldsOf<DimensionProto>({ dimValue: varint(DIM.size), dimParam: text(DIM.symbol) });
const writeShape = fieldsOf<ShapeProto>({ dim: each(message(SHAPE.dim, writeDimension)) });
const writeTensorType = fieldsOf<TensorTypeProto>({
  elemType: varint(TENSOR_TYPE.elementType),
  shape: message(TENSOR_TYPE.shape, writeShape),
});
const writeValueInfo = fieldsOf<ValueInfoProto>({
  name: text(VALUE_INFO.name),
  type: message(VALUE_INFO.type, fieldsOf<TypeProto>({ tensorType: message(TYPE.tensor, writeTensorType) })),
  docString: text(VALUE_INFO.docString),
});

const writeGraph = fieldsOf<GraphProto>({
  node: each(message(GRAPH.node, writeNode)),
  name: text(GRAPH.name),
  initializer: each(message(GRAPH.initializer, writeTensor)),
  input: each(message(GRAPH.input, writeValueInfo)),
  output: each(message(GRAPH.output, writeValueInfo)),
  valueInfo: each(message(GRAPH.valueInfo, writeValueInfo)),
});

const writeModel = fieldsOf<ModelProto>({
  irVersion: varint(MODEL.irVersion),
  producerName: text(MODEL.producerName),
  docString: text(MODEL.docString),
  graph: message(MODEL.graph, writeGraph),
  opsetImport: each(
    message(
      MODEL.opsetImport,
      fieldsOf<OperatorSetProto>({ domain: text(OPSET.domain), version: varint(OPSET.version) }),
    ),
  ),
  metadataProps: each(
    message(MODEL.metadataProps, fieldsOf<EntryProto>({ key: text(ENTRY.key), value: text(ENTRY.value) })),
  ),
});

const bytesOf =
  <M>(write: Write<M>) =>
  (value: M): Uint8Array => {
    const writer = protobuf.Writer.create();
    write(writer, value);
    return writer.finish();
  };

export const encodeModel = bytesOf(writeModel);
export const encodeGraph = bytesOf(writeGraph);
export const encodeNode = bytesOf(writeNode);
export const encodeTensor = bytesOf(writeTensor);
