/** Reference implementations of PyTorch's and Keras's layers in float64, on their own weights. */
import { randomStream } from "../../../runtime/tensors/random.js";
import type { Tensor } from "../../../runtime/tensors/safetensors.js";

export type Row = readonly number[];
export type Matrix = readonly Row[];

/** Float32 values that depend on the name only. */
export function randomTensor(name: string, shape: readonly number[]): Tensor {
  const random = randomStream(7, name);
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length: count }, () => 0.5 * random.normal()) };
}

export function matrix({ shape, data }: Tensor): Matrix {
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]);
}

export function vector({ data }: Tensor): Row {
  return [...data];
}

const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
const dot = (a: Row, b: Row) => a.reduce((sum, entry, index) => sum + entry * (b[index] ?? Number.NaN), 0);
export const add = (...rows: readonly Row[]): Row =>
  (rows[0] ?? []).map((_, index) => rows.reduce((sum, row) => sum + (row[index] ?? Number.NaN), 0));
const times = (a: Row, b: Row): Row => a.map((entry, index) => entry * (b[index] ?? Number.NaN));
const map = (row: Row, f: (entry: number) => number): Row => row.map(f);
/** A kernel [out, in], as PyTorch has it, times a row. */
export const matVec = (kernel: Matrix, x: Row): Row => kernel.map((line) => dot(line, x));
/** A row times a kernel [in, out], as Keras has it. */
export const vecMat = (x: Row, kernel: Matrix): Row =>
  (kernel[0] ?? []).map((_, column) => x.reduce((sum, entry, row) => sum + entry * (kernel[row]?.[column] ?? 0), 0));
const chunks = (row: Row, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, k) => row.slice((k * row.length) / count, ((k + 1) * row.length) / count));
const chunk = (parts: readonly Row[], index: number): Row => parts[index] ?? [];
const zeros = (size: number): Row => Array(size).fill(0);

export type Step = (x: Row, state: readonly Row[]) => readonly Row[];

/** The outputs of a step function over a sequence; a reversed one keeps the order of its inputs. */
export function unrolled(step: Step, sizes: readonly number[], xs: Matrix, reverse = false): Matrix {
  let state = sizes.map(zeros);
  const outputs = (reverse ? xs.toReversed() : xs).map((x) => {
    state = [...step(x, state)];
    return chunk(state, 0);
  });
  return reverse ? outputs.toReversed() : outputs;
}

export const concatColumns = (a: Matrix, b: Matrix): Matrix => a.map((row, index) => [...row, ...(b[index] ?? [])]);

type Weights = (role: string) => Tensor;

/** torch.nn.LSTM, with proj_size if it has weight_hr. Gates: i, f, g, o. */
export function torchLstm(weights: Weights, bias: boolean, projected: boolean): Step {
  const b = bias ? add(vector(weights("bias_ih")), vector(weights("bias_hh"))) : undefined;
  const [ih, hh] = [matrix(weights("weight_ih")), matrix(weights("weight_hh"))];
  return (x, [h = [], c = []]) => {
    const sums = add(matVec(ih, x), matVec(hh, h), b ?? zeros(ih.length));
    const [i, f, g, o] = [0, 1, 2, 3].map((k) =>
      map(chunk(chunks(sums, 4), k), k === 2 ? Math.tanh : sigmoid),
    ) as Row[];
    const cellState = add(times(f as Row, c), times(i as Row, g as Row));
    const output = times(o as Row, map(cellState, Math.tanh));
    return [projected ? matVec(matrix(weights("weight_hr")), output) : output, cellState];
  };
}

/** torch.nn.GRU. Gates: r, z, n. */
export function torchGru(weights: Weights): Step {
  return (x, [h = []]) => {
    const inputGates = chunks(add(matVec(matrix(weights("weight_ih")), x), vector(weights("bias_ih"))), 3);
    const past = chunks(add(matVec(matrix(weights("weight_hh")), h), vector(weights("bias_hh"))), 3);
    const r = map(add(chunk(inputGates, 0), chunk(past, 0)), sigmoid);
    const z = map(add(chunk(inputGates, 1), chunk(past, 1)), sigmoid);
    const n = map(add(chunk(inputGates, 2), times(r, chunk(past, 2))), Math.tanh);
    return [
      add(
        times(
          map(z, (entry) => 1 - entry),
          n,
        ),
        times(z, h),
      ),
    ];
  };
}

/** torch.nn.RNN. */
export function torchRnn(weights: Weights, activation: (a: number) => number): Step {
  return (x, [h = []]) => [
    map(
      add(
        matVec(matrix(weights("weight_ih")), x),
        vector(weights("bias_ih")),
        matVec(matrix(weights("weight_hh")), h),
        vector(weights("bias_hh")),
      ),
      activation,
    ),
  ];
}

/** keras.layers.LSTM. Gates: i, f, c, o. */
export function kerasLstm(weights: Weights): Step {
  return (x, [h = [], c = []]) => {
    const sums = add(
      vecMat(x, matrix(weights("kernel"))),
      vecMat(h, matrix(weights("recurrent_kernel"))),
      vector(weights("bias")),
    );
    const [i, f, g, o] = chunks(sums, 4) as [Row, Row, Row, Row];
    const cellState = add(times(map(f, sigmoid), c), times(map(i, sigmoid), map(g, Math.tanh)));
    return [times(map(o, sigmoid), map(cellState, Math.tanh)), cellState];
  };
}

/** keras.layers.GRU. Gates: z, r, h; with reset_after the bias has two rows. */
export function kerasGru(weights: Weights, resetAfter: boolean): Step {
  const recurrent = matrix(weights("recurrent_kernel"));
  const biases = resetAfter ? matrix(weights("bias")) : [vector(weights("bias")), zeros(recurrent[0]?.length ?? 0)];
  const size = recurrent.length;
  const only = (gate: number) => recurrent.map((row) => row.slice(gate * size, (gate + 1) * size));
  return (x, [h = []]) => {
    const inputGates = chunks(add(vecMat(x, matrix(weights("kernel"))), biases[0] ?? []), 3);
    const past = chunks(add(vecMat(h, recurrent), biases[1] ?? []), 3);
    const z = map(add(chunk(inputGates, 0), chunk(past, 0)), sigmoid);
    const r = map(add(chunk(inputGates, 1), chunk(past, 1)), sigmoid);
    const candidate = resetAfter ? times(r, chunk(past, 2)) : vecMat(times(r, h), only(2));
    const n = map(add(chunk(inputGates, 2), candidate), Math.tanh);
    return [
      add(
        times(z, h),
        times(
          map(z, (entry) => 1 - entry),
          n,
        ),
      ),
    ];
  };
}

/** keras.layers.SimpleRNN. */
export function kerasRnn(weights: Weights): Step {
  return (x, [h = []]) => [
    map(
      add(
        vecMat(x, matrix(weights("kernel"))),
        vector(weights("bias")),
        vecMat(h, matrix(weights("recurrent_kernel"))),
      ),
      Math.tanh,
    ),
  ];
}
