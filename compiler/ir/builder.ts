/** The face of the builder: the only way to make nodes. Its implementation, which infers shapes at once, is graph/build.ts. */
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

/** One function per primitive. They hold no `this`: take the ones you need out of the builder and write expressions. */
/** Primitives of one operand without attributes. */
export type PlainUnaryOp = UnaryOp | "Softmax" | "LogSoftmax" | "Size";

type UnaryMethods = { readonly [K in PlainUnaryOp as Uncapitalize<K>]: (x: Value) => Value };
type BinaryMethods = { readonly [K in BinaryOp as Uncapitalize<K>]: (x: Operand, y: Operand) => Value };

/** One function per primitive. They hold no `this`: take the ones you need out of the builder and write expressions. */
export interface OpMethods extends UnaryMethods, BinaryMethods {
  /** x where the condition holds, y elsewhere; all three broadcast. */
  where(condition: Value, x: Operand, y: Operand): Value;
  /** Both operands of rank 2 or more; leading axes broadcast. */
  matmul(x: Value, y: Value): Value;
  /** x @ y + c for matrices, each factor transposed on request. */
  gemm(x: Value, y: Value, c: Value | undefined, transA?: boolean, transB?: boolean): Value;
  /** Axes may be negative here: they are counted from the front in the node. No axes: all of them. */
  sum(x: Value, axes?: readonly number[], keepDims?: boolean): Value;
  mean(x: Value, axes?: readonly number[], keepDims?: boolean): Value;
  reduceMax(x: Value, axes?: readonly number[], keepDims?: boolean): Value;
  /** Index of the largest entry along an axis, which goes away. int64. */
  argmax(x: Value, axis: number): Value;
  reshape(x: Value, shape: Shape): Value;
  expand(x: Operand, shape: Shape): Value;
  transpose(x: Value, perm: readonly number[]): Value;
  unsqueeze(x: Value, axes: readonly number[]): Value;
  squeeze(x: Value, axes: readonly number[]): Value;
  concat(xs: readonly Value[], axis: number): Value;
  split(x: Value, sizes: readonly number[], axis: number): readonly Value[];
  slice(x: Value, axis: number, start: Dim, end: Dim): Value;
  /** Zeros before and after one axis; a negative number takes that many entries away. */
  pad(x: Value, axis: number, before: Dim, after: Dim): Value;
  gather(data: Value, indices: Value, axis: number): Value;
  gatherElements(data: Value, indices: Value, axis: number): Value;
  /** Adds `updates` onto `data` at `indices` along an axis. */
  scatterElements(data: Value, indices: Value, updates: Value, axis: number): Value;
  /** A new last axis of `depth`, 1 at each index and 0 elsewhere. */
  oneHot(indices: Value, depth: Dim, dtype?: DType): Value;
  /** 0, 1, … limit - 1, int64. */
  range(limit: Dim): Value;
  /** The same up to a number that is known when the graph runs, and is called `symbol` in the shapes that depend on it. */
  rangeOf(count: Value, symbol: string): Value;
  cast(x: Value, to: DType): Value;
  constant(value: Tensor): Value;
  /** A constant of rank 0. */
  scalar(value: number, dtype?: DType): Value;
}

export interface Builder extends OpMethods {
  input(name: string | undefined, type: Type): Value;
  /** Makes a node. Throws a GraphError when the operands break the primitive's rules. */
  apply<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[];
  /** Makes a node of another graph again, on other inputs. */
  copy(node: Node, inputs: readonly Value[]): readonly Value[];
  /** The same value under a name for print and emission (the first name given stays). */
  withName(value: Value, name: string): Value;
  /** The nodes made so far. */
  readonly nodes: readonly Node[];
  finish(outputs: readonly Value[]): Graph;
}
