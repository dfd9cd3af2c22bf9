/** A graph as the bytes of an ONNX model with operators of `ai.onnx` only. */

import { at } from "../../ir/expect.js";
import { uniqueNames } from "../../ir/names.js";
import type { Graph } from "../../ir/types.js";
import { castBeforeTranspose } from "./cast-before-transpose.js";
import { writeGraph } from "./graph.js";
import { lowerOperators } from "./lower-operators.js";
import { encodeModel, type ModelProto, type ValueInfoProto } from "./messages.js";
import { emitNode } from "./nodes.js";
import { valueInfo } from "./proto.js";
import { declareInput, type ModelContext, openScope } from "./scope.js";

export interface ModelOptions {
  readonly name: string;
  /** 13 to 25. */
  readonly opset: number;
  /** Version of the file format, at most 8. */
  readonly irVersion: number;
  /** Public names by position. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of inputs that `withWeights` appends as initializers later. They are not inputs of the model. */
  readonly initializers?: readonly string[];
  /** Prefix of all inner names, for a graph that shares a namespace with another. */
  readonly prefix?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly doc?: string;
  /** Doc strings of inputs and outputs by name. */
  readonly docs?: Readonly<Record<string, string>>;
}

const OPSETS = { first: 13, last: 25 };
const MAX_IR_VERSION = 8;

/**
 * The model's bytes, without the initializers that `options.initializers` names.
 *
 * @throws if the options do not fit the graph, or the opset or IR version is unsupported.
 */
export function emitModel(graph: Graph, options: ModelOptions): Uint8Array {
  return encodeModel(modelProto(castBeforeTranspose(lowerOperators(graph, options.opset)), options));
}

function modelProto(graph: Graph, options: ModelOptions): ModelProto {
  expectLegal(graph, options);
  const names = uniqueNames();
  const { prefix = "" } = options;
  const model: ModelContext = {
    opset: options.opset,
    freshName: (hint) => names(prefix + hint),
    initializers: [],
    usedNames: new Set(),
    constants: new Map(),
    scalars: new Map(),
    writeNodes: (source, scope) => {
      for (const node of source.nodes) emitNode(node, scope);
    },
  };
  // Public names are reserved first.
  for (const name of [...options.inputs, ...options.outputs]) names(name);
  const scope = openScope(model, undefined);
  graph.inputs.forEach((input, index) => {
    declareInput(scope, input, at(options.inputs, index));
  });
  const inputInfos = graph.inputs.map(({ type }, index) => valueInfo(at(options.inputs, index), type));
  const appendedInitializers = new Set(options.initializers);
  const mainGraph = writeGraph(
    graph,
    scope,
    inputInfos.filter(({ name }) => !appendedInitializers.has(name)),
    options.outputs,
  );
  return {
    irVersion: options.irVersion,
    producerName: "rnnx",
    ...(options.doc === undefined ? {} : { docString: options.doc }),
    opsetImport: [{ domain: "", version: options.opset }],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      ...mainGraph,
      input: withDocs(mainGraph.input, options),
      output: withDocs(mainGraph.output, options),
      name: options.name,
      // Constants that were merged into others are unused.
      initializer: model.initializers.filter(({ name }) => name !== undefined && model.usedNames.has(name)),
      // Types of the initializers to be appended.
      valueInfo: inputInfos.filter(({ name }) => appendedInitializers.has(name)),
    },
  };
}

function withDocs(infos: readonly ValueInfoProto[], { docs = {} }: ModelOptions): ValueInfoProto[] {
  return infos.map((info) => {
    const { name } = info;
    const doc = Object.hasOwn(docs, name) ? docs[name] : undefined;
    return doc === undefined || doc === "" ? info : { ...info, docString: doc };
  });
}

/** Checks of the options. A violation is a bug of the caller. */
function expectLegal(graph: Graph, { opset, irVersion, inputs, outputs, initializers = [] }: ModelOptions): void {
  const expect = (condition: boolean, message: string) => {
    if (!condition) throw new Error(message);
  };
  expect(opset >= OPSETS.first && opset <= OPSETS.last, `opset ${opset} is not in ${OPSETS.first} to ${OPSETS.last}`);
  expect(irVersion <= MAX_IR_VERSION, `IR version ${irVersion} is beyond ${MAX_IR_VERSION}`);
  expect(inputs.length === graph.inputs.length, `${inputs.length} names for ${graph.inputs.length} inputs`);
  expect(outputs.length === graph.outputs.length, `${outputs.length} names for ${graph.outputs.length} outputs`);
  const names = [...inputs, ...outputs];
  const duplicates = names.filter((name, index) => names.indexOf(name) !== index);
  expect(duplicates.length === 0, `duplicate public names: ${duplicates.join(", ")}`);
  const unknown = initializers.filter((name) => !inputs.includes(name));
  expect(unknown.length === 0, `initializers that are not inputs: ${unknown.join(", ")}`);
}
