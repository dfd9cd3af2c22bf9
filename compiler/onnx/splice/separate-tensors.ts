/** Copies of initializers for some of their readers, where exporters store equal tensors once. */
import protobuf from "protobufjs/minimal.js";
import { bytesTag, fields, GRAPH, MODEL, NODE, TENSOR, VALUE_INFO } from "../protobuf.js";
import { type NodeFields, readNodeFields } from "../read/node-proto.js";
import { type ModelTensor, readTensor, readText } from "../read/tensors.js";
import { rewritten } from "./rewrite.js";

export interface Separation {
  /** Initializers to copy: the name of each copy, and its source. */
  readonly copies: ReadonlyMap<string, string>;
  /** Names of Identity outputs that a copy replaces. */
  readonly replaced: ReadonlySet<string>;
  /** Other names of inputs, by the position of the node and of the input. */
  readonly inputs: ReadonlyMap<number, ReadonlyMap<number, string>>;
}

/** An input of a node that reads an initializer, by its own name or the name of an Identity of it. */
export interface TensorRead {
  readonly name: string;
  readonly initializer: string;
  readonly node: NodeFields;
  /** Of the node in the graph, and of the input in the node; those of nested graphs come after the node's own. */
  readonly position: number;
  readonly input: number;
  readonly isIdentity: boolean;
}

/** The initializers of a graph and their readers. */
export interface TensorReads {
  readonly initializers: ReadonlyMap<string, ModelTensor>;
  readonly reads: readonly TensorRead[];
  /** Names of the outputs of the graph. */
  readonly results: readonly string[];
  /** The initializer of a name, through Identities; other names are returned as they are. */
  readonly initializerOf: (name: string) => string;
}

/** The model with the copies of a rule; the same bytes without a copy. @param model the bytes of an .onnx file. */
export function separateTensors(
  model: Uint8Array,
  rule: (reads: TensorReads) => Separation,
  isSubject: (node: NodeFields) => boolean = () => true,
): Uint8Array {
  const reads = tensorReads(model, isSubject);
  const separation = reads && rule(reads);
  if (separation === undefined || separation.copies.size === 0) return model;
  return rewritten(model, (field, content) => (field === MODEL.graph ? separated(content, separation) : undefined));
}

/** Undefined for a model without a subject. */
export function tensorReads(
  model: Uint8Array,
  isSubject: (node: NodeFields) => boolean = () => true,
): TensorReads | undefined {
  const graph = [...fields(model)].find(({ field }) => field === MODEL.graph)?.bytes;
  if (graph === undefined) return undefined;
  const nodes: NodeFields[] = [];
  const initializers = new Map<string, ModelTensor>();
  const results: string[] = [];
  for (const { field, bytes } of fields(graph)) {
    if (field === GRAPH.node) nodes.push(readNodeFields(bytes));
    else if (field === GRAPH.initializer) {
      const tensor = readTensor(bytes);
      initializers.set(tensor.name, tensor);
    } else if (field === GRAPH.output) results.push(nameOfValue(bytes));
  }
  if (!nodes.some(isSubject)) return undefined;
  const source = new Map(
    nodes.flatMap(({ operator, domain, inputs: [input = ""], outputs: [output = ""] }) =>
      operator === "Identity" && domain === "ai.onnx" ? [[output, input] as const] : [],
    ),
  );
  const initializerOf = (name: string): string => {
    let found = name;
    // A cyclic graph is refused later.
    const visited = new Set<string>();
    while (!initializers.has(found) && source.has(found) && !visited.has(found)) {
      visited.add(found);
      found = source.get(found) as string;
    }
    return found;
  };
  const reads = nodes.flatMap((node, position) =>
    readNames(node).map((name, input) => ({
      name,
      initializer: initializerOf(name),
      node,
      position,
      input,
      isIdentity: source.has(node.outputs[0] ?? ""),
    })),
  );
  return { initializers, reads, results, initializerOf };
}

/** Names that a node reads, with those of its nested graphs. */
function readNames({ inputs, attributes }: NodeFields): readonly string[] {
  const nested = attributes.flatMap(({ graphs }) =>
    graphs.flatMap((graph) =>
      [...fields(graph)].flatMap(({ field, bytes }) => {
        if (field === GRAPH.node) return readNames(readNodeFields(bytes));
        return field === GRAPH.output ? [nameOfValue(bytes)] : [];
      }),
    ),
  );
  return [...inputs, ...nested];
}

/** The name of a ValueInfoProto. */
function nameOfValue(bytes: Uint8Array): string {
  const name = [...fields(bytes)].find(({ field }) => field === VALUE_INFO.name);
  return name === undefined ? "" : readText(name.bytes);
}

function separated(graph: Uint8Array, { copies, replaced, inputs }: Separation): Uint8Array {
  const writer = protobuf.Writer.create();
  let position = -1;
  const node = (content: Uint8Array): Uint8Array | null | undefined => {
    position++;
    const { operator, outputs } = readNodeFields(content);
    if (operator === "Identity" && replaced.has(outputs[0] ?? "")) return null;
    const names = inputs.get(position);
    if (names === undefined) return undefined;
    let input = -1;
    return rewritten(content, (field) => {
      if (field !== NODE.input) return undefined;
      input++;
      const name = names.get(input);
      return name === undefined ? undefined : Buffer.from(name);
    });
  };
  const rest = rewritten(graph, (field, content) => {
    if (field === GRAPH.node) return node(content);
    if (field !== GRAPH.initializer) return undefined;
    const { name } = readTensor(content);
    for (const [copy, source] of copies)
      if (source === name) {
        const tensor = rewritten(content, (inner) => (inner === TENSOR.name ? Buffer.from(copy) : undefined));
        writer.uint32(bytesTag(GRAPH.initializer)).bytes(tensor);
      }
    return undefined;
  });
  return Buffer.concat([rest, writer.finish()]);
}
