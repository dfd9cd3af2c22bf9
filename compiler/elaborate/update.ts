/** The optimizer's half of a training step: from gradients to new parameters and slots. */
import type { NormalOptimizer, NormalPrecision } from "../../schema/normal.js";
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at, present } from "../ir/present.js";
import type { Graph, Value } from "../ir/types.js";
import { type LossScale, openLossScale, refit, scaleReports, scaleSlots } from "./loss-scale.js";
import { optimizerOf } from "./optimizers/index.js";
import { movingAverage } from "./optimizers/optimizer.js";
import { pack, smallOnes, unpack } from "./pack.js";
import type { InputPort } from "./program.js";
import { scheduleFactor } from "./schedules/index.js";

/** One training step as a graph, and what stands at which position. */
export interface StepGraph {
  /**
   * Inputs: parameters, states, slots and step, which are carried from step to step; then what is fixed; then data. Outputs:
   * what is carried, and what is `reported`.
   */
  readonly graph: Graph;
  /** Names of the states of stateful layers that are carried: `rnn/0/h`. */
  readonly states: readonly string[];
  /**
   * Names of the slots, by parameter and slot: `rnn/0/W/m`, with the value that their entries start from; then the numbers that belong to
   * no parameter.
   */
  readonly slots: readonly { readonly name: string; readonly parameter: number | null; readonly initial: number }[];
  /** Places of carried inputs, slots counted with the parameters, that lie together as one vector while they are carried. */
  readonly packs: readonly (readonly number[])[];
  /** What does not change within a call: the scale of the learning rate, where a plateau changes it, and frozen parameters. */
  readonly fixed: readonly { readonly name: string; readonly role: "rate_scale" | "frozen" }[];
  /** One number each per step, named by its role. */
  readonly reported: readonly Reported[];
}

export type Reported = "loss" | "gradient_norm" | "learning_rate" | (typeof scaleReports)[number];

