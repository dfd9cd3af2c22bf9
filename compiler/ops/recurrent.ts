/** RNN, GRU and LSTM as ONNX defines them, one direction: for exported models, where they take the place of loops. */
import { printShape, sameShape } from "../ir/dims.js";
import type { OpAttributes } from "../ir/operators.js";
import { at } from "../ir/present.js";
import type { RecurrentActivation, RecurrentAttributes, Shape, Tensor, Type } from "../ir/types.js";
import type { Family, Rule } from "./rule.js";

type Operator = "RNN" | "GRU" | "LSTM";

/** Gates in W, R and B, states, and the activations that the operator has of itself. */
export const recurrentOperators: {
  readonly [K in Operator]: {
    readonly gates: number;
    readonly states: number;
    readonly activations: readonly RecurrentActivation[];
  };
} = {
  RNN: { gates: 1, states: 1, activations: ["Tanh"] },
  GRU: { gates: 3, states: 1, activations: ["Sigmoid", "Tanh"] },
  LSTM: { gates: 4, states: 2, activations: ["Sigmoid", "Tanh", "Tanh"] },
};

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const activationOf: { readonly [A in RecurrentActivation]: (x: number) => number } = {
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Relu: (x) => Math.max(0, x),
};

function infer(
  op: Operator,
  inputs: readonly Type[],
  attributes: RecurrentAttributes,
  peepholes: boolean,
): readonly Type[] {
  const { gates, states, activations } = recurrentOperators[op];
  const { hidden, lengths, initial } = attributes;
  const [time = 0, batch = 0, width = 0] = at(inputs, 0).shape;
  const rows = gates * hidden;
  const float = (...shape: Shape): Type => ({ dtype: "float32", shape });
  const expected: Type[] = [
    float(time, batch, width),
    float(1, rows, width),
    float(1, rows, hidden),
    float(1, 2 * rows),
    ...(lengths ? [{ dtype: "int32", shape: [batch] } as const] : []),
    ...(initial ? Array.from({ length: states }, () => float(1, batch, hidden)) : []),
    ...(peepholes ? [float(1, 3 * hidden)] : []),
  ];
  if (inputs.length > expected.length) throw new Error(`${inputs.length} operands where ${expected.length} are needed`);
  if (attributes.activations.length !== activations.length)
    throw new Error(`${attributes.activations.length} activations for ${activations.length}`);
  for (const [index, wanted] of expected.entries()) {
    const { dtype, shape } = at(inputs, index);
    if (dtype !== wanted.dtype || !sameShape(shape, wanted.shape))
      throw new Error(
        `operand ${index} is ${dtype}${printShape(shape)}, not ${wanted.dtype}${printShape(wanted.shape)}`,
      );
  }
  return [float(time, 1, batch, hidden), ...Array.from({ length: states }, () => float(1, batch, hidden))];
}

/** One row's sums over its input and over its state, gate by gate, each with its bias. */
interface Sums {
  /** `gate`, `unit` of the input's sum. */
  input(gate: number, unit: number): number;
  /** The same of the state's sum, of any state. */
  state(gate: number, unit: number, h: ArrayLike<number>): number;
}

/** The next states of one row. */
type Step<K extends Operator> = (
  sums: Sums,
  states: readonly Float64Array[],
  attributes: OpAttributes[K],
  peepholes: Float64Array | undefined,
) => readonly Float64Array[];

