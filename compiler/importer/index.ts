/** The importer: a model that anyone made, as a graph of primitives that the compiler differentiates. */
import { graphBuilder } from "../graph/builder.js";
import { printShape } from "../ir/dims.js";
import type { Dim, DType, Graph, Shape, Value } from "../ir/types.js";
import { type ModelReadProblem, readModel } from "../onnx/read/model.js";
import { type ModelProgram, readProgram } from "../onnx/read/program.js";
import type { ReadExternal } from "../onnx/read/tensor-values.js";
import type { ModelTensor } from "../onnx/read/tensors.js";
import { separateStatistics } from "../onnx/splice/separate-statistics.js";
import { type TiedWeight, tiedWeights } from "../onnx/splice/separate-weights.js";
import { constantWeights } from "./constant-weights.js";
import { expandedSize } from "./expanded-size.js";
import { exporterConstants } from "./exporter-constants.js";
import type { BatchNormMode } from "./node.js";
import { computed, elementType, missing, type Operand } from "./operand.js";
import { convertedNotice, type NodeSummary, OPSETS, type RefusedNode, startWalk } from "./walk.js";
import { openWeights, type WeightInput } from "./weights.js";

export type { NodeSummary, RefusedNode } from "./walk.js";
export type { WeightInput } from "./weights.js";

export interface ImportOptions {
  /** The numbers that the model stores in other files. By default such a model is refused. */
  readonly external?: ReadExternal;
  /** The statistics of batch normalizations. By default those that each node states. */
  readonly batchNorm?: BatchNormMode;
  /** Makes the leading axis of every input one symbol where its size is fixed. */
  readonly symbolicBatch?: boolean;
  /** The shapes of inputs in place of those that the model declares, by name. */
  readonly shapes?: ReadonlyMap<string, Shape>;
}

export interface ImportedInput {
  readonly name: string;
  readonly value: Value;
}

export interface ImportedOutput {
  readonly name: string;
  /** Undefined where a node before it is refused. */
  readonly value: Value | undefined;
}

export interface ImportedModel {
  readonly name: string;
  /** Of the standard domain. */
  readonly opset: number;
  /** Inputs: those of the model, then the stored tensors. Outputs: those that could be computed, then next statistics. */
  readonly graph: Graph;
  readonly inputs: readonly ImportedInput[];
  readonly outputs: readonly ImportedOutput[];
  readonly weights: readonly WeightInput[];
  readonly nodes: readonly NodeSummary[];
  readonly refused: readonly RefusedNode[];
  readonly notices: readonly string[];
  /** Names of weights in Constant nodes, which are no stored tensors. */
  readonly constantWeights: readonly string[];
  /** Names of stored tensors that are constants of the exporter. */
  readonly exporterConstants: readonly string[];
  /** Stored tensors that several nodes read. */
  readonly tied: readonly TiedWeight[];
}

export type ImportResult =
  | { readonly ok: true; readonly model: ImportedModel }
  | { readonly ok: false; readonly problem: ModelReadProblem };

/** The most nodes of a model, with those of functions at each call. */
const MAX_NODES = 200_000;
/** The symbol of a leading axis of fixed size. */
const BATCH = "batch";
/** Symbols of the training step. */
const reservedSymbols = ["steps"];

/**
 * Reads a model. Nodes that the rules refuse are listed, and what depends on them has no value.
 *
 * @param bytes of an .onnx file.
 */
export function importModel(bytes: Uint8Array, options: ImportOptions = {}): ImportResult {
  const read = readModel(bytes);
  if (!read.ok) return read;
  const external: ReadExternal =
    options.external ??
    (({ location }) => {
      throw new RangeError(`its values are in another file (${location})`);
    });
  const separated = separateStatistics(bytes);
  const program = readProgram(separated, external);
  const opset = program.opsets.get("ai.onnx") ?? 0;
  if (opset < OPSETS.first || opset > OPSETS.last)
    return {
      ok: false,
      problem: {
        code: "opset",
        message: `The model has opset ${opset || "no opset"}; those from ${OPSETS.first} to ${OPSETS.last} are read.`,
        hint: "Export it with another opset, or convert it with onnx.version_converter.",
      },
    };
  const size = expandedSize(program);
  if (size > MAX_NODES)
    return {
      ok: false,
      problem: {
        code: "model-too-large",
        message: `The model has ${size} nodes with its functions inlined; the limit is ${MAX_NODES} nodes.`,
        hint: "",
      },
    };
  const imported = importProgram(program, options);
  const constants = exporterConstants(program.graph, read.model);
  return { ok: true, model: { ...imported, tied: tiedWeights(separated), exporterConstants: constants } };
}

