/** RNN, GRU and LSTM as ONNX defines them, one direction: they replace loops in exported models. */
import { printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { OpAttributes, RecurrentActivation, RecurrentAttributes, Shape, Tensor, Type } from "../ir/types.js";
import { sigmoid } from "./elementwise.js";
import type { Family, Rule } from "./rule.js";

type Operator = "RNN" | "GRU" | "LSTM";

/** The number of gates in W, R and B, the number of states, and the default activations. */
export const recurrentOperators: {
  readonly [K in Operator]: {
    readonly gateCount: number;
    readonly stateCount: number;
    readonly activations: readonly RecurrentActivation[];
  };
} = {
  RNN: { gateCount: 1, stateCount: 1, activations: ["Tanh"] },
  GRU: { gateCount: 3, stateCount: 1, activations: ["Sigmoid", "Tanh"] },
  LSTM: { gateCount: 4, stateCount: 2, activations: ["Sigmoid", "Tanh", "Tanh"] },
};

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
  const { gateCount, stateCount, activations } = recurrentOperators[op];
  const { hidden, lengths, initial } = attributes;
  const [time = 0, batch = 0, width = 0] = at(inputs, 0).shape;
  const rows = gateCount * hidden;
  const float = (...shape: Shape): Type => ({ dtype: "float32", shape });
  const expected: Type[] = [
    float(time, batch, width),
    float(1, rows, width),
    float(1, rows, hidden),
    float(1, 2 * rows),
    ...(lengths ? [{ dtype: "int32", shape: [batch] } as const] : []),
    ...(initial ? Array.from({ length: stateCount }, () => float(1, batch, hidden)) : []),
    ...(peepholes ? [float(1, 3 * hidden)] : []),
  ];
  if (inputs.length > expected.length) throw new Error(`${inputs.length} operands, not ${expected.length}`);
  if (attributes.activations.length !== activations.length)
    throw new Error(`${attributes.activations.length} activations, not ${activations.length}`);
  for (const [index, expectedType] of expected.entries()) {
    const { dtype, shape } = at(inputs, index);
    if (dtype !== expectedType.dtype || !sameShape(shape, expectedType.shape))
      throw new Error(
        `operand ${index} is ${dtype}${printShape(shape)}, not ${expectedType.dtype}${printShape(expectedType.shape)}`,
      );
  }
  return [float(time, 1, batch, hidden), ...Array.from({ length: stateCount }, () => float(1, batch, hidden))];
}

/** The pre-activations of one row: its input's and its state's contribution to each gate, each with its bias. */
interface GateSums {
  input(gate: number, unit: number): number;
  /** @param h a state, [hidden]. */
  state(gate: number, unit: number, h: ArrayLike<number>): number;
}

/** The next states of one row. */
type NextStates<K extends Operator> = (
  sums: GateSums,
  states: readonly Float64Array[],
  attributes: OpAttributes[K],
  peepholes: Float64Array | undefined,
) => readonly Float64Array[];

