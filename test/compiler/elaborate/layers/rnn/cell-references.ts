/** Reference implementations of the built-in cells, one row at a time in plain numbers. */

export type Row = readonly number[];
export type Matrix = readonly Row[];
export type States = Readonly<Record<string, Row>>;

export interface CellReference {
  /** The cell and its options, as in a spec. */
  readonly use: Readonly<Record<string, unknown>>;
  /** Shapes of the parameters for an input of `n` and `m` hidden units. */
  readonly parameters: (n: number, m: number) => Readonly<Record<string, readonly number[]>>;
  readonly states: (m: number) => Readonly<Record<string, number>>;
  /** The next states; the first is the output. `matrix` and `vector` return parameters by name. */
  readonly step: (x: Row, states: States, parameters: Parameters) => States;
}

export interface Parameters {
  matrix(name: string): Matrix;
  vector(name: string): Row;
}

const { exp, max, min, sqrt, tanh } = Math;
const sigmoid = (a: number) => 1 / (1 + exp(-a));
const relu = (a: number) => max(a, 0);
const valueAt = (row: Row | undefined, index: number) => row?.[index] ?? Number.NaN;
const sum = (row: Row) => row.reduce((total, entry) => total + entry, 0);

const map = (row: Row, f: (entry: number, index: number) => number): Row => row.map(f);
const add = (...rows: readonly Row[]): Row =>
  map(rows[0] ?? [], (_, index) => sum(rows.map((row) => valueAt(row, index))));
const times = (...rows: readonly Row[]): Row =>
  map(rows[0] ?? [], (_, index) => rows.reduce((product, row) => product * valueAt(row, index), 1));
const product = (row: Row, matrix: Matrix): Row =>
  (matrix[0] ?? []).map((_, column) => sum(row.map((entry, inner) => entry * valueAt(matrix[inner], column))));
const parts = (row: Row, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) =>
    row.slice((index * row.length) / count, ((index + 1) * row.length) / count),
  );
const normalize = (row: Row): Row => {
  const mean = sum(row) / row.length;
  const variance = sum(row.map((entry) => (entry - mean) ** 2)) / row.length;
  return map(row, (entry) => (entry - mean) / sqrt(variance + 1e-5));
};
const none: Row = [];
const rowAt = (rows: readonly Row[], index: number): Row => rows[index] ?? none;
const state = (states: States, name: string): Row => states[name] ?? none;

function lstm(options: { peepholes?: boolean; cell_clip?: number; projection_size?: number }): CellReference {
  const { peepholes = false, cell_clip = 0, projection_size = 0 } = options;
  return {
    use: { cell: "lstm", ...options },
    parameters: (n, m) => ({
      W: [n, 4 * m],
      U: [projection_size || m, 4 * m],
      b: [4 * m],
      ...(peepholes && { pi: [m], pf: [m], po: [m] }),
      ...(projection_size > 0 && { P: [m, projection_size] }),
    }),
    states: (m) => ({ h: projection_size || m, c: m }),
    step(x, states, { matrix, vector }) {
      const [h, c] = [state(states, "h"), state(states, "c")];
      const sums = parts(add(product(x, matrix("W")), product(h, matrix("U")), vector("b")), 4);
      const peephole = (gate: Row, name: string, cellState: Row) =>
        map(peepholes ? add(gate, times(vector(name), cellState)) : gate, sigmoid);
      const i = peephole(rowAt(sums, 0), "pi", c);
      const f = peephole(rowAt(sums, 1), "pf", c);
      const unclipped = add(times(f, c), times(i, map(rowAt(sums, 2), tanh)));
      const cellState = map(unclipped, (a) => (cell_clip > 0 ? min(max(a, -cell_clip), cell_clip) : a));
      const output = times(peephole(rowAt(sums, 3), "po", cellState), map(cellState, tanh));
      return { h: projection_size > 0 ? product(output, matrix("P")) : output, c: cellState };
    },
  };
}