function evaluate<K extends Operator>(
  op: K,
  step: Step<K>,
  peepholes: (attributes: OpAttributes[K]) => boolean,
): Rule<K>["evaluate"] {
  const { gates, states: count } = recurrentOperators[op];
  return (inputs, attributes) => {
    const { hidden, reverse, lengths, initial } = attributes;
    const [x, w, r, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    const live = lengths ? at(inputs, 4).data : undefined;
    const first = 4 + (lengths ? 1 : 0);
    const starts = initial ? inputs.slice(first, first + count) : [];
    const peep = peepholes(attributes) ? at(inputs, inputs.length - 1).data : undefined;
    const [time = 0, batch = 0, width = 0] = x.shape;
    const every = new Float64Array(time * batch * hidden);
    const last = Array.from({ length: count }, () => new Float64Array(batch * hidden));
    for (let row = 0; row < batch; row++) {
      const own = (tensor: Tensor | undefined) =>
        tensor?.data.slice(row * hidden, (row + 1) * hidden) ?? new Float64Array(hidden);
      let states: readonly Float64Array[] = Array.from({ length: count }, (_, index) => own(starts[index]));
      const steps = live?.[row] ?? time;
      for (let n = 0; n < steps; n++) {
        const t = reverse ? steps - 1 - n : n;
        const sums: Sums = {
          input: (gate, unit) =>
            dot(w.data, (gate * hidden + unit) * width, x.data, (t * batch + row) * width, width) +
            at(bias.data, gate * hidden + unit),
          state: (gate, unit, h) =>
            dot(r.data, (gate * hidden + unit) * hidden, h, 0, hidden) + at(bias.data, (gates + gate) * hidden + unit),
        };
        states = step(sums, states, attributes, peep);
        every.set(at(states, 0), (t * batch + row) * hidden);
      }
      for (const [index, state] of states.entries()) at(last, index).set(state, row * hidden);
    }
    const tensor = (shape: readonly number[], data: Float64Array): Tensor => ({ dtype: "float32", shape, data });
    return [tensor([time, 1, batch, hidden], every), ...last.map((data) => tensor([1, batch, hidden], data))];
  };
}

function dot(x: ArrayLike<number>, fromX: number, y: ArrayLike<number>, fromY: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += (x[fromX + k] as number) * (y[fromY + k] as number);
  return sum;
}

function units(hidden: number, entry: (unit: number) => number): Float64Array {
  return Float64Array.from({ length: hidden }, (_, unit) => entry(unit));
}

function rule<K extends Operator>(
  op: K,
  step: Step<K>,
  peepholes: (attributes: OpAttributes[K]) => boolean = () => false,
): Rule<K> {
  return {
    infer: (inputs, attributes) => infer(op, inputs, attributes, peepholes(attributes)),
    vjp: "inference",
    batch: "stay",
    evaluate: evaluate(op, step, peepholes),
  };
}

export const recurrent: Family<Operator> = {
  RNN: rule("RNN", ({ input, state }, [h = new Float64Array()], { hidden, activations: [f = "Tanh"] }) => [
    units(hidden, (unit) => activationOf[f](input(0, unit) + state(0, unit, h))),
  ]),

  // Gates z, r, h: h' = (1 - z) * n + z * h.
  GRU: rule("GRU", ({ input, state }, [h = new Float64Array()], { hidden, activations, linearBeforeReset }) => {
    const [f = "Sigmoid", g = "Tanh"] = activations;
    const gate = (index: number) =>
      units(hidden, (unit) => activationOf[f](input(index, unit) + state(index, unit, h)));
    const [z, r] = [gate(0), gate(1)];
    const reset = units(hidden, (unit) => at(r, unit) * at(h, unit));
    const from = (unit: number) => (linearBeforeReset ? at(r, unit) * state(2, unit, h) : state(2, unit, reset));
    return [
      units(hidden, (unit) => {
        const n = activationOf[g](input(2, unit) + from(unit));
        return (1 - at(z, unit)) * n + at(z, unit) * at(h, unit);
      }),
    ];
  }),

  // Gates i, o, f, c; peepholes i, o, f.
  LSTM: rule(
    "LSTM",
    ({ input, state }, [h = new Float64Array(), c = new Float64Array()], { hidden, activations }, peep) => {
      const [f = "Sigmoid", g = "Tanh", k = "Tanh"] = activations;
      const see = (gate: number, unit: number, memory: number) => (peep?.[gate * hidden + unit] ?? 0) * memory;
      const sum = (gate: number, unit: number) => input(gate, unit) + state(gate, unit, h);
      const memory = units(hidden, (unit) => {
        const before = at(c, unit);
        const admit = activationOf[f](sum(0, unit) + see(0, unit, before));
        const keep = activationOf[f](sum(2, unit) + see(2, unit, before));
        return keep * before + admit * activationOf[g](sum(3, unit));
      });
      const output = units(hidden, (unit) => {
        const now = at(memory, unit);
        return activationOf[f](sum(1, unit) + see(1, unit, now)) * activationOf[k](now);
      });
      return [output, memory];
    },
    ({ peepholes }) => peepholes,
  ),
};
