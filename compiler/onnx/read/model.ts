/** The face of any ONNX model, read past its weights: versions, inputs, outputs, operators, initializers, metadata. */

import { ATTRIBUTE, FUNCTION, fields, GRAPH, MODEL, NODE, OPSET } from "../protobuf.js";
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
  /** Version by domain; the standard domain is called `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Those that a caller must feed: initializers that are listed as inputs too are left out. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly initializers: readonly ModelTensor[];
  /** Operators of the graph, of the graphs nested in it and of the model's functions, by domain and name. */
  readonly operators: readonly OperatorCount[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Why a file cannot be read. It has no place in a spec: whoever named the file adds that. */
export interface ModelReadProblem {
  readonly code: "model-too-large" | "model-too-deep" | "not-a-model";
  readonly message: string;
  readonly hint: string;
}

export type ModelReadResult =
  | { readonly ok: true; readonly model: ModelInfo }
  | { readonly ok: false; readonly problem: ModelReadProblem };

/** Protobuf's own limit on a message. */
const MAX_BYTES = 2 ** 31 - 1;
/** Graphs within graphs. Deeper ones exhaust the stack of those who load them. */
const MAX_GRAPH_DEPTH = 100;

/** A graph or a function that is still to be read. */
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

export function readModel(bytes: Uint8Array): ModelReadResult {
  if (bytes.length > MAX_BYTES)
    return problem("model-too-large", `An ONNX file has at most ${MAX_BYTES} bytes; this one has ${bytes.length}.`);
  try {
    return readGraphs(bytes);
  } catch {
    // The wire format has no marks: all that can be known is that a field runs past an end or has no legal form.
    return problem(
      "not-a-model",
      "This is not an ONNX model, or it is cut short.",
      "Check that the file was copied in full.",
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
  // A list of what is left to read, and no recursion: nesting in a file must not become nesting on the stack.
  const pending = readModelFields(bytes, draft);
  if (!pending.some(({ kind }) => kind === "main"))
    return problem("not-a-model", "This is not an ONNX model: it has no graph.");
  for (let graph = pending.pop(); graph !== undefined; graph = pending.pop()) {
    if (graph.depth > MAX_GRAPH_DEPTH)
      return problem("model-too-deep", `This model nests graphs more than ${MAX_GRAPH_DEPTH} deep.`);
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
    if (field === nodeField) readNode(bytes, graph.depth, draft, pending);
    else if (graph.kind !== "main") continue;
    else if (field === GRAPH.name) draft.name = readText(bytes);
    else if (field === GRAPH.input) draft.inputs.push(readValueInfo(bytes));
    else if (field === GRAPH.output) draft.outputs.push(readValueInfo(bytes));
    else if (field === GRAPH.initializer) draft.initializers.push(readTensor(bytes));
    else if (field === GRAPH.sparseInitializer) draft.initializers.push(readSparseTensor(bytes));
  }
}

function readNode(bytes: Uint8Array, depth: number, draft: ModelInfoDraft, pending: PendingGraph[]): void {
  let operator = "";
  let domain = "";
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === NODE.operator) operator = readText(content);
    else if (field === NODE.domain) domain = readText(content);
    else if (field === NODE.attribute) {
      for (const attribute of fields(content)) {
        if (attribute.field === ATTRIBUTE.graph || attribute.field === ATTRIBUTE.graphs)
          pending.push({ kind: "nested", bytes: attribute.bytes, depth: depth + 1 });
      }
    }
  }
  const key = `${domainName(domain)} ${operator}`;
  const count = (draft.operators.get(key)?.count ?? 0) + 1;
  draft.operators.set(key, { domain: domainName(domain), operator, count });
}

function domainName(domain: string): string {
  return domain === "" ? "ai.onnx" : domain;
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