function importProgram(
  program: ModelProgram,
  options: ImportOptions,
): Omit<ImportedModel, "tied" | "exporterConstants"> {
  const b = graphBuilder(program.name || "model");
  const weights = openWeights(b);
  const notices = new Set<string>();
  const notice = (text: string) => notices.add(text);
  const walk = startWalk(program, b, weights, { batchNorm: options.batchNorm, notice });
  const symbols = symbolNames();
  const operands = new Map<string, Operand>();
  const refusedInputs: RefusedNode[] = [];
  const inputs = program.graph.inputs.flatMap((input): readonly ImportedInput[] => {
    const type = inputType(input, symbols, options);
    if (typeof type === "string") {
      refusedInputs.push({ node: input.name, operator: "input", reason: type, hint: "" });
      operands.set(input.name, missing);
      return [];
    }
    if (type.isConverted) notice(convertedNotice(input.dtype, type.dtype));
    const value = b.input(input.name, { dtype: type.dtype, shape: type.shape });
    operands.set(input.name, computed(value));
    return [{ name: input.name, value }];
  });
  const results = walk.graph(program.graph, operands);
  const outputs = program.graph.outputs.map(({ name }, index): ImportedOutput => {
    const result = results[index] ?? missing;
    return {
      name,
      value: result.kind === "missing" || result.kind === "list" ? undefined : weights.valueOf(b, result),
    };
  });
  const stored = weights.inputs();
  const graph = b.finish([...outputs.flatMap(({ value }) => value ?? []), ...stored.flatMap(({ next }) => next ?? [])]);
  return {
    name: program.name || "model",
    opset: program.opsets.get("ai.onnx") ?? 0,
    graph,
    inputs,
    outputs,
    weights: stored,
    nodes: walk.nodes,
    refused: [...refusedInputs, ...walk.refused],
    notices: [...notices],
    constantWeights: constantWeights(program.graph),
  };
}

interface InputType {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly isConverted: boolean;
}

/** The type of an input, or the reason why it has none. */
function inputType(
  { name, dtype, shape }: ModelTensor,
  symbolOf: (name: string) => string,
  { symbolicBatch = false, shapes }: ImportOptions,
): InputType | string {
  const type = elementType(dtype);
  const given = shapes?.get(name);
  if (type !== undefined && given !== undefined) return { ...type, shape: given };
  if (type === undefined) return dtype === "unknown" ? "is not a tensor" : `has the element type ${dtype}`;
  if (shape === undefined) return "has no shape in the model, not even its number of axes";
  const dims = shape.map((dim, axis): Dim => {
    if (typeof dim === "number" && dim >= 0) return symbolicBatch && axis === 0 ? BATCH : dim;
    return symbolOf(typeof dim === "number" ? "?" : dim);
  });
  const elements = dims.reduce<number>((product, dim) => (typeof dim === "number" ? product * dim : product), 1);
  if (elements * 4 > 2 ** 31) return `has more than 2 GiB of numbers, ${printShape(dims)}`;
  return { dtype: type.dtype, shape: dims, isConverted: type.isConverted };
}

/** Symbols for the names of axes: identifiers, equal for equal names. An axis without a name has a symbol of its own. */
function symbolNames(): (name: string) => string {
  const symbols = new Map<string, string>();
  const used = new Set<string>(reservedSymbols);
  return (name) => {
    const existing = name === "?" ? undefined : symbols.get(name);
    if (existing !== undefined) return existing;
    const stem = name === "?" ? "axis" : name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?![A-Za-z_])/, "_");
    let symbol = stem;
    for (let number = 1; used.has(symbol); number++) symbol = `${stem}_${number}`;
    used.add(symbol);
    symbols.set(name, symbol);
    return symbol;
  };
}
