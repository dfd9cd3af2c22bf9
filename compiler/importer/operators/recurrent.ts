/** RNN, GRU and LSTM as loops over the time steps. */
import { scan } from "../../graph/scan.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Lowering } from "../lowering.js";
import type { ModelNode } from "../node.js";
import { refuse } from "../refusal.js";
import { rankOf } from "./values.js";

type Activation = (b: Builder, x: Value) => Value;
type Operator = "RNN" | "GRU" | "LSTM";

const gateCounts: Readonly<Record<Operator, number>> = { RNN: 1, GRU: 3, LSTM: 4 };
const defaultActivations: Readonly<Record<Operator, readonly string[]>> = {
  RNN: ["Tanh"],
  GRU: ["Sigmoid", "Tanh"],
  LSTM: ["Sigmoid", "Tanh", "Tanh"],
};

function activationOf(node: ModelNode, index: number, name: string): Activation {
  const alpha = node.attribute("activation_alpha")?.floats[index];
  const beta = node.attribute("activation_beta")?.floats[index];
  switch (name.toLowerCase()) {
    case "sigmoid":
      return (b, x) => b.sigmoid(x);
    case "tanh":
      return (b, x) => b.tanh(x);
    case "relu":
      return (b, x) => b.relu(x);
    case "softplus":
      return (b, x) => b.softplus(x);
    case "softsign":
      return (b, x) => b.div(x, b.add(b.abs(x), 1));
    case "hardsigmoid":
      return (b, x) => b.min(b.max(b.add(b.mul(x, alpha ?? 0.2), beta ?? 0.5), 0), 1);
    case "affine":
      return (b, x) => b.add(b.mul(x, alpha ?? 1), beta ?? 0);
    case "scaledtanh":
      return (b, x) => b.mul(b.tanh(b.mul(x, beta ?? 1)), alpha ?? 1);
    case "leakyrelu":
      return (b, x) => b.add(b.max(x, 0), b.mul(b.min(0, x), alpha ?? 0.01));
    case "elu":
      return (b, x) => b.add(b.max(x, 0), b.mul(b.sub(b.exp(b.min(0, x)), 1), alpha ?? 1));
    default:
      return refuse(`has the activation ${name}`);
  }
}

/** The weights of one direction, without its axis, and what the equations of a step need. */
interface Direction {
  readonly hidden: number;
  readonly recurrent: Value;
  readonly recurrentBias: Value;
  readonly peepholes: readonly Value[];
  readonly activations: readonly Activation[];
  readonly clip: (b: Builder, x: Value) => Value;
  readonly linearBeforeReset: boolean;
}

type Step = (b: Builder, gates: Value, states: readonly Value[], direction: Direction) => readonly Value[];

const part = (b: Builder, x: Value, gate: number, hidden: number): Value =>
  b.slice(x, rankOf(x) - 1, gate * hidden, (gate + 1) * hidden);

const project = (b: Builder, h: Value, matrix: Value): Value => b.gemm(h, matrix, undefined, false, true);

const steps: Readonly<Record<Operator, Step>> = {
  RNN(b, gates, [h], { recurrent, activations: [f], clip }) {
    return [(f as Activation)(b, clip(b, b.add(gates, project(b, h as Value, recurrent))))];
  },
  // Gates z, r, h.
  GRU(b, gates, [h], direction) {
    const { hidden, recurrent, recurrentBias, activations, clip, linearBeforeReset } = direction;
    const [f, g] = activations as [Activation, Activation];
    const before = h as Value;
    const rows = (gate: number, count: number) => b.slice(recurrent, 0, gate * hidden, (gate + count) * hidden);
    const gated = b.add(b.slice(gates, 1, 0, 2 * hidden), project(b, before, rows(0, 2)));
    const z = f(b, clip(b, part(b, gated, 0, hidden)));
    const r = f(b, clip(b, part(b, gated, 1, hidden)));
    const bias = part(b, recurrentBias, 2, hidden);
    const memory = linearBeforeReset
      ? b.mul(r, b.add(project(b, before, rows(2, 1)), bias))
      : b.add(project(b, b.mul(r, before), rows(2, 1)), bias);
    const candidate = g(b, clip(b, b.add(part(b, gates, 2, hidden), memory)));
    return [b.add(b.mul(b.sub(1, z), candidate), b.mul(z, before))];
  },
  // Gates i, o, f, c.
  LSTM(b, gates, [h, c], { hidden, recurrent, peepholes, activations, clip }) {
    const [f, g, k] = activations as [Activation, Activation, Activation];
    const [before, cell] = [h as Value, c as Value];
    const sums = b.add(gates, project(b, before, recurrent));
    const [inputPeephole, outputPeephole, forgetPeephole] = peepholes;
    const gate = (index: number, peephole: Value | undefined, state: Value) => {
      const sum = part(b, sums, index, hidden);
      return f(b, clip(b, peephole === undefined ? sum : b.add(sum, b.mul(peephole, state))));
    };
    const [i, forget] = [gate(0, inputPeephole, cell), gate(2, forgetPeephole, cell)];
    const next = b.add(b.mul(forget, cell), b.mul(i, g(b, clip(b, part(b, sums, 3, hidden)))));
    return [b.mul(gate(1, outputPeephole, next), k(b, next)), next];
  },
};