const simple = { states: (m: number) => ({ h: m }) };

/** h' = activation(x @ W + past(h) + b). */
function simpleCell(
  cell: string,
  activation: "tanh" | "relu",
  extra: (m: number) => Readonly<Record<string, readonly number[]>>,
  combine: (x: Row, h: Row, parameters: Parameters) => Row,
): CellReference {
  return {
    ...simple,
    use: { cell, activation },
    parameters: (n, m) => ({ W: [n, m], ...extra(m) }),
    step: (x, states, parameters) => ({
      h: map(
        combine(product(x, parameters.matrix("W")), state(states, "h"), parameters),
        activation === "tanh" ? tanh : relu,
      ),
    }),
  };
}

const normalizedSum = (x: Row, h: Row, { matrix, vector }: Parameters) =>
  add(times(normalize(add(x, product(h, matrix("U")))), vector("gain")), vector("shift"));
const ownPast = (x: Row, h: Row, { vector }: Parameters) => add(x, vector("b"), times(vector("u"), h));

const layerNormLstm: CellReference = {
  use: { cell: "layer_norm_lstm" },
  parameters: (n, m) => ({
    W: [n, 4 * m],
    U: [m, 4 * m],
    gain: [4 * m],
    shift: [4 * m],
    state_gain: [m],
    state_shift: [m],
  }),
  states: (m) => ({ h: m, c: m }),
  step(x, states, { matrix, vector }) {
    const sums = parts(add(product(x, matrix("W")), product(state(states, "h"), matrix("U"))), 4);
    const [gains, shifts] = [parts(vector("gain"), 4), parts(vector("shift"), 4)];
    const gate = (index: number) =>
      add(times(normalize(rowAt(sums, index)), rowAt(gains, index)), rowAt(shifts, index));
    const unnormalized = add(
      times(map(gate(1), sigmoid), state(states, "c")),
      times(map(gate(0), sigmoid), map(gate(2), tanh)),
    );
    const cellState = add(times(normalize(unnormalized), vector("state_gain")), vector("state_shift"));
    return { h: times(map(gate(3), sigmoid), map(cellState, tanh)), c: cellState };
  },
};

const layerNormGru: CellReference = {
  ...simple,
  use: { cell: "layer_norm_gru" },
  parameters: (n, m) => ({
    W: [n, 3 * m],
    U: [m, 3 * m],
    input_gain: [3 * m],
    input_shift: [3 * m],
    state_gain: [3 * m],
    state_shift: [3 * m],
  }),
  step(x, states, { matrix, vector }) {
    const h = state(states, "h");
    const side = (sums: Row, name: string) => {
      const [gains, shifts] = [parts(vector(`${name}_gain`), 3), parts(vector(`${name}_shift`), 3)];
      return parts(sums, 3).map((gate, index) =>
        add(times(normalize(gate), rowAt(gains, index)), rowAt(shifts, index)),
      );
    };
    const inputGates = side(product(x, matrix("W")), "input");
    const past = side(product(h, matrix("U")), "state");
    const z = map(add(rowAt(inputGates, 0), rowAt(past, 0)), sigmoid);
    const r = map(add(rowAt(inputGates, 1), rowAt(past, 1)), sigmoid);
    const n = map(add(rowAt(inputGates, 2), times(r, rowAt(past, 2))), tanh);
    return {
      h: map(z, (weight, index) => weight * valueAt(h, index) + (1 - weight) * valueAt(n, index)),
    };
  },
};