function evaluate<K extends Operator>(
  op: K,
  nextStates: NextStates<K>,
  peepholes: (attributes: OpAttributes[K]) => boolean,
): Rule<K>["evaluate"] {
  const { gateCount, stateCount } = recurrentOperators[op];
  return (inputs, attributes) => {
    const { hidden, reverse, lengths, initial } = attributes;
    const [x, w, r, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    const sequenceLengths = lengths ? at(inputs, 4).data : undefined;
    const firstStateIndex = 4 + (lengths ? 1 : 0);
    const initialStates = initial ? inputs.slice(firstStateIndex, firstStateIndex + stateCount) : [];
    const peepholeWeights = peepholes(attributes) ? at(inputs, inputs.length - 1).data : undefined;
    const [time = 0, batch = 0, width = 0] = x.shape;
    const hiddenStates = new Float64Array(time * batch * hidden);
    const finalStates = Array.from({ length: stateCount }, () => new Float64Array(batch * hidden));
    for (let row = 0; row < batch; row++) {
      const rowOf = (tensor: Tensor | undefined) =>
        tensor?.data.slice(row * hidden, (row + 1) * hidden) ?? new Float64Array(hidden);
      let states: readonly Float64Array[] = Array.from({ length: stateCount }, (_, index) =>
        rowOf(initialStates[index]),
      );
      const timeSteps = sequenceLengths?.[row] ?? time;
      for (let n = 0; n < timeSteps; n++) {
        const t = reverse ? timeSteps - 1 - n : n;
        const sums: GateSums = {
          input: (gate, unit) =>
            dot(w.data, (gate * hidden + unit) * width, x.data, (t * batch + row) * width, width) +
            at(bias.data, gate * hidden + unit),
          state: (gate, unit, h) =>
            dot(r.data, (gate * hidden + unit) * hidden, h, 0, hidden) +
            at(bias.data, (gateCount + gate) * hidden + unit),
        };
        states = nextStates(sums, states, attributes, peepholeWeights);
        hiddenStates.set(at(states, 0), (t * batch + row) * hidden);
      }
      for (const [index, state] of states.entries()) at(finalStates, index).set(state, row * hidden);
    }
    const tensor = (shape: readonly number[], data: Float64Array): Tensor => ({ dtype: "float32", shape, data });
    return [
      tensor([time, 1, batch, hidden], hiddenStates),
      ...finalStates.map((data) => tensor([1, batch, hidden], data)),
    ];
  };
}

function dot(x: ArrayLike<number>, offsetX: number, y: ArrayLike<number>, offsetY: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += (x[offsetX + k] as number) * (y[offsetY + k] as number);
  return sum;
}

function perUnit(hidden: number, entry: (unit: number) => number): Float64Array {
  return Float64Array.from({ length: hidden }, (_, unit) => entry(unit));
}

function rule<K extends Operator>(
  op: K,
  nextStates: NextStates<K>,
  peepholes: (attributes: OpAttributes[K]) => boolean = () => false,
): Rule<K> {
  return {
    traits: {
      family: "recurrent",
      broadcasting: false,
      commutative: false,
      bitExact: "unproven",
      flops: "recurrent",
      worthStacking: false,
    },
    infer: (inputs, attributes) => infer(op, inputs, attributes, peepholes(attributes)),
    vjp: "inference",
    batch: "stay",
    evaluate: evaluate(op, nextStates, peepholes),
  };
}

export const recurrent: Family<Operator> = {
  RNN: rule("RNN", ({ input, state }, [h = new Float64Array()], { hidden, activations: [f = "Tanh"] }) => [
    perUnit(hidden, (unit) => activationOf[f](input(0, unit) + state(0, unit, h))),
  ]),

  // Gates z, r, h: h' = (1 - z) * n + z * h.
  GRU: rule("GRU", ({ input, state }, [h = new Float64Array()], { hidden, activations, linearBeforeReset }) => {
    const [f = "Sigmoid", g = "Tanh"] = activations;
    const gate = (index: number) =>
      perUnit(hidden, (unit) => activationOf[f](input(index, unit) + state(index, unit, h)));
    const [z, r] = [gate(0), gate(1)];
    const reset = perUnit(hidden, (unit) => at(r, unit) * at(h, unit));
    const candidateSum = (unit: number) =>
      linearBeforeReset ? at(r, unit) * state(2, unit, h) : state(2, unit, reset);
    return [
      perUnit(hidden, (unit) => {
        const n = activationOf[g](input(2, unit) + candidateSum(unit));
        return (1 - at(z, unit)) * n + at(z, unit) * at(h, unit);
      }),
    ];
  }),

  // Gates i, o, f, c; peepholes i, o, f.
  LSTM: rule(
    "LSTM",
    ({ input, state }, [h = new Float64Array(), c = new Float64Array()], { hidden, activations }, peepholeWeights) => {
      const [f = "Sigmoid", g = "Tanh", k = "Tanh"] = activations;
      const peepholeTerm = (gate: number, unit: number, cellState: number) =>
        (peepholeWeights?.[gate * hidden + unit] ?? 0) * cellState;
      const sum = (gate: number, unit: number) => input(gate, unit) + state(gate, unit, h);
      const cellState = perUnit(hidden, (unit) => {
        const previousCell = at(c, unit);
        const inputGate = activationOf[f](sum(0, unit) + peepholeTerm(0, unit, previousCell));
        const forgetGate = activationOf[f](sum(2, unit) + peepholeTerm(2, unit, previousCell));
        return forgetGate * previousCell + inputGate * activationOf[g](sum(3, unit));
      });
      const output = perUnit(hidden, (unit) => {
        const currentCell = at(cellState, unit);
        return activationOf[f](sum(1, unit) + peepholeTerm(1, unit, currentCell)) * activationOf[k](currentCell);
      });
      return [output, cellState];
    },
    ({ peepholes }) => peepholes,
  ),
};
