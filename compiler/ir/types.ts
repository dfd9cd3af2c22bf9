/** What a graph is: values with a dtype and a symbolic shape, primitives, nodes that make values, and graphs of nodes in order. */

/**
 * Element types of the IR. What goes in and out of artifacts is float32 where it is a float; within, some may be float16. The reference
 * evaluator computes both in float64, and rounds what is float16.
 */
export type FloatType = "float32" | "float16";
export type DType = FloatType | "int64" | "int32" | "bool";

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

// ── primitives ───────────────────────────────────────────────────────────────────────────────────────────────────────

// The closed set of primitives. Each is the ONNX operator of its name (domain `ai.onnx`), with the attributes below.
// Axes are counted from the front and never negative; shapes are spelled out in symbolic dims where ONNX computes them.

/** Elementwise, of one operand. */
export const unaryOps = [
  ...(["Identity", "Neg", "Exp", "Log", "Sqrt", "Abs", "Sign", "Floor", "Cos"] as const),
  ...(["Tanh", "Sigmoid", "Relu", "Softplus", "Not"] as const),
] as const;
export type UnaryOp = (typeof unaryOps)[number];

/** Elementwise, of two operands that broadcast. Integer Div truncates toward zero; Mod has the sign of the divisor. */
export const binaryOps = [
  ...(["Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max"] as const),
  ...(["Equal", "Less", "Greater", "And", "Or"] as const),
] as const;
export type BinaryOp = (typeof binaryOps)[number];

type None = Readonly<Record<never, never>>;
interface Axis {
  readonly axis: number;
}
interface Axes {
  readonly axes: readonly number[];
}
interface Reduction extends Axes {
  /** Keep reduced axes as 1. */
  readonly keep: boolean;
}
interface Target {
  readonly shape: Shape;
}

export interface ScanAttributes {
  /**
   * One step. Inputs: `states` states, then `scans` slices, then captured values, in the order of the node's inputs.
   * Outputs: the next states, then the stacked outputs.
   */
  readonly body: Graph;
  readonly stateCount: number;
  readonly scanCount: number;
  /** Walk the leading axis from its end; stacked outputs keep the position of the slice that they belong to. */
  readonly reverse: boolean;
  /** The size of the leading axis of every scanned input and stacked output. */
  readonly length: Dim;
  /**
   * In the gradient its steps are run again from the states before them, and of what they make nothing else is kept; so nothing
   * leaves them either. Left out: everything that the gradient reads is kept.
   */
  readonly rematerialize?: boolean;
}

export type RecurrentActivation = "Sigmoid" | "Tanh" | "Relu";

/**
 * A recurrent operator, one direction. Operands: X [time, batch, input], W [1, gates*hidden, input], R [1, gates*hidden, hidden],
 * B [1, 2*gates*hidden]; then, where they are there, live steps int32 [batch], first states [1, batch, hidden] (h, for LSTM then c)
 * and, for LSTM, peepholes [1, 3*hidden]. Results: every h [time, 1, batch, hidden], the last h (and c) [1, batch, hidden].
 */
export interface RecurrentAttributes {
  readonly hidden: number;
  readonly reverse: boolean;
  /** In the operator's order. */
  readonly activations: readonly RecurrentActivation[];
  readonly lengths: boolean;
  /** Whether first states are given: they are zeros otherwise. */
  readonly initial: boolean;
}

export interface OpAttributes extends Readonly<Record<UnaryOp | BinaryOp, None>> {
  // constants and sizes
  Constant: { readonly value: Tensor };
  /** With an operand, an int64 scalar, that is what the symbol `limit` stands for from here on. */
  Range: { readonly limit: Dim };
  Size: None;
  Cast: { readonly to: DType };
  // elementwise
  Where: None;
  // contraction
  MatMul: None;
  Gemm: { readonly transA: boolean; readonly transB: boolean };
  // reduction
  ReduceSum: Reduction;
  ReduceMean: Reduction;
  ReduceMax: Reduction;
  ArgMax: Axis;
  Softmax: None;
  LogSoftmax: None;
  // movement
  Reshape: Target;
  Expand: Target;
  Transpose: { readonly perm: readonly number[] };
  Unsqueeze: Axes;
  Squeeze: Axes;
  Concat: Axis;
  Split: Axis & { readonly sizes: readonly number[] };
  Slice: Axis & { readonly start: Dim; readonly end: Dim };
  Pad: Axis & { readonly before: Dim; readonly after: Dim };
  // indexing
  Gather: Axis;
  GatherElements: Axis;
  ScatterElements: Axis;
  OneHot: { readonly depth: Dim; readonly dtype: DType };
  // loop
  Scan: ScanAttributes;
  // recurrent operators, which stand in exported models alone
  RNN: RecurrentAttributes;
  GRU: RecurrentAttributes & { readonly linearBeforeReset: boolean };
  LSTM: RecurrentAttributes & { readonly peepholes: boolean };
}

export type OpName = keyof OpAttributes;
