/** The values of a model while it is read: values of the graph, numbers that are known, and weights of the file. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Dim, DType, Shape, Tensor, Value } from "../ir/types.js";

/** Numbers and sizes that are known while the model is read: constants, and the results of arithmetic with shapes. */
export interface Known {
  readonly kind: "known";
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row-major. A size of the data is a symbolic dim. */
  readonly entries: ArrayLike<Dim>;
}

/** A value of the graph. */
export interface Computed {
  readonly kind: "computed";
  readonly value: Value;
}

/** A tensor of floats that the file stores. It becomes an input of the graph when a node reads it. */
export interface StoredWeight {
  readonly kind: "weight";
  readonly name: string;
  readonly shape: readonly number[];
  /** Throws a RangeError where the file does not hold its numbers. */
  values(): Float64Array;
}

/** A sequence of tensors. */
export interface TensorList {
  readonly kind: "list";
  readonly elements: readonly Present[];
}

/** A value that a refused node would have computed. */
export interface Missing {
  readonly kind: "missing";
}

/** An operand of one tensor. */
export type Present = Known | Computed | StoredWeight;

export type Operand = Present | TensorList | Missing;

export function known(dtype: DType, shape: readonly number[], entries: ArrayLike<Dim>): Known {
  return { kind: "known", dtype, shape, entries };
}

export function computed(value: Value): Computed {
  return { kind: "computed", value };
}

export function list(elements: readonly Present[]): TensorList {
  return { kind: "list", elements };
}

export const missing: Missing = { kind: "missing" };

export function shapeOf(operand: Present): Shape {
  return operand.kind === "computed" ? operand.value.type.shape : operand.shape;
}

export function dtypeOf(operand: Present): DType {
  if (operand.kind === "weight") return "float32";
  return operand.kind === "computed" ? operand.value.type.dtype : operand.dtype;
}

/** True where no entry is a size of the data. */
export function isNumeric({ entries }: Known): boolean {
  return entries instanceof Float64Array || Array.from(entries).every((entry) => typeof entry === "number");
}

/** The numbers of a known operand; undefined where an entry is a size of the data. */
export function numbersOf(operand: Known): Tensor | undefined {
  return isNumeric(operand) ? tensor(operand.dtype, operand.shape, operand.entries as ArrayLike<number>) : undefined;
}

/** A known operand as a value of a graph. A size of the data is computed at run time. */
export function materialize(b: Builder, operand: Known): Value {
  const numbers = numbersOf(operand);
  const { dtype, shape, entries } = operand;
  if (numbers !== undefined) return shape.length === 0 ? b.scalar(at(numbers.data, 0), dtype) : b.constant(numbers);
  const sizes = Array.from(entries, (entry) => b.unsqueeze(sizeValue(b, entry, dtype), [0]));
  const vector = sizes.length === 1 ? at(sizes, 0) : b.concat(sizes, 0);
  return b.reshape(vector, shape);
}

/** A size as a scalar. */
export function sizeValue(b: Builder, size: Dim, dtype: DType): Value {
  if (typeof size === "number") return b.scalar(size, dtype);
  return b.cast(b.size(b.range(size)), dtype);
}

/** The IR's element type of an ONNX type, and true where its numbers are computed with another precision. */
export function elementType(name: string): { readonly dtype: DType; readonly isConverted: boolean } | undefined {
  switch (name) {
    case "float32":
    case "int64":
    case "int32":
    case "bool":
      return { dtype: name, isConverted: false };
    case "float16":
    case "bfloat16":
    case "float64":
      return { dtype: "float32", isConverted: true };
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
      return { dtype: "int32", isConverted: true };
    case "uint32":
    case "uint64":
      return { dtype: "int64", isConverted: true };
    default:
      return undefined;
  }
}
