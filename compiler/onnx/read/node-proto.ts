/** One NodeProto field by field, shared by the readers of models, graphs and nodes. */
import { ATTRIBUTE, fields, NODE } from "../protobuf.js";
import { type ModelTensor, readTensor, readText } from "./tensors.js";

export interface NodeFields {
  /** "ai.onnx" for the standard domain. */
  readonly domain: string;
  readonly operator: string;
  /** "" for an omitted input or output. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly AttributeFields[];
}

export interface AttributeFields {
  readonly name: string;
  /** An integer, a string or strings; null for an attribute of another type. */
  readonly value: number | string | readonly string[] | null;
  readonly tensor: ModelTensor | undefined;
  /** Bytes of GraphProtos. */
  readonly graphs: readonly Uint8Array[];
}

/** Nesting limit of graphs within graphs. Deeper models exhaust the stack of runtimes that load them. */
export const MAX_GRAPH_DEPTH = 100;

/** The standard domain by its full name. */
export function domainName(domain: string): string {
  return domain === "" ? "ai.onnx" : domain;
}

export function readNodeFields(bytes: Uint8Array): NodeFields {
  let [operator, domain] = ["", ""];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes: AttributeFields[] = [];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === NODE.operator) operator = readText(content);
    else if (field === NODE.domain) domain = readText(content);
    else if (field === NODE.input) inputs.push(readText(content));
    else if (field === NODE.output) outputs.push(readText(content));
    else if (field === NODE.attribute) attributes.push(readAttributeFields(content));
  }
  return { domain: domainName(domain), operator, inputs, outputs, attributes };
}

function readAttributeFields(bytes: Uint8Array): AttributeFields {
  let name = "";
  let value: number | string | null = null;
  let tensor: ModelTensor | undefined;
  const texts: string[] = [];
  const graphs: Uint8Array[] = [];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === ATTRIBUTE.name) name = readText(content);
    else if (field === ATTRIBUTE.integer) value = number;
    else if (field === ATTRIBUTE.text) value = readText(content);
    else if (field === ATTRIBUTE.texts) texts.push(readText(content));
    else if (field === ATTRIBUTE.tensor) tensor = readTensor(content);
    else if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) graphs.push(content);
  }
  return { name, value: texts.length > 0 ? texts : value, tensor, graphs };
}
