/**
 * In how many bits each primitive computes where 16 are allowed: what machines of matrix products gain most from, and what loses too much.
 * The choices are those of automatic mixed precision elsewhere (P. Micikevicius et al., 2018).
 */
import type { OpName } from "../ir/types.js";

export type PrecisionPolicy =
  /** In float16, whatever its operands are. */
  | "half"
  /** In float32: it may leave float16's range, or adds up many numbers. */
  | "full"
  /** As its operands are: in float16 where one of them is, unless another has to be float32. */
  | "follow"
  /** Its result has a precision of its own: `mixed.ts` says which. */
  | "own";

/** Total over the primitives: a new one does not type-check without a choice. */
export const policy: { readonly [K in OpName]: PrecisionPolicy } = {
  Constant: "own",
  Range: "follow",
  Size: "follow",
  Identity: "follow",
  Cast: "own",

  Neg: "follow",
  Exp: "full",
  Log: "full",
  Sqrt: "full",
  Abs: "follow",
  Sign: "follow",
  Floor: "follow",
  Cos: "full",
  Tanh: "follow",
  Sigmoid: "follow",
  Relu: "follow",
  Softplus: "full",
  Not: "follow",

  Add: "follow",
  Sub: "follow",
  Mul: "follow",
  Div: "full",
  Pow: "full",
  Mod: "follow",
  Min: "follow",
  Max: "follow",
  Equal: "follow",
  Less: "follow",
  Greater: "follow",
  And: "follow",
  Or: "follow",
  Where: "follow",

  MatMul: "half",
  Gemm: "half",

  ReduceSum: "full",
  ReduceMean: "full",
  ReduceMax: "full",
  ArgMax: "follow",
  Softmax: "full",
  LogSoftmax: "full",

  Reshape: "follow",
  Expand: "follow",
  Transpose: "follow",
  Unsqueeze: "follow",
  Squeeze: "follow",
  Concat: "follow",
  Split: "follow",
  Slice: "follow",
  Pad: "follow",

  Gather: "follow",
  GatherElements: "follow",
  ScatterElements: "full",
  OneHot: "own",

  Scan: "own",
  RNN: "full",
  GRU: "full",
  LSTM: "full",
};
