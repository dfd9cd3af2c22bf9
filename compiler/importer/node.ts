/** A node of a model as its lowering reads it: operands, attributes, and the services of the walk over the graph. */
import type { Builder } from "../ir/builder.js";
import type { Dim, DType, Shape, Tensor, Value } from "../ir/types.js";
import type { AttributeProto, GraphProto } from "../onnx/read/program.js";
import { dtypeOf, type Known, numbersOf, type Operand, type Present, shapeOf } from "./operand.js";
import { refuse } from "./refusal.js";

/** "inference": stored statistics. "training": those of the batch, and the stored ones follow. */
export type BatchNormMode = "inference" | "training";

/** The services of the walk over a graph for the lowering of a node. */
export interface Services {
  readonly opset: number;
  /** The statistics of batch normalizations; undefined for those that each node states. */
  readonly batchNorm: BatchNormMode | undefined;
  /** True where a later node replaces entries of the results. */
  readonly isReplaced: boolean;
  /** The operand in the graph of the node. */
  value(operand: Present): Value;
  valueIn(b: Builder, operand: Present): Value;
  /** The numbers of an operand that the file holds. Such a weight is not trained. */
  numbers(operand: Present): Tensor | undefined;
  /** Marks a weight whose values no gradient changes. */
  freeze(operand: Present): void;
  /** Sets the value of a stored tensor after a training step. */
  update(operand: Present, next: Value): void;
  /** Lowers a nested graph in the scope of the node. */
  body(graph: GraphProto, b: Builder, inputs: readonly Operand[]): readonly Operand[];
  /** A message about the whole model, once. */
  notice(text: string): void;
}

export interface ModelNode {
  readonly opset: number;
  readonly batchNorm: BatchNormMode | undefined;
  readonly isReplaced: boolean;
  readonly inputCount: number;
  readonly outputCount: number;
  /** True where the node declares an output. */
  wants(index: number): boolean;
  has(index: number): boolean;
  operand(index: number): Present;
  /** The tensors of an operand that is a sequence. */
  list(index: number): readonly Present[];
  /** An operand as a value of the graph. */
  x(index: number): Value;
  /** An operand that a nested graph returned, as a value of the graph. */
  valueOf(operand: Present): Value;
  /** The same, as a value of the nested graph. */
  valueIn: Services["valueIn"];
  /** All operands as values of the graph. */
  xs(): readonly Value[];
  optional(index: number): Value | undefined;
  shape(index: number): Shape;
  dtype(index: number): DType;
  /** Known entries of an operand, sizes of the data as symbolic dims; undefined where they depend on the data. */
  dims(index: number): Known | undefined;
  /** The same as a vector. Refused where they are not known. */
  knownDims(index: number, name: string): readonly Dim[];
  /** The numbers of an operand. Refused where they are not known. */
  numbers(index: number, name: string): Tensor;
  integers(index: number, name: string): readonly number[];
  freeze(index: number): void;
  update(index: number, next: Value): void;
  body: Services["body"];
  notice: Services["notice"];
  attribute(name: string): AttributeProto | undefined;
  int(name: string): number | undefined;
  float(name: string): number | undefined;
  text(name: string): string | undefined;
  ints(name: string): readonly number[] | undefined;
  /** An axis from 0, of a rank. */
  axis(axis: number, rank: number): number;
  /** Attributes that nothing has read. */
  unread(): readonly string[];
}

export function modelNode(
  operands: readonly (Operand | undefined)[],
  outputs: readonly string[],
  given: ReadonlyMap<string, AttributeProto>,
  services: Services,
): ModelNode {
  const read = new Set<string>();
  const attributes = {
    get(name: string): AttributeProto | undefined {
      read.add(name);
      return given.get(name);
    },
  };
  const operand = (index: number): Present => {
    const found = operands[index];
    if (found === undefined || found.kind === "missing") return refuse(`lacks its input ${index}`);
    if (found.kind === "list") return refuse("reads a sequence of tensors as a tensor");
    return found;
  };
  const list = (index: number): readonly Present[] => {
    const found = operands[index];
    return found?.kind === "list" ? found.elements : refuse(`lacks a sequence as input ${index}`);
  };
  const has = (index: number) => operands[index] !== undefined;
  const dims = (index: number): Known | undefined => {
    const found = operand(index);
    if (found.kind === "known") return found;
    const numbers = found.kind === "weight" ? services.numbers(found) : undefined;
    return numbers && { kind: "known", dtype: "float32", shape: numbers.shape, entries: numbers.data };
  };
  const numbers = (index: number, name: string): Tensor => {
    const found = dims(index);
    const tensor = found && numbersOf(found);
    return tensor ?? refuse(`computes ${name} from the data`, `Make ${name} a constant of the model.`);
  };
  return {
    opset: services.opset,
    batchNorm: services.batchNorm,
    isReplaced: services.isReplaced,
    inputCount: operands.length,
    outputCount: outputs.length,
    wants: (index) => (outputs[index] ?? "") !== "",
    has,
    operand,
    list,
    x: (index) => services.value(operand(index)),
    valueOf: services.value,
    valueIn: services.valueIn,
    xs: () => operands.map((_, index) => services.value(operand(index))),
    optional: (index) => (has(index) ? services.value(operand(index)) : undefined),
    shape: (index) => shapeOf(operand(index)),
    dtype: (index) => dtypeOf(operand(index)),
    dims,
    knownDims(index, name) {
      const found = dims(index);
      if (found === undefined) return refuse(`computes ${name} from the data`, `Make ${name} a constant of the model.`);
      return Array.from(found.entries);
    },
    numbers,
    integers: (index, name) => [...numbers(index, name).data],
    freeze: (index) => services.freeze(operand(index)),
    update: (index, next) => services.update(operand(index), next),
    body: services.body,
    notice: services.notice,
    attribute: (name) => attributes.get(name),
    int: (name) => attributes.get(name)?.integer,
    float: (name) => attributes.get(name)?.float,
    text: (name) => attributes.get(name)?.text,
    ints: (name) => {
      const found = attributes.get(name);
      return found && (found.integers.length > 0 || found.integer === undefined ? found.integers : [found.integer]);
    },
    axis(axis, rank) {
      const front = axis < 0 ? axis + rank : axis;
      if (!Number.isInteger(front) || front < 0 || front >= rank) return refuse(`has axis ${axis} of ${rank} axes`);
      return front;
    },
    unread: () => [...given.keys()].filter((name) => !read.has(name)),
  };
}

/** The size of an axis as a number. Refused where the data defines it. */
export function staticDim(dim: Dim | undefined, name: string): number {
  if (typeof dim !== "number") return refuse(`has ${name} that the data defines (${dim})`);
  return dim;
}
