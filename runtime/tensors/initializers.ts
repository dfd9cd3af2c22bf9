/** Initial values of tensors. Each tensor has its own random stream, so values depend only on the seed and the name. */
import type { DrawnInitializer, InitialExpression, StoredTensor } from "../../compiler/artifact.js";
import { elementCount } from "./array.js";
import { type RandomStream, randomStream } from "./random.js";
import type { Tensor, Tensors } from "./safetensors.js";

/** @param given tensors that have their values already. */
export function initializeTensors(
  tensors: readonly StoredTensor[],
  seed: number,
  given: Tensors = new Map(),
): Map<string, Tensor> {
  return new Map(
    tensors.map((tensor) => {
      const { name, shape, initializer } = tensor;
      const source = initializer.type === "norms" ? given.get(initializer.of.name) : undefined;
      const value = given.get(name) ?? {
        shape,
        data: source === undefined ? initializeTensor(tensor, seed) : normsOf(source),
      };
      return [name, value];
    }),
  );
}

/** Euclidean norms over all axes but the last. */
export function normsOf({ shape, data }: Tensor): Float32Array {
  const squares = new Float64Array(shape.at(-1) ?? 1);
  for (const [index, value] of data.entries()) {
    const column = index % squares.length;
    squares[column] = (squares[column] ?? 0) + value * value;
  }
  return Float32Array.from(squares, Math.sqrt);
}

/** Row-major float32 values, each computed in float64. */
export function initializeTensor(tensor: StoredTensor, seed: number): Float32Array {
  const { name, shape, initializer } = tensor;
  if (initializer.type === "stored") throw new Error(`${name} is stored, and has no initializer`);
  if (initializer.type === "norms")
    return normsOf({ shape: initializer.of.shape, data: initializeTensor(initializer.of, seed) });
  return draw(initializer, shape, randomStream(seed, "initialize", name));
}

/** Models have millions of values, so no object is allocated per value. */
function draw(initializer: DrawnInitializer, shape: readonly number[], random: RandomStream): Float32Array {
  const values = new Float32Array(elementCount(shape));
  switch (initializer.type) {
    case "constant":
      return values.fill(initializer.value);
    case "uniform": {
      const { minimum, maximum } = initializer;
      for (let index = 0; index < values.length; index++)
        values[index] = minimum + (maximum - minimum) * random.uniform();
      return values;
    }
    case "normal": {
      const { mean, deviation } = initializer;
      for (let index = 0; index < values.length; index++) values[index] = mean + deviation * random.normal();
      return values;
    }
    case "orthogonal": {
      const columns = shape.at(-1) ?? 1;
      values.set(orthogonal(values.length / columns, columns, random).map((value) => value * initializer.gain));
      return values;
    }
    case "expression": {
      const value = entry(initializer.expression, random);
      const width = shape.at(-1) ?? 1;
      for (let index = 0; index < values.length; index++) values[index] = value(index % width);
      return values;
    }
    case "slices":
      return drawSlices(initializer, shape, random);
  }
}

/** The value of an entry by its position along the last axis. */
function entry(expression: InitialExpression, random: RandomStream): (index: number) => number {
  if (typeof expression === "number") return () => expression;
  if (expression.op === "index") return (index) => index;
  if ("a" in expression) {
    const { op, a, b } = expression;
    return op === "uniform" ? () => a + (b - a) * random.uniform() : () => a + b * random.normal();
  }
  const { op, args } = expression;
  const [first, second] = args.map((argument) => entry(argument, random));
  const [a, b] = [first ?? (() => Number.NaN), second ?? (() => Number.NaN)];
  switch (op) {
    case "exp":
      return (index) => Math.exp(a(index));
    case "log":
      return (index) => Math.log(a(index));
    case "sqrt":
      return (index) => Math.sqrt(a(index));
    case "negate":
      return (index) => -a(index);
    case "+":
      return (index) => a(index) + b(index);
    case "-":
      return (index) => a(index) - b(index);
    case "*":
      return (index) => a(index) * b(index);
    case "/":
      return (index) => a(index) / b(index);
    case "^":
      return (index) => a(index) ** b(index);
    case "min":
      return (index) => Math.min(a(index), b(index));
    case "max":
      return (index) => Math.max(a(index), b(index));
  }
}

function drawSlices(
  { base, slices }: Extract<DrawnInitializer, { type: "slices" }>,
  shape: readonly number[],
  random: RandomStream,
): Float32Array {
  const values = draw(base, shape, random);
  const width = shape.at(-1) ?? 1;
  for (const { from, to, initializer } of slices) {
    const slice = draw(initializer, [...shape.slice(0, -1), to - from], random);
    for (let row = 0; row * width < values.length; row++) {
      values.set(slice.subarray(row * (to - from), (row + 1) * (to - from)), row * width + from);
    }
  }
  return values;
}

/**
 * A matrix with orthonormal rows, or columns if it has fewer columns, uniform over all such matrices (Haar): the Q
 * factor of a Gaussian matrix when R has a positive diagonal, as Gram–Schmidt computes it. Each vector is
 * orthogonalized twice, which keeps the rounding error at the level of float64 (Giraud et al., 2005).
 */
function orthogonal(rows: number, columns: number, random: RandomStream): Float64Array {
  const length = Math.max(rows, columns);
  const vectors: Float64Array[] = [];
  for (let count = Math.min(rows, columns); count > 0; count--) {
    const vector = new Float64Array(length).map(() => random.normal());
    for (const previous of [...vectors, ...vectors]) subtractProjection(vector, previous);
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  const values = new Float64Array(rows * columns);
  for (const [index, vector] of vectors.entries()) {
    if (rows <= columns) values.set(vector, index * columns);
    else for (let row = 0; row < rows; row++) values[row * columns + index] = vector[row] ?? 0;
  }
  return values;
}

/** vector -= (vector · unit) unit */
function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const length = dot(vector, unit);
  for (let index = 0; index < vector.length; index++)
    vector[index] = (vector[index] ?? 0) - length * (unit[index] ?? 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}
