/** ONNX models of other programs, made node by node. */
import { fileURLToPath } from "node:url";
import { onnx } from "onnx-proto";

/** A file of tests: y = tanh(x @ W + b) and z = x @ W + b, both [batch, time, 4]. */
export const rowsModel = fileURLToPath(new URL("../fixtures/onnx/rows.onnx", import.meta.url));

type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number | readonly number[] }
  | onnx.IGraphProto
  | { readonly tensor: onnx.ITensorProto };

export interface TestTensor {
  readonly dtype?: "float32" | "int64" | "int32" | "bool" | "int8" | "uint8";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface TestNode {
  readonly operator: string;
  readonly domain?: string;
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface TestGraph {
  readonly inputs?: Readonly<
    Record<string, { readonly dtype?: TestTensor["dtype"]; readonly shape: readonly (number | string)[] }>
  >;
  readonly initializers?: Readonly<Record<string, TestTensor>>;
  readonly nodes: readonly TestNode[];
  readonly outputs: readonly string[];
}

const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;

export function tensorProto({ dtype = "float32", shape, data }: TestTensor, name = ""): onnx.ITensorProto {
  const arrays = {
    float32: () => Float32Array.from(data),
    int32: () => Int32Array.from(data),
    int64: () => BigInt64Array.from(data, BigInt),
    bool: () => Uint8Array.from(data),
    uint8: () => Uint8Array.from(data),
    int8: () => Int8Array.from(data),
  };
  return { name, dataType: dataTypes[dtype], dims: [...shape], rawData: new Uint8Array(arrays[dtype]().buffer) };
}

function attributeProto(name: string, value: Attribute): onnx.IAttributeProto {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: bytes(value) };
  if (Array.isArray(value))
    return typeof value[0] === "string"
      ? { name, type: 8, strings: (value as readonly string[]).map(bytes) }
      : { name, type: 7, ints: [...(value as readonly number[])] };
  if ("float" in value)
    return typeof value.float === "number"
      ? { name, type: 1, f: value.float }
      : { name, type: 6, floats: [...value.float] };
  if ("tensor" in value) return { name, type: 4, t: value.tensor };
  return { name, type: 5, g: value as onnx.IGraphProto };
}

export const nodeProto = ({
  operator,
  domain = "",
  name = "",
  attributes = {},
  inputs,
  outputs,
}: TestNode): onnx.INodeProto => ({
  opType: operator,
  domain,
  name,
  input: [...inputs],
  output: [...outputs],
  attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
});

export function graphProto({ inputs = {}, initializers = {}, nodes, outputs }: TestGraph): onnx.IGraphProto {
  return {
    name: "graph",
    node: nodes.map(nodeProto),
    input: Object.entries(inputs).map(([name, { dtype = "float32", shape }]) => ({
      name,
      type: {
        tensorType: {
          elemType: dataTypes[dtype],
          shape: { dim: shape.map((dim) => (typeof dim === "number" ? { dimValue: dim } : { dimParam: dim })) },
        },
      },
    })),
    initializer: Object.entries(initializers).map(([name, tensor]) => tensorProto(tensor, name)),
    // Without types: runtimes infer them.
    output: outputs.map((name) => ({ name })),
  };
}

export function modelBytes(graph: TestGraph | onnx.IGraphProto, opset = 17, more: onnx.IModelProto = {}): Uint8Array {
  const proto = "nodes" in graph ? graphProto(graph) : graph;
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: opset }],
    graph: proto,
    ...more,
  }).finish();
}
