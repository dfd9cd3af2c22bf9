/**
 * Rules of the primitives: types, gradient, batching, reference arithmetic, traits. A missing rule does not type-check.
 */
import type { Builder } from "../ir/builder.js";
import { printShape } from "../ir/dims.js";
import type { Dim, Graph, NodeOf, OpAttributes, OpName, Shape, Tensor, Type, Value } from "../ir/types.js";

/** The context of an evaluation: sizes of dims, and the evaluator of loop bodies. */
export interface EvaluationContext {
  size(dim: Dim): number;
  run(body: Graph, inputs: readonly Tensor[]): readonly Tensor[];
}

/** The cotangents of the inputs, given those of the outputs; undefined is zero. At least one output has a cotangent. */
export type Vjp<K extends OpName> = (
  b: Builder,
  node: NodeOf<K>,
  cotangents: readonly (Value | undefined)[],
) => readonly (Value | undefined)[];

/**
 * The batching rule (vmap): the same operation over one more leading axis of `size`. `inputs` replace those of the
 * node; those marked in `batched` have the new axis, and all outputs get it. Undefined where the rule does not apply.
 */
export type BatchingRule<K extends OpName> = (
  b: Builder,
  node: NodeOf<K>,
  inputs: readonly Value[],
  batched: readonly boolean[],
  size: Dim,
) => readonly Value[] | undefined;

/** Facts of a primitive that passes, costs and rewrites depend on. */
export interface Traits {
  readonly family:
    | "constant"
    | "elementwise"
    | "contraction"
    | "reduction"
    | "movement"
    | "indexing"
    | "loop"
    | "composite"
    | "recurrent";
  /** Operands broadcast to one shape, as in numpy. */
  readonly broadcasting: boolean;
  /** f(x, y) = f(y, x). */
  readonly commutative: boolean;
  /**
   * "yes": one call over the operands of several time steps gives the bits of a call for each step. "full-vectors":
   * only where an entry is computed by the vector loop of the kernel both times, because its scalar remainder rounds
   * differently (ONNX Runtime 1.30, CPU). "unproven": sums may be blocked differently, or it has not been examined.
   */
  readonly bitExact: "yes" | "full-vectors" | "unproven";
  /**
   * Floating-point operations: none, about one per entry, those of a matrix product, of
   * attention, of a recurrent operator, or of the steps of a loop.
   */
  readonly flops: "none" | "per-entry" | "product" | "attention" | "recurrent" | "loop";
  /** One call over all time steps is worth the memory of its stacked operands: it is one large kernel. */
  readonly worthStacking: boolean;
}

export interface Rule<K extends OpName> {
  readonly traits: Traits;
  /**
   * The types of the outputs. Throws where the operands break the rules: an invalid graph is an error in the compiler.
   */
  readonly infer: (inputs: readonly Type[], attributes: OpAttributes[K]) => readonly Type[];
  /**
   * "none": the gradient is zero. "loop": autodiff/scan.ts. "inference": the primitive occurs in exported models only.
   */
  readonly vjp: Vjp<K> | "none" | "loop" | "inference";
  /** "stay": the primitive never leaves a loop. */
  readonly batch: BatchingRule<K> | "stay";
  /** Reference arithmetic in float64. */
  readonly evaluate: (
    inputs: readonly Tensor[],
    attributes: OpAttributes[K],
    context: EvaluationContext,
  ) => readonly Tensor[];
}

/** The rules of some primitives. */
export type Family<K extends OpName> = { readonly [P in K]: Rule<P> };

/** The size along an axis. Throws where the shape has no such axis. */
export function dimAt(shape: Shape, axis: number): Dim {
  const dim = shape[axis];
  if (dim === undefined) throw new Error(`${printShape(shape)} has no axis ${axis}`);
  return dim;
}

/** The dtype. Throws where it is not one of those allowed. */
export function expectDType(type: Type, ...allowed: readonly Type["dtype"][]): Type["dtype"] {
  if (!allowed.includes(type.dtype)) throw new Error(`the operand is ${type.dtype}, not ${allowed.join(" or ")}`);
  return type.dtype;
}
