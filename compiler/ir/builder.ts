/**
 * The builder's interface: the only constructor of nodes. Its implementation, graph/builder.ts, infers types at once.
 */
import type {
  BinaryOp,
  Dim,
  DType,
  Graph,
  Node,
  OpAttributes,
  OpName,
  Shape,
  Tensor,
  Type,
  UnaryOp,
  Value,
} from "./types.js";

/** A value, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Value | number;

/** Primitives of one operand without attributes. */
export type PlainUnaryOp = UnaryOp | "Softmax" | "LogSoftmax" | "Size";

type UnaryMethods = { readonly [K in PlainUnaryOp as Uncapitalize<K>]: (x: Value) => Value };
type BinaryMethods = { readonly [K in BinaryOp as Uncapitalize<K>]: (x: Operand, y: Operand) => Value };

/**
 * One function per primitive: `const { add, mul } = b` gives functions to write expressions with. Every function throws
 * where its operands break the primitive's rules. An `axis` may be negative, counted from the end, unless noted.
 */
export interface OpMethods extends UnaryMethods, BinaryMethods {
  /** x where the bool condition is true, y elsewhere; all three broadcast. */
  where(condition: Value, x: Operand, y: Operand): Value;
  /** [..., m, k] @ [..., k, n] → [..., m, n]. Both operands have rank 2 or more; leading axes broadcast. */
  matmul(x: Value, y: Value): Value;
  /** x @ y + c → [m, n] for matrices x and y, each transposed on request. c broadcasts to [m, n]. */
  gemm(x: Value, y: Value, c: Value | undefined, transA?: boolean, transB?: boolean): Value;
  /** Over `axes`, by default all. Reduced axes are removed, or stay with size 1 (`keepDims`). */
  sum(x: Value, axes?: readonly number[], keepDims?: boolean): Value;
  mean(x: Value, axes?: readonly number[], keepDims?: boolean): Value;
  reduceMax(x: Value, axes?: readonly number[], keepDims?: boolean): Value;
  /** Along the last axis. `scale` and `shift` are vectors, one number for each feature; 1 is a scale of ones. */
  layerNormalization(x: Value, scale: Value | 1, shift: Value | undefined, epsilon: number): Value;
  /** Index of the first largest entry along an axis, which is removed. int64. */
  argmax(x: Value, axis: number): Value;
  /** `shape` has as many elements as x. */
  reshape(x: Value, shape: Shape): Value;
  /** Broadcasts x to `shape`. A number becomes a float32. */
  expand(x: Operand, shape: Shape): Value;
  /** Axis i of the result is axis perm[i] of x. No negative axes. */
  transpose(x: Value, perm: readonly number[]): Value;
  /** Inserts axes of size 1. `axes` are positions in the result, not negative. */
  unsqueeze(x: Value, axes: readonly number[]): Value;
  /** Removes axes of size 1. */
  squeeze(x: Value, axes: readonly number[]): Value;
  /** Shapes are equal but for `axis`. */
  concat(xs: readonly Value[], axis: number): Value;
  /** One value per size; the sizes add up to the axis. */
  split(x: Value, sizes: readonly Dim[], axis: number): readonly Value[];
  /** Entries from `start` (inclusive) to `end` (exclusive) along an axis, 0 <= start <= end <= size. */
  slice(x: Value, axis: number, start: Dim, end: Dim): Value;
  /** Adds `before` and `after` zeros along an axis. A negative number removes entries; a symbolic dim is never negative. */
  pad(x: Value, axis: number, before: Dim, after: Dim): Value;
  /** Shape: the axes of data before `axis`, the axes of the integer indices, the axes of data after `axis`. */
  gather(data: Value, indices: Value, axis: number): Value;
  /** result[…, i, …] = data[…, indices[…, i, …], …] along `axis`. The other axes of data and indices are equal. */
  gatherElements(data: Value, indices: Value, axis: number): Value;
  /** `data` plus `updates[…, i, …]` at `[…, indices[…, i, …], …]` along `axis`; equal indices add up. float32. */
  scatterElements(data: Value, indices: Value, updates: Value, axis: number): Value;
  /** [...indices, depth]: 1 at each index, 0 elsewhere. `dtype` is float32 by default. */
  oneHot(indices: Value, depth: Dim, dtype?: DType): Value;
  /** 0, 1, … limit - 1: int64 [limit]. */
  range(limit: Dim): Value;
  /** 0, 1, … count - 1: int64 [symbol]. `count` is an int64 scalar that defines `symbol` for the shapes of the graph. */
  rangeOf(count: Value, symbol: string): Value;
  /** Returns x where it has the dtype already. */
  cast(x: Value, to: DType): Value;
  constant(value: Tensor): Value;
  /** A constant of rank 0, float32 by default. Equal scalars of a graph are one value. */
  scalar(value: number, dtype?: DType): Value;
}

export interface Builder extends OpMethods {
  /** Appends an input to the graph. */
  input(name: string | undefined, type: Type): Value;
  /** Appends a node and returns its outputs. Throws an Error where the operands break the primitive's rules. */
  apply<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[];
  /** Appends a node with the operator and attributes of `node`, on other inputs. */
  copy(node: Node, inputs: readonly Value[]): readonly Value[];
  /** Names a value for printing and emission, unless it has a name already. Returns the value. */
  withName(value: Value, name: string): Value;
  /** The nodes so far. */
  readonly nodes: readonly Node[];
  finish(outputs: readonly Value[]): Graph;
}
