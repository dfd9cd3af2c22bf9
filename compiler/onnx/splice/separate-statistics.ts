/**
 * Running statistics as tensors of their own: exporters store equal tensors once, so a fresh batch normalization may
 * share one initializer between its gain and its variance. Training changes them in different ways.
 */
import protobuf from "protobufjs/minimal.js";
import { bytesTag, fields, GRAPH, MODEL, NODE, TENSOR, VALUE_INFO } from "../protobuf.js";
import { type NodeFields, readNodeFields } from "../read/node-proto.js";
import { readTensor, readText } from "../read/tensors.js";
import { rewritten } from "./rewrite.js";

/** Inputs of BatchNormalization that are statistics. */
const statistics = [
  { input: 3, name: "mean" },
  { input: 4, name: "variance" },
] as const;

interface Separation {
  /** Initializers to copy: the name of each copy, and its source. */
  readonly copies: ReadonlyMap<string, string>;
  /** Names of Identity outputs that a copy replaces. */
  readonly replaced: ReadonlySet<string>;
  /** Other names of inputs, by the position of the node and of the input. */
  readonly inputs: ReadonlyMap<number, ReadonlyMap<number, string>>;
}

/**
 * The model with a copy of each initializer that a running mean or variance shares with another input. The copy has the
 * name of the Identity output that the node reads, or `<initializer>/<first output>/<mean|variance>`. A model without such
 * initializers is returned as it is.
 *
 * @param model the bytes of an .onnx file.
 */
export function separateStatistics(model: Uint8Array): Uint8Array {
  const graph = [...fields(model)].find(({ field }) => field === MODEL.graph)?.bytes;
  const separation = graph && separationOf(graph);
  if (separation === undefined || separation.copies.size === 0) return model;
  return rewritten(model, (field, content) => (field === MODEL.graph ? separated(content, separation) : undefined));
}

function separationOf(graph: Uint8Array): Separation | undefined {
  const nodes: NodeFields[] = [];
  const initializers = new Set<string>();
  const results: string[] = [];
  for (const { field, bytes } of fields(graph)) {
    if (field === GRAPH.node) nodes.push(readNodeFields(bytes));
    else if (field === GRAPH.initializer) initializers.add(readTensor(bytes).name);
    else if (field === GRAPH.output) results.push(nameOfValue(bytes));
  }
  if (!nodes.some(isBatchNormalization)) return undefined;
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
      isIdentity: source.has(node.outputs[0] ?? ""),
      statistic: isBatchNormalization(node) ? statistics.find((each) => each.input === input) : undefined,
      position,
      output: node.outputs[0] ?? "",
    })),
  );
  const isRead = (name: string) => results.some((result) => initializerOf(result) === name);
  const copies = new Map<string, string>();
  const replaced = new Set<string>();
  const inputs = new Map<number, Map<number, string>>();
  // A module that is applied twice has one mean and one variance.
  const kept = new Map<string, string>();
  for (const { name, initializer, statistic, position, output } of reads) {
    if (statistic === undefined || !initializers.has(initializer)) continue;
    const others = reads.filter((other) => other.initializer === initializer && !other.isIdentity);
    if (others.length === 1 && !isRead(initializer)) continue;
    const isOfStatistics = others.every((other) => other.statistic !== undefined) && !isRead(initializer);
    if (isOfStatistics && name === initializer && (kept.get(name) ?? statistic.name) === statistic.name) {
      kept.set(name, statistic.name);
      continue;
    }
    if (name !== initializer && reads.filter((other) => other.name === name).length === 1 && !results.includes(name)) {
      copies.set(name, initializer);
      replaced.add(name);
      continue;
    }
    const copy = `${initializer}/${output}/${statistic.name}`;
    copies.set(copy, initializer);
    inputs.set(position, (inputs.get(position) ?? new Map<number, string>()).set(statistic.input, copy));
  }
  return { copies, replaced, inputs };
}

const isBatchNormalization = ({ operator, domain }: NodeFields): boolean =>
  operator === "BatchNormalization" && domain === "ai.onnx";

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
