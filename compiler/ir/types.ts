/** The IR: values with a dtype and a symbolic shape, the closed set of primitives, nodes, and graphs. */

/**
 * Floating-point element types. Inputs and outputs of artifacts are float32; values inside may be float16. The
 * reference evaluator computes both in float64 and rounds float16 values after each node.
 */
export type FloatType = "float32" | "float16";
export type DType = FloatType | "int64" | "int32" | "bool";

/**
 * A dimension: a number, or a polynomial over symbols in canonical form (see dims.ts), such as `batch` or `batch*time`.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor of a graph, identified by the object. `name` is a hint (`rnn/0/W`) for printing and emission. */
export interface Value {
  readonly name: string | undefined;
  readonly type: Type;
}

/** A constant tensor, row-major. Numbers of every dtype are stored as doubles, booleans as 0 and 1. */
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

/** The union over all primitives, so that narrowing on `op` types the attributes. */
export type Node = { [K in OpName]: NodeOf<K> }[OpName];

/**
 * Static single assignment, in topological order. A graph is closed: every value that a node reads is one of the
 * graph's inputs or an earlier node's output. The captured values of a loop body are its trailing inputs.
 */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

// ── primitives ───────────────────────────────────────────────────────────────────────────────────────────────────────

// The closed set of primitives. Each has the meaning of the ONNX operator of its name (domain `ai.onnx`), with the
// attributes below. Axes are never negative. Shapes are symbolic dims where ONNX has shape operands.

/** Elementwise, of one operand. */
export const unaryOps = [
  ...(["Identity", "Neg", "Exp", "Log", "Sqrt", "Abs", "Sign", "Floor", "Sin", "Cos"] as const),
  ...(["Tanh", "Sigmoid", "Relu", "Softplus", "Erf", "Not"] as const),
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
  /** True to keep reduced axes, with size 1. */
  readonly keep: boolean;
}
interface Target {
  readonly shape: Shape;
}

export interface ScanAttributes {
  /**
   * One step. Inputs: `stateCount` states, then `scanCount` slices (x_t), then captured values, in the order of the
   * node's inputs. Outputs: the next states, then one entry of each scan output.
   */
  readonly body: Graph;
  readonly stateCount: number;
  readonly scanCount: number;
  /** Iterate from the last slice to the first. Entry t of a scan output belongs to slice t either way. */
  readonly reverse: boolean;
  /** The size of the leading axis of every scanned input and scan output. */
  readonly length: Dim;
  /**
   * Gradient checkpointing (T. Chen et al., 2016): the forward loop stores only its states, and the backward loop
   * computes the body again from them. Nothing may be moved out of such a loop, because its result would have to be
   * stored. By default every value that the backward loop reads is a scan output.
   */
  readonly rematerialize?: boolean;
  /** The steps of a block of a recurrence that is solved in blocks, which have no other form. */
  readonly solved?: boolean;
}

export type RecurrentActivation = "Sigmoid" | "Tanh" | "Relu";

/**
 * A recurrent operator, one direction. Operands: X [time, batch, input], W [1, gates*hidden, input], R [1,
 * gates*hidden, hidden], B [1, 2*gates*hidden]; then, each optional, sequence lengths int32 [batch], initial states [1,
 * batch, hidden] (h, for LSTM then c) and, for LSTM, peepholes [1, 3*hidden]. Results: all h [time, 1, batch, hidden],
 * the last h, for LSTM then the last c, [1, batch, hidden].
 */
export interface RecurrentAttributes {
  readonly hidden: number;
  readonly reverse: boolean;
  /** In the operator's order. */
  readonly activations: readonly RecurrentActivation[];
  /** True if sequence lengths are an operand. */
  readonly lengths: boolean;
  /** True if initial states are operands; otherwise they are zeros. */
  readonly initial: boolean;
}

export interface OpAttributes extends Readonly<Record<UnaryOp | BinaryOp, None>> {
  // constants and sizes
  Constant: { readonly value: Tensor };
  /** The optional operand, an int64 scalar, is the limit at run time: it defines the symbol `limit`. */
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
  /**
   * Of x [..., n], a scale [n] and, optionally, a shift [n]: (x - mean) / √(variance + epsilon) · scale + shift along
   * the last axis; the mean and 1 / √(variance + epsilon), [..., 1].
   */
  LayerNormalization: { readonly epsilon: number };
  // movement
  Reshape: Target;
  Expand: Target;
  Transpose: { readonly perm: readonly number[] };
  Unsqueeze: Axes;
  Squeeze: Axes;
  Concat: Axis;
  /** Sizes that are not numbers are equal. */
  Split: Axis & { readonly sizes: readonly Dim[] };
  Slice: Axis & { readonly start: Dim; readonly end: Dim };
  Pad: Axis & { readonly before: Dim; readonly after: Dim };
  // indexing
  Gather: Axis;
  GatherElements: Axis;
  ScatterElements: Axis;
  OneHot: { readonly depth: Dim; readonly dtype: DType };
  // loop
  Scan: ScanAttributes;
  // operators of several primitives, in exported models only
  /** x Φ(x), exactly or with the approximation of Φ by tanh. */
  Gelu: { readonly approximate: "none" | "tanh" };
  /** Of x [..., n] and a scale [n]: x / √(mean(x²) + epsilon) · scale along the last axis. */
  RMSNormalization: { readonly epsilon: number };
  /**
   * Of queries [batch, heads, steps, size], keys [batch, h, memory steps, size], values [batch, h, memory steps, m],
   * where h divides the heads, and, optionally, a bias [steps, memory steps], or with the axes batch and heads:
   * softmax(scale · q kᵀ + bias) v, [batch, heads, steps, m].
   */
  Attention: { readonly scale: number };
  RNN: RecurrentAttributes;
  GRU: RecurrentAttributes & { readonly linearBeforeReset: boolean };
  LSTM: RecurrentAttributes & { readonly peepholes: boolean };
}

export type OpName = keyof OpAttributes;
