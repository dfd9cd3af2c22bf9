/**
 * The closed set of primitives. Each is the ONNX operator of its name (domain `ai.onnx`), with the attributes below.
 * Axes are counted from the front and never negative; shapes are spelled out in symbolic dims where ONNX computes them.
 */
import type { Dim, DType, Graph, Shape, Tensor } from "./types.js";

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
  readonly states: number;
  readonly scans: number;
  /** Walk the leading axis from its end; stacked outputs keep the position of the slice that they belong to. */
  readonly reverse: boolean;
  /** The size of the leading axis of every scanned input and stacked output. */
  readonly length: Dim;
}

export interface OpAttributes {
  // constants and sizes
  Constant: { readonly value: Tensor };
  Range: { readonly limit: Dim };
  Size: None;
  Identity: None;
  Cast: { readonly to: DType };
  // elementwise, one operand
  Neg: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Abs: None;
  Sign: None;
  Floor: None;
  Cos: None;
  Tanh: None;
  Sigmoid: None;
  Relu: None;
  Softplus: None;
  Not: None;
  // elementwise, broadcasting
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Pow: None;
  Min: None;
  Max: None;
  Equal: None;
  Less: None;
  Greater: None;
  And: None;
  Or: None;
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
  ScatterND: None;
  OneHot: { readonly depth: Dim; readonly dtype: DType };
  // loop
  Scan: ScanAttributes;
}

export type OpName = keyof OpAttributes;
