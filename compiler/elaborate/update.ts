/** The optimizer's half of a training step: from gradients to new parameters and slots. */
import type { NormalOptimizer } from "../../schema/normal.js";
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import type { Graph, Value } from "../ir/types.js";
import { optimizerOf } from "./optimizers/index.js";
import { movingAverage } from "./optimizers/optimizer.js";
import type { InputPort } from "./program.js";
import { scheduleFactor } from "./schedules/index.js";

/** One training step as a graph, and what stands at which position. */
export interface StepGraph {
  /**
   * Inputs: parameters, states, slots and step, which are carried from step to step; then what is fixed; then data. Outputs:
   * what is carried, loss, gradient norm.
   */
  readonly graph: Graph;
  /** Names of the states of stateful layers that are carried: `rnn/0/h`. */
  readonly states: readonly string[];
  /** Names of the slots, by parameter and slot: `rnn/0/W/m`, with the value that their entries start from. */
  readonly slots: readonly { readonly name: string; readonly parameter: number; readonly initial: number }[];
  /** What does not change within a call: the scale of the learning rate, where a plateau changes it, and frozen parameters. */
  readonly fixed: readonly { readonly name: string; readonly role: "rate_scale" | "frozen" }[];
}

/** The slot of the weights themselves, where parameters are their averages. */
const LATEST = "latest";

/** The gradients clipped, and the global norm before: sqrt of the sum of squares over all entries of all parameters. */
function clipped(b: Builder, clip: NormalOptimizer["clip"], gradients: readonly Value[]) {
  const { add, sum, mul, div, max, min, sqrt } = b;
  const squares = gradients.map((gradient) => sum(mul(gradient, gradient)));
  const norm = sqrt(squares.reduce((x, y) => add(x, y)));
  if (clip === null) return { gradients, norm };
  if ("value" in clip)
    return { gradients: gradients.map((gradient) => min(max(gradient, -clip.value), clip.value)), norm };
  const scale = div(clip.global_norm, max(norm, clip.global_norm));
  return { gradients: gradients.map((gradient) => mul(gradient, scale)), norm };
}

/**
 * @param graph one forward and backward pass. Outputs: the loss, the next value of each state in `ports`, then a gradient per
 * parameter in `ports`.
 * @param ports what the graph's inputs are.
 */
export function withUpdate(graph: Graph, ports: readonly InputPort[], optimizer: NormalOptimizer): StepGraph {
  const b = graphBuilder(graph.name);
  const definition = optimizerOf(optimizer);
  const { average, schedule } = optimizer;
  // The parameters are then the averages, which is what everyone else reads; the weights that are updated lie in a slot.
  const initial = Object.entries({ ...definition.slots(), ...(average !== null && { [LATEST]: 0 }) });
  const inputs = new Map<number, Value>();
  const open = (role: InputPort["role"]): readonly Value[] =>
    ports.flatMap((port, index) => {
      const declared = graph.inputs[index];
      if (port.role !== role || declared === undefined) return [];
      const value = b.input(port.name, declared.type);
      inputs.set(index, value);
      return [value];
    });
  const parameters = open("parameter");
  const states = open("state");
  const slots = parameters.map((parameter) =>
    initial.map(([name]) => [name, b.input(`${parameter.name}/${name}`, parameter.type)] as const),
  );
  const step = open("step")[0] ?? b.input("step", { dtype: "int64", shape: [] });
  const rateScale = schedule.type === "plateau" ? b.input("rate_scale", { dtype: "float32", shape: [] }) : null;
  open("frozen");
  open("data");

  // Before the first update there is one set of weights, whose value is not known here.
  const isFirst = b.equal(step, 0);
  const weights = parameters.map((parameter, index) => {
    const latest = average && slots[index]?.find(([name]) => name === LATEST)?.[1];
    return latest ? b.where(isFirst, parameter, latest) : parameter;
  });
  const results = inline(
    b,
    graph,
    ports.map((_, index) => {
      const input = inputs.get(index) as Value;
      return weights[parameters.indexOf(input)] ?? input;
    }),
  );
  const [loss, ...rest] = results;
  if (loss === undefined) throw new Error("a step without a loss");
  const nextStates = rest.slice(0, states.length);
  const { gradients, norm } = clipped(b, optimizer.clip, rest.slice(states.length));
  const n = b.cast(step, "float32");
  const factor = scheduleFactor(schedule, b, n);
  const scaled = rateScale === null ? factor : b.mul(factor, rateScale);
  const rate = b.named(b.mul(scaled, optimizer.learning_rate), "learning_rate");
  const t = b.add(n, 1);
  const updates = parameters.map((kept, index) => {
    const [parameter, gradient] = [weights[index], gradients[index]];
    if (parameter === undefined || gradient === undefined) throw new Error(`${kept.name} has no gradient`);
    const own = Object.fromEntries(slots[index] ?? []);
    const next = definition.update(undefined, b, { parameter, gradient, slots: own, rate, t });
    if (average === null) return next;
    return {
      parameter: movingAverage(b, average.decay, kept, next.parameter),
      slots: { ...next.slots, [LATEST]: next.parameter },
    };
  });
  const nextSlots = updates.flatMap((update) => initial.map(([name]) => update.slots[name] as Value));
  const nextParameters = updates.map((update) => update.parameter);
  return {
    graph: b.finish([...nextParameters, ...nextStates, ...nextSlots, b.add(step, 1), loss, norm]),
    states: ports.filter(({ role }) => role === "state").map(({ name }) => name),
    slots: parameters.flatMap((parameter, index) =>
      initial.map(([name, value]) => ({ name: `${parameter.name}/${name}`, parameter: index, initial: value })),
    ),
    fixed: [
      ...(rateScale === null ? [] : [{ name: "rate_scale", role: "rate_scale" as const }]),
      ...ports.flatMap(({ name, role }) => (role === "frozen" ? [{ name, role }] : [])),
    ],
  };
}