export function reportedBy(scaling: LossScale | null): readonly Reported[] {
  const fitted = scaling?.fitted ? scaleReports : [];
  return ["loss", "gradient_norm", "learning_rate", ...fitted];
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

/** The slots of each parameter, with the value that their entries start from. */
export function slotsOf(optimizer: NormalOptimizer): readonly (readonly [name: string, initial: number])[] {
  const own = optimizerOf(optimizer).slots();
  // The parameters are then the averages, which is what everyone else reads; the weights that are updated lie in a slot.
  return Object.entries({ ...own, ...(optimizer.average !== null && { [LATEST]: 0 }) });
}

/** A parameter as it is carried: its value, and its slots by their names. */
export interface Carried {
  readonly parameter: Value;
  readonly slots: Readonly<Record<string, Value>>;
}

/** Inputs for the slots of a parameter: all of them, or some. */
export function openSlots(
  b: Builder,
  parameter: Value,
  optimizer: NormalOptimizer,
  wanted = (_: string) => true,
): Carried {
  const names = slotsOf(optimizer).flatMap(([name]) => (wanted(name) ? [name] : []));
  const slots = names.map((name) => [name, b.input(`${parameter.name}/${name}`, parameter.type)] as const);
  return { parameter, slots: Object.fromEntries(slots) };
}

/** Of the slots, the one that `trainedWeights` needs. */
export const holdsLatest = (name: string) => name === LATEST;

/** The weights that are trained: the parameters themselves, or where those are averages the latest ones. */
export function trainedWeights(b: Builder, carried: readonly Carried[], step: Value): readonly Value[] {
  if (carried.every(({ slots }) => slots[LATEST] === undefined)) return carried.map(({ parameter }) => parameter);
  // Before the first update there is one set of weights, whose value is not known here.
  const isFirst = b.equal(step, 0);
  return carried.map(({ parameter, slots }) =>
    b.where(isFirst, parameter, present(slots[LATEST], `the latest ${parameter.name}`)),
  );
}

/** What an update reads. */
type Operands = Carried & { readonly weights: Value; readonly gradient: Value };

/** Several operands as one. */
function packOperands(b: Builder, operands: readonly Operands[]): Operands {
  const of = (part: (one: Operands) => Value) => pack(b, operands.map(part));
  const slots = Object.keys(at(operands, 0).slots).map((name) => [name, of((one) => one.slots[name] as Value)]);
  const parameter = of((one) => one.parameter);
  const areTrained = operands.every((one) => one.parameter === one.weights);
  return {
    parameter,
    weights: areTrained ? parameter : of((one) => one.weights),
    gradient: of((one) => one.gradient),
    slots: Object.fromEntries(slots),
  };
}

/** The parts of what was carried as one. */
function unpackCarried(b: Builder, { parameter, slots }: Carried, like: readonly Carried[]): readonly Carried[] {
  const shapes = like.map((one) => one.parameter);
  const parts = Object.entries(slots).map(([name, value]) => [name, unpack(b, value, shapes)] as const);
  return unpack(b, parameter, shapes).map((part, index) => ({
    parameter: part,
    slots: Object.fromEntries(parts.map(([name, values]) => [name, at(values, index)])),
  }));
}

/** What an update reads besides. */
interface UpdateContext {
  readonly step: Value;
  readonly rateScale: Value | null;
  /** By which the gradients are too large. */
  readonly scaling: LossScale | null;
}

/** The carried values after one update. */
interface Updated {
  readonly next: readonly Carried[];
  /** Those of the loss's scale. */
  readonly scale: readonly Value[];
  /** The norm of its gradient before clipping, its learning rate, and what the scale reports. */
  readonly reported: readonly Value[];
}

export function updated(
  b: Builder,
  optimizer: NormalOptimizer,
  operands: readonly Operands[],
  { step, rateScale, scaling }: UpdateContext,
): Updated {
  const definition = optimizerOf(optimizer);
  const { average, schedule } = optimizer;
  const small = smallOnes(operands.map(({ parameter }) => parameter));
  const together = small.map((place) => at(operands, place));
  const alone = operands.filter((_, place) => !small.includes(place));
  const carried = together.length === 0 ? alone : [...alone, packOperands(b, together)];
  const unit = scaling === null ? null : b.div(1, scaling.scale);
  const { gradients, norm } = clipped(
    b,
    optimizer.clip,
    carried.map(({ gradient }) => (unit === null ? gradient : b.mul(gradient, unit))),
  );
  const fitted = scaling && refit(b, scaling, norm);
  const n = b.cast(step, "float32");
  const factor = scheduleFactor(schedule, b, n);
  const scaled = rateScale === null ? factor : b.mul(factor, rateScale);
  const rate = b.named(b.mul(scaled, optimizer.learning_rate), "learning_rate");
  // Updates that were left out count for the schedule, which goes by steps, and not for the optimizer.
  const t = b.add(scaling?.fitted ? b.sub(n, scaling.fitted.skipped) : n, 1);
  const made = carried.map(({ parameter, slots, weights }, index): Carried => {
    const gradient = at(gradients, index);
    const after = definition.update(undefined, b, { parameter: weights, gradient, slots, rate, t });
    const next =
      average === null
        ? after
        : {
            parameter: movingAverage(b, average.decay, parameter, after.parameter),
            slots: { ...after.slots, [LATEST]: after.parameter },
          };
    return fitted === null ? next : chosen(b, fitted.made, next, { parameter, slots });
  });
  const last = made.at(-1);
  const parts = together.length === 0 || last === undefined ? [] : unpackCarried(b, last, together);
  const own = made.values();
  const next = operands.map((_, place): Carried => {
    const found = small.includes(place) ? parts[small.indexOf(place)] : own.next().value;
    return present(found, "an updated parameter");
  });
  return {
    next,
    scale: fitted?.next ?? [],
    reported: [fitted?.norm ?? norm, rate, ...(fitted?.reported ?? [])],
  };
}

/** What is carried after an update where a condition holds, and before it elsewhere. */
function chosen(b: Builder, condition: Value, after: Carried, before: Carried): Carried {
  const slots = Object.entries(after.slots).map(([name, value]) => {
    return [name, b.where(condition, value, before.slots[name] as Value)] as const;
  });
  return { parameter: b.where(condition, after.parameter, before.parameter), slots: Object.fromEntries(slots) };
}

/** The input that scales the learning rate, where a plateau changes it. */
export function openRateScale(b: Builder, { schedule }: NormalOptimizer): Value | null {
  return schedule.type === "plateau" ? b.input("rate_scale", { dtype: "float32", shape: [] }) : null;
}

/** The next parameters, and the next slots in the order of `slotsOf`. */
export function carriedOutputs(next: readonly Carried[], optimizer: NormalOptimizer) {
  return {
    parameters: next.map(({ parameter }) => parameter),
    slots: next.flatMap(({ slots }) => slotsOf(optimizer).map(([name]) => slots[name] as Value)),
  };
}

/**
 * @param graph one forward and backward pass. Outputs: the loss, the next value of each state in `ports`, then a gradient per
 * parameter in `ports`.
 * @param ports what the graph's inputs are; where it computes in float16, the loss's scale comes after them.
 */
export function withUpdate(
  graph: Graph,
  ports: readonly InputPort[],
  optimizer: NormalOptimizer,
  precision: NormalPrecision = "float32",
): StepGraph {
  const b = graphBuilder(graph.name);
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
  const carried = parameters.map((parameter) => openSlots(b, parameter, optimizer));
  const scaling = openLossScale(b, precision);
  const step = open("step")[0] ?? b.input("step", { dtype: "int64", shape: [] });
  const rateScale = openRateScale(b, optimizer);
  open("frozen");
  open("data");

  const weights = trainedWeights(b, carried, step);
  const given = ports.map((_, index) => {
    const input = inputs.get(index) as Value;
    return weights[parameters.indexOf(input)] ?? input;
  });
  const results = inline(b, graph, scaling === null ? given : [...given, scaling.scale]);
  const loss = at(results, 0);
  const rest = results.slice(1);
  const nextStates = rest.slice(0, states.length);
  const gradients = rest.slice(states.length);
  const operands = carried.map((one, index) => ({
    ...one,
    weights: at(weights, index),
    gradient: at(gradients, index),
  }));
  const { next, scale, reported } = updated(b, optimizer, operands, { step, rateScale, scaling });
  const made = carriedOutputs(next, optimizer);
  const small = smallOnes(parameters);
  const names = slotsOf(optimizer);
  const slotPlace = (parameter: number, slot: number) =>
    parameters.length + states.length + parameter * names.length + slot;
  return {
    packs:
      small.length === 0
        ? []
        : [small, ...names.map((_, slot) => small.map((parameter) => slotPlace(parameter, slot)))],
    graph: b.finish([...made.parameters, ...nextStates, ...made.slots, ...scale, b.add(step, 1), loss, ...reported]),
    states: ports.filter(({ role }) => role === "state").map(({ name }) => name),
    slots: [
      ...parameters.flatMap((parameter, index) =>
        slotsOf(optimizer).map(([name, value]) => ({
          name: `${parameter.name}/${name}`,
          parameter: index,
          initial: value,
        })),
      ),
      ...scaleSlots(precision).map((slot) => ({ ...slot, parameter: null })),
    ],
    fixed: [
      ...(rateScale === null ? [] : [{ name: "rate_scale", role: "rate_scale" as const }]),
      ...ports.flatMap(({ name, role }) => (role === "frozen" ? [{ name, role }] : [])),
    ],
    reported: reportedBy(scaling),
  };
}
