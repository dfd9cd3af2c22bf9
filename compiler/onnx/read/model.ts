/** A summary of any ONNX model without its weights: versions, inputs, outputs, operators, initializers, metadata. */

import { FUNCTION, fields, GRAPH, MODEL, OPSET } from "../protobuf.js";
import { domainName, MAX_GRAPH_DEPTH, readNodeFields } from "./node-proto.js";
import { type ModelTensor, readEntry, readSparseTensor, readTensor, readText, readValueInfo } from "./tensors.js";

export interface OperatorCount {
  readonly domain: string;
  readonly operator: string;
  readonly count: number;
}

export interface ModelInfo {
  readonly name: string;
  readonly producer: string;
  readonly doc: string;
  readonly irVersion: number;
  /** Version by domain. The standard domain is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Inputs that a caller must feed, without initializers that are listed as inputs too. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly initializers: readonly ModelTensor[];
  /** Operators of the graph, of nested graphs and of the model's functions, sorted by domain and name. */
  readonly operators: readonly OperatorCount[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reason why a file cannot be read. The caller adds the file's name. */
export interface ModelReadProblem {
  readonly code: "model-too-large" | "model-too-deep" | "not-a-model" | "opset";
  readonly message: string;
  readonly hint: string;
}

export type ModelReadResult =
  | { readonly ok: true; readonly model: ModelInfo }
  | { readonly ok: false; readonly problem: ModelReadProblem };

/** Protobuf's own limit on a message. */
const MAX_BYTES = 2 ** 31 - 1;

/** A graph or a function yet to be read. */
interface PendingGraph {
  readonly kind: "main" | "nested" | "function";
  readonly bytes: Uint8Array;
  readonly depth: number;
}

interface ModelInfoDraft {
  name: string;
  producer: string;
  doc: string;
  irVersion: number;
  readonly opsets: Map<string, number>;
  readonly inputs: ModelTensor[];
  readonly outputs: ModelTensor[];
  readonly initializers: ModelTensor[];
  readonly operators: Map<string, OperatorCount>;
  readonly metadata: Map<string, string>;
}

/** The summary of a model. Never throws: invalid bytes give a problem. */
export function readModel(bytes: Uint8Array): ModelReadResult {
  if (bytes.length > MAX_BYTES)
    return problem("model-too-large", `The file has ${bytes.length} bytes; the limit of an ONNX file is ${MAX_BYTES}.`);
  try {
    return readGraphs(bytes);
  } catch {
    // The wire format has no signature: an error means that a field exceeds its message or has an illegal form.
    return problem(
      "not-a-model",
      "The file is not an ONNX model, or it is truncated.",
      "Check that the file is complete.",
    );
  }
}

function problem(code: ModelReadProblem["code"], message: string, hint = ""): ModelReadResult {
  return { ok: false, problem: { code, message, hint } };
}

function readGraphs(bytes: Uint8Array): ModelReadResult {
  const draft: ModelInfoDraft = {
    name: "",
    producer: "",
    doc: "",
    irVersion: 0,
    opsets: new Map(),
    inputs: [],
    outputs: [],
    initializers: [],
    operators: new Map(),
    metadata: new Map(),
  };
  // A list of pending graphs in place of recursion, so that nesting in a file cannot exhaust the stack.
  const pending = readModelFields(bytes, draft);
  if (!pending.some(({ kind }) => kind === "main"))
    return problem("not-a-model", "The file is not an ONNX model: it has no graph.");
  for (let graph = pending.pop(); graph !== undefined; graph = pending.pop()) {
    if (graph.depth > MAX_GRAPH_DEPTH)
      return problem("model-too-deep", `The model nests graphs more than ${MAX_GRAPH_DEPTH} levels deep.`);
    readGraphFields(graph, draft, pending);
  }
  return { ok: true, model: toModelInfo(draft) };
}

function readModelFields(bytes: Uint8Array, draft: ModelInfoDraft): PendingGraph[] {
  const pending: PendingGraph[] = [];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === MODEL.irVersion) draft.irVersion = number;
    else if (field === MODEL.producerName) draft.producer = readText(content);
    else if (field === MODEL.docString) draft.doc = readText(content);
    else if (field === MODEL.graph) pending.push({ kind: "main", bytes: content, depth: 0 });
    else if (field === MODEL.functions) pending.push({ kind: "function", bytes: content, depth: 0 });
    else if (field === MODEL.metadataProps) {
      const { key, value } = readEntry(content);
      draft.metadata.set(key, value);
    } else if (field === MODEL.opsetImport) {
      let domain = "";
      let version = 0;
      for (const entry of fields(content)) {
        if (entry.field === OPSET.domain) domain = readText(entry.bytes);
        if (entry.field === OPSET.version) version = entry.number;
      }
      draft.opsets.set(domainName(domain), version);
    }
  }
  return pending;
}

function readGraphFields(graph: PendingGraph, draft: ModelInfoDraft, pending: PendingGraph[]): void {
  const nodeField = graph.kind === "function" ? FUNCTION.node : GRAPH.node;
  for (const { field, bytes } of fields(graph.bytes)) {
    if (field === nodeField) countNode(bytes, graph.depth, draft, pending);
    else if (graph.kind !== "main") continue;
    else if (field === GRAPH.name) draft.name = readText(bytes);
    else if (field === GRAPH.input) draft.inputs.push(readValueInfo(bytes));
    else if (field === GRAPH.output) draft.outputs.push(readValueInfo(bytes));
    else if (field === GRAPH.initializer) draft.initializers.push(readTensor(bytes));
    else if (field === GRAPH.sparseInitializer) draft.initializers.push(readSparseTensor(bytes));
  }
}

function countNode(bytes: Uint8Array, depth: number, draft: ModelInfoDraft, pending: PendingGraph[]): void {
  const { domain, operator, attributes } = readNodeFields(bytes);
  for (const graph of attributes.flatMap(({ graphs }) => graphs))
    pending.push({ kind: "nested", bytes: graph, depth: depth + 1 });
  const key = `${domain} ${operator}`;
  const count = (draft.operators.get(key)?.count ?? 0) + 1;
  draft.operators.set(key, { domain, operator, count });
}

function toModelInfo({ opsets, operators, metadata, inputs, initializers, ...rest }: ModelInfoDraft): ModelInfo {
  const initializerNames = new Set(initializers.map(({ name }) => name));
  const key = ({ domain, operator }: OperatorCount) => `${domain} ${operator}`;
  return {
    ...rest,
    inputs: inputs.filter(({ name }) => !initializerNames.has(name)),
    initializers,
    opsets: Object.fromEntries(opsets),
    metadata: Object.fromEntries(metadata),
    operators: [...operators.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  };
}
