/** The training that a model of another program allows: gradients of its nodes, parameters, operations, memory. */
import { differentiate } from "../autodiff/reverse.js";
import { graphBuilder } from "../graph/builder.js";
import { flops, peakBytes } from "../graph/cost.js";
import { inline } from "../graph/rewrite.js";
import { importForBatches } from "../importer/batch-axis.js";
import type { ImportedModel, ImportOptions, RefusedNode } from "../importer/index.js";
import { elementCount, symbolsOf } from "../ir/dims.js";
import { isFloat } from "../ir/float16.js";
import type { Dim, Graph } from "../ir/types.js";
import { tiedNotice } from "../onnx/splice/separate-weights.js";
import { canonicalize, runPasses } from "../optimize/pipeline.js";

export interface TrainingReport {
  /** Nodes by the derivative of their results: see NodeSummary. */
  readonly nodes: Readonly<Record<ImportedModel["nodes"][number]["gradient"], number>>;
  readonly refused: readonly RefusedNode[];
  /** Stored tensors that a training can change, and their numbers. */
  readonly parameters: { readonly tensors: number; readonly count: number };
  /** Null where an output depends on a refused node. */
  readonly cost: TrainingCost | null;
  readonly notices: readonly string[];
}

/** Of one batch, without the update. */
export interface TrainingCost {
  /** Rows of the batch: 1, the size that all inputs have in the model, or null where their leading axes differ. */
  readonly rows: number | null;
  /** Symbols of the data, each of which counts as 1. */
  readonly symbols: readonly string[];
  readonly forwardFlops: number;
  readonly stepFlops: number;
  /** Bytes of the largest sum of values that are needed at one time, and of parameters and gradients. */
  readonly memory: number;
}

/** The report of a model; undefined where the file has an opset that is not read. @param bytes that `readModel` accepts. */
export function trainingReport(bytes: Uint8Array, options: ImportOptions): TrainingReport | undefined {
  const imported = importForBatches(bytes, options);
  if (!imported.ok) return undefined;
  const { model } = imported;
  const nodes = { exact: 0, zero: 0, shape: 0, constant: 0, refused: 0, unreached: 0 };
  for (const { gradient } of model.nodes) nodes[gradient]++;
  const constants = new Set(model.exporterConstants);
  const trained = model.weights.filter(({ name, isFrozen }) => !isFrozen && !constants.has(name));
  const count = trained.reduce((sum, { shape }) => sum + Number(elementCount(shape)), 0);
  const isWhole = model.outputs.every(({ value }) => value !== undefined);
  return {
    nodes,
    refused: model.refused,
    parameters: { tensors: trained.length, count },
    cost: isWhole && trained.length > 0 ? trainingCost(model, count) : null,
    notices: [...model.notices, ...tiedNotice(model.tied, "rnnx grad --untie PATTERN")],
  };
}

function trainingCost({ graph, inputs, outputs, weights }: ImportedModel, count: number): TrainingCost | null {
  const forward = runPasses(graph, canonicalize, { expected: new Map() });
  const scalar = sumOfSquares(forward, outputs.length);
  if (scalar === undefined) return null;
  const names = new Set(weights.flatMap(({ name, isFrozen }) => (isFrozen ? [] : [name])));
  const trained = scalar.inputs.flatMap(({ name }, index) => (name !== undefined && names.has(name) ? [index] : []));
  const step = runPasses(differentiate(scalar, 0, trained), canonicalize, { expected: new Map() });
  const symbols = [...new Set(graph.inputs.flatMap(({ type }) => type.shape.flatMap(symbolsOf)))];
  const sizes = new Map(symbols.map((symbol) => [symbol, 1]));
  const [rows = 1, ...others] = new Set(inputs.map(({ value }) => sizeOf(value.type.shape[0])));
  return {
    rows: others.length === 0 ? rows : null,
    symbols,
    forwardFlops: flops(forward, sizes),
    stepFlops: flops(step, sizes),
    memory: peakBytes(step, sizes) + 2 * 4 * count,
  };
}

/** The size of a leading axis, where a symbol counts as 1. */
function sizeOf(dim: Dim | undefined): number {
  return typeof dim === "number" ? dim : 1;
}

/** A scalar that depends on every float output; undefined for outputs of integers only. */
function sumOfSquares(graph: Graph, outputCount: number): Graph | undefined {
  const b = graphBuilder(graph.name);
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const squares = inline(b, graph, inputs)
    .slice(0, outputCount)
    .flatMap((value) => (isFloat(value.type.dtype) ? [b.sum(b.mul(value, value))] : []));
  return squares.length === 0 ? undefined : b.finish([squares.reduce((sum, square) => b.add(sum, square))]);
}
