/** What a graph is: values with a dtype and a symbolic shape, nodes that make values, and graphs of nodes in order. */
import type { OpAttributes, OpName } from "./operators.js";

/** Element types of the IR. All floating point is float32 in artifacts; the reference evaluator computes it in float64. */
export type DType = "float32" | "int64" | "int32" | "bool";

/** A dimension: a number, or a polynomial over symbols in canonical form (see dims.ts), such as `batch` or `batch*time`. */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One tensor of a graph. Identity is the object itself; `name` is a hint from the spec (`rnn/0/W`) for print and emission. */
export interface Value {
  readonly name: string | undefined;
  readonly type: Type;
}

/** A constant tensor. Numbers of every dtype are held as doubles (booleans as 0 and 1), row-major. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface NodeOf<K extends OpName> {
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: OpAttributes[K];
}

/** A node is the union over all primitives, so that narrowing on `op` types its attributes. */
export type Node = { [K in OpName]: NodeOf<K> }[OpName];

/**
 * Static single assignment, in topological order. A graph is closed: every value that a node reads is one of the graph's
 * inputs or an earlier node's output. Loop bodies receive what they capture as trailing inputs.
 */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}
