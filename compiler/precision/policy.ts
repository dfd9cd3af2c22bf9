/**
 * The precision policy of each primitive under mixed precision: float16 where matrix units gain most, float32 where the
 * range or the rounding of float16 loses too much (P. Micikevicius et al., Mixed Precision Training, 2018).
 */
import type { OpName } from "../ir/types.js";

export type PrecisionPolicy =
  /** Its operands are cast to float16. */
  | "float16"
  /** Its operands are cast to float32: results may leave float16's range, or are long sums. */
  | "float32"
  /** The widest precision of its operands: float32, else float16. */
  | "promote"
  /** A rule in autocast.ts. */
  | "special";

/** Total over the primitives: a new one does not type-check without a choice. */
export const policy: { readonly [K in OpName]: PrecisionPolicy } = {
  Constant: "special",
  Range: "promote",
  Size: "promote",
  Identity: "promote",
  Cast: "special",

  Neg: "promote",
  Exp: "float32",
  Log: "float32",
  Sqrt: "float32",
  Abs: "promote",
  Sign: "promote",
  Floor: "promote",
  Sin: "float32",
  Cos: "float32",
  Tanh: "promote",
  Sigmoid: "promote",
  Relu: "promote",
  Softplus: "float32",
  Erf: "float32",
  Not: "promote",

  Add: "promote",
  Sub: "promote",
  Mul: "promote",
  Div: "float32",
  Pow: "float32",
  Mod: "promote",
  Min: "promote",
  Max: "promote",
  Equal: "promote",
  Less: "promote",
  Greater: "promote",
  And: "promote",
  Or: "promote",
  Where: "promote",

  MatMul: "float16",
  Gemm: "float16",

  ReduceSum: "float32",
  ReduceMean: "float32",
  ReduceMax: "float32",
  ArgMax: "promote",
  Softmax: "float32",
  LogSoftmax: "float32",
  LayerNormalization: "float32",

  Reshape: "promote",
  Expand: "promote",
  Transpose: "promote",
  Unsqueeze: "promote",
  Squeeze: "promote",
  Concat: "promote",
  Split: "promote",
  Slice: "promote",
  Pad: "promote",

  Gather: "promote",
  GatherElements: "promote",
  ScatterElements: "float32",
  OneHot: "special",

  Scan: "special",
  Gelu: "float32",
  RMSNormalization: "float32",
  Attention: "float32",
  RNN: "float32",
  GRU: "float32",
  LSTM: "float32",
};
