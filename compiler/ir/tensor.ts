/** Constant tensors: constructors and readers. Indices are not checked, because the evaluator reads every entry. */
import type { DType, Shape, Tensor } from "./types.js";

export function tensor(dtype: DType, shape: readonly number[], data: ArrayLike<number>): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  if (data.length !== count) throw new Error(`${data.length} numbers for a tensor of ${count} elements`);
  return { dtype, shape, data: Float64Array.from(data) };
}

export function scalarTensor(value: number, dtype: DType = "float32"): Tensor {
  return tensor(dtype, [], [value]);
}

/** Bytes of one element in a model or a session. */
export const elementBytes: { readonly [D in DType]: number } = { float32: 4, float16: 2, int32: 4, int64: 8, bool: 1 };

/** Row-major strides, in elements. */
export function strides(shape: readonly number[]): readonly number[] {
  let stride = 1;
  const reversedStrides = shape.toReversed().map((size) => {
    const current = stride;
    stride *= size;
    return current;
  });
  return reversedStrides.reverse();
}

/** A tensor from a function of the index. The index array is reused between calls. */
export function tabulate(dtype: DType, shape: readonly number[], entry: (index: readonly number[]) => number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = new Float64Array(count);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < count; flat++) {
    data[flat] = entry(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] as number) + 1;
      if (next < (shape[axis] as number)) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
    }
  }
  return { dtype, shape, data };
}

/** Reads a tensor at an index of the shape of `rank` axes that it broadcasts to. */
export function broadcastReader(source: Tensor, rank: number): (index: readonly number[]) => number {
  // An axis of size 1 is read at 0.
  const sourceStrides = strides(source.shape).map((stride, axis) => (source.shape[axis] === 1 ? 0 : stride));
  const lead = rank - source.shape.length;
  return (index) => {
    let offset = 0;
    for (let axis = 0; axis < sourceStrides.length; axis++)
      offset += (index[axis + lead] as number) * (sourceStrides[axis] as number);
    return source.data[offset] as number;
  };
}

/** Reads a tensor at an index of its own shape. */
export function reader(source: Tensor): (index: readonly number[]) => number {
  const sourceStrides = strides(source.shape);
  return (index) => {
    let offset = 0;
    for (let axis = 0; axis < sourceStrides.length; axis++)
      offset += (index[axis] as number) * (sourceStrides[axis] as number);
    return source.data[offset] as number;
  };
}

/** The shape as numbers; undefined where a dim is symbolic. */
export function staticShape(shape: Shape): readonly number[] | undefined {
  return shape.every((dim) => typeof dim === "number") ? (shape as readonly number[]) : undefined;
}