/** All h [time, batch, hidden], and the last states [batch, hidden], of one direction. */
function runDirection(
  node: ModelNode,
  b: Builder,
  operator: Operator,
  index: number,
  { x, mask, isReverse }: { readonly x: Value; readonly mask: Value | null; readonly isReverse: boolean },
): { readonly all: Value; readonly last: readonly Value[] } {
  const gateCount = gateCounts[operator];
  const ofDirection = (operand: Value): Value => b.squeeze(b.slice(operand, 0, index, index + 1), [0]);
  const [w, r] = [ofDirection(node.x(1)), ofDirection(node.x(2))];
  const hidden = Number(r.type.shape[1]);
  const rows = gateCount * hidden;
  const bias = node.has(3) ? ofDirection(node.x(3)) : b.expand(b.scalar(0), [2 * rows]);
  const [inputBias, recurrentBias] = [b.slice(bias, 0, 0, rows), b.slice(bias, 0, rows, 2 * rows)];
  const names = node.attribute("activations")?.texts ?? [];
  const count = defaultActivations[operator].length;
  const chosen = names.length === 0 ? defaultActivations[operator] : names.slice(index * count, (index + 1) * count);
  const limit = node.float("clip");
  const peepholes = node.has(7) ? [0, 1, 2].map((gate) => part(b, ofDirection(node.x(7)), gate, hidden)) : [];
  const direction: Direction = {
    hidden,
    recurrent: r,
    recurrentBias,
    peepholes,
    activations: chosen.map((name, position) => activationOf(node, index * count + position, name)),
    clip: (inner, value) => (limit === undefined ? value : inner.min(inner.max(value, -limit), limit)),
    linearBeforeReset: node.int("linear_before_reset") === 1,
  };
  // The recurrent bias of the GRU's candidate is inside of the loop, where the reset gate may multiply it.
  const outside =
    operator === "GRU"
      ? b.concat([b.slice(recurrentBias, 0, 0, 2 * hidden), b.expand(b.scalar(0), [hidden])], 0)
      : recurrentBias;
  const gates = b.add(b.matmul(x, b.transpose(w, [1, 0])), b.add(inputBias, outside));
  const batch = at(x.type.shape, 1);
  const initial = [5, ...(operator === "LSTM" ? [6] : [])].map((position) =>
    node.has(position) ? ofDirection(batchSecond(node, b, node.x(position))) : b.expand(b.scalar(0), [batch, hidden]),
  );
  const scans = mask === null ? [gates] : [gates, mask];
  const { final, scanOutputs } = scan(b, operator, { initial, scans, reverse: isReverse }, (inner, states, slices) => {
    const next = steps[operator](inner, at(slices, 0), states, direction);
    const valid = slices[1];
    if (valid === undefined) return { next, scanOutputs: [at(next, 0)] };
    return {
      next: next.map((value, state) => inner.where(valid, value, at(states, state))),
      scanOutputs: [inner.where(valid, at(next, 0), 0)],
    };
  });
  return { all: at(scanOutputs, 0), last: final };
}

/** States are [directions, batch, hidden]; with layout 1 the batch is first. */
const batchSecond = (node: ModelNode, b: Builder, state: Value): Value =>
  node.int("layout") === 1 ? b.transpose(state, [1, 0, 2]) : state;

function recurrent(operator: Operator): Lowering {
  return {
    operator,
    lower(node, b) {
      const isBatchFirst = node.int("layout") === 1;
      const x = isBatchFirst ? b.transpose(node.x(0), [1, 0, 2]) : node.x(0);
      if (node.int("input_forget") === 1) return refuse("couples its input and forget gates");
      const direction = node.text("direction") ?? "forward";
      const time = b.unsqueeze(b.range(at(x.type.shape, 0)), [1, 2]);
      const lengths = node.has(4) ? b.unsqueeze(b.cast(node.x(4), "int64"), [0, 2]) : null;
      const mask = lengths === null ? null : b.less(time, lengths);
      const reverses = direction === "bidirectional" ? [false, true] : [direction === "reverse"];
      const results = reverses.map((isReverse, index) =>
        runDirection(node, b, operator, index, { x, mask, isReverse }),
      );
      // [time, directions, batch, hidden]
      const all = joined(
        b,
        results.map((result) => b.unsqueeze(result.all, [1])),
        1,
      );
      const last = at(results, 0).last.map((_, state) =>
        joined(
          b,
          results.map((result) => b.unsqueeze(at(result.last, state), [0])),
          0,
        ),
      );
      if (!isBatchFirst) return [all, ...last];
      return [b.transpose(all, [2, 0, 1, 3]), ...last.map((state) => b.transpose(state, [1, 0, 2]))];
    },
  };
}

const joined = (b: Builder, values: readonly Value[], axis: number): Value =>
  values.length === 1 ? at(values, 0) : b.concat(values, axis);

export const recurrentOperators: readonly Lowering[] = [recurrent("RNN"), recurrent("GRU"), recurrent("LSTM")];