const minimalGated: CellReference = {
  ...simple,
  use: { cell: "minimal_gated" },
  parameters: (n, m) => ({ Wf: [n, m], Uf: [m, m], bf: [m], Wn: [n, m], Un: [m, m], bn: [m] }),
  step(x, states, { matrix, vector }) {
    const h = state(states, "h");
    const f = map(add(product(x, matrix("Wf")), product(h, matrix("Uf")), vector("bf")), sigmoid);
    const n = map(add(product(x, matrix("Wn")), product(times(f, h), matrix("Un")), vector("bn")), tanh);
    return { h: map(f, (gate, index) => (1 - gate) * valueAt(h, index) + gate * valueAt(n, index)) };
  },
};

const mingru: CellReference = {
  ...simple,
  use: { cell: "mingru" },
  parameters: (n, m) => ({ W: [n, 2 * m], b: [2 * m] }),
  step(x, states, { matrix, vector }) {
    const [gate = none, candidate = none] = parts(add(product(x, matrix("W")), vector("b")), 2);
    const z = map(gate, sigmoid);
    return {
      h: map(z, (weight, index) => (1 - weight) * valueAt(states.h, index) + weight * valueAt(candidate, index)),
    };
  },
};

const minlstm: CellReference = {
  ...simple,
  use: { cell: "minlstm" },
  parameters: (n, m) => ({ W: [n, 3 * m], b: [3 * m] }),
  step(x, states, { matrix, vector }) {
    const sums = parts(add(product(x, matrix("W")), vector("b")), 3);
    const [f, i] = [map(rowAt(sums, 0), sigmoid), map(rowAt(sums, 1), sigmoid)];
    const share = (row: Row) => map(row, (gate, index) => gate / (valueAt(f, index) + valueAt(i, index)));
    return { h: add(times(share(f), state(states, "h")), times(share(i), rowAt(sums, 2))) };
  },
};

const peepholes = { peepholes: true };
const cell_clip = 0.25;
const projection_size = 2;

/** The built-in cells whose reference numbers are in test/fixtures/paper-cells.json. */
export const paperCells: readonly string[] = [
  ...["cfc", "delta_net", "gla", "lru", "mamba", "mlstm", "qrnn", "ran", "rwkv", "s4d", "slstm", "sru"],
];

/** The cells without fixtures, in every combination of their options. */
export const references: Readonly<Record<string, CellReference>> = {
  "lstm with peepholes": lstm(peepholes),
  "lstm with a clip": lstm({ cell_clip }),
  "lstm with a projection": lstm({ projection_size }),
  "lstm with peepholes and a clip": lstm({ ...peepholes, cell_clip }),
  "lstm with peepholes and a projection": lstm({ ...peepholes, projection_size }),
  "lstm with a clip and a projection": lstm({ cell_clip, projection_size }),
  "lstm with all": lstm({ ...peepholes, cell_clip, projection_size }),
  layer_norm_rnn: simpleCell("layer_norm_rnn", "tanh", (m) => ({ U: [m, m], gain: [m], shift: [m] }), normalizedSum),
  "layer_norm_rnn, relu": simpleCell(
    "layer_norm_rnn",
    "relu",
    (m) => ({ U: [m, m], gain: [m], shift: [m] }),
    normalizedSum,
  ),
  layer_norm_lstm: layerNormLstm,
  layer_norm_gru: layerNormGru,
  indrnn: simpleCell("indrnn", "relu", (m) => ({ u: [m], b: [m] }), ownPast),
  "indrnn, tanh": simpleCell("indrnn", "tanh", (m) => ({ u: [m], b: [m] }), ownPast),
  minimal_gated: minimalGated,
  mingru,
  minlstm,
};

/** Outputs [time] and final states of one sequence, from zero states. */
export function runReference(
  { states, step }: CellReference,
  xs: Matrix,
  m: number,
  parameters: Parameters,
): { readonly outputs: Matrix; readonly last: States } {
  let now: States = Object.fromEntries(Object.entries(states(m)).map(([name, size]) => [name, Array(size).fill(0)]));
  const outputs = xs.map((x) => {
    now = step(x, now, parameters);
    return Object.values(now)[0] ?? none;
  });
  return { outputs, last: now };
}
