/** The optimizer's half of a training step: from gradients to new parameters and slots. */
import type { NormalOptimizer, NormalPrecision } from "../../schema/normal/index.js";
import type { InputPort } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Graph, Value } from "../ir/types.js";
import { flatten, smallTensorIndices, unflatten } from "./flatten.js";
import { type LossScale, openLossScale, scaleReports, scaleSlots, updateScale } from "./loss-scale.js";
import { optimizerOf } from "./optimizers/index.js";
import { movingAverage } from "./optimizers/optimizer.js";
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
  readonly flatGroups: readonly (readonly number[])[];
  /** What does not change within a call: the scale of the learning rate, where a plateau changes it, and frozen parameters. */
  readonly fixed: readonly { readonly name: string; readonly role: "rate_scale" | "frozen" }[];
  /** One number each per step, named by its role. */
  readonly reported: readonly ReportedRole[];
}

export type ReportedRole = "loss" | "gradient_norm" | "learning_rate" | (typeof scaleReports)[number];

export function reportedRoles(scaling: LossScale | null): readonly ReportedRole[] {
  const dynamicRoles = scaling?.dynamic ? scaleReports : [];
  return ["loss", "gradient_norm", "learning_rate", ...dynamicRoles];
}

/** The slot of the weights themselves, where parameters are their averages. */
const RAW_WEIGHTS = "latest";

/** The gradients clipped, and the global norm before: sqrt of the sum of squares over all entries of all parameters. */
function clipGradients(b: Builder, clip: NormalOptimizer["clip"], gradients: readonly Value[]) {
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
  const optimizerSlots = optimizerOf(optimizer).slots();
  // The parameters are then the averages, which is what everyone else reads; the weights that are updated lie in a slot.
  return Object.entries({ ...optimizerSlots, ...(optimizer.average !== null && { [RAW_WEIGHTS]: 0 }) });
}

/** A parameter as it is carried: its value, and its slots by their names. */
export interface ParameterState {
  readonly parameter: Value;
  readonly slots: Readonly<Record<string, Value>>;
}

/** Inputs for the slots of a parameter: all of them, or some. */
export function openSlots(
  b: Builder,
  parameter: Value,
  optimizer: NormalOptimizer,
  isWanted = (_: string) => true,
): ParameterState {
  const names = slotsOf(optimizer).flatMap(([name]) => (isWanted(name) ? [name] : []));
  const slots = names.map((name) => [name, b.input(`${parameter.name}/${name}`, parameter.type)] as const);
  return { parameter, slots: Object.fromEntries(slots) };
}

/** Of the slots, the one that `trainedWeights` needs. */
export const isRawWeights = (name: string) => name === RAW_WEIGHTS;

/** The weights that are trained: the parameters themselves, or where those are averages the latest ones. */
export function trainedWeights(b: Builder, parameterStates: readonly ParameterState[], step: Value): readonly Value[] {
  if (parameterStates.every(({ slots }) => slots[RAW_WEIGHTS] === undefined))
    return parameterStates.map(({ parameter }) => parameter);
  // Before the first update there is one set of weights, whose value is not known here.
  const isFirst = b.equal(step, 0);
  return parameterStates.map(({ parameter, slots }) =>
    b.where(isFirst, parameter, expectDefined(slots[RAW_WEIGHTS], `the latest ${parameter.name}`)),
  );
}

/** What an update reads. */
type GradientOperands = ParameterState & { readonly weights: Value; readonly gradient: Value };

/** Several operands as one. */
function flattenOperands(b: Builder, operands: readonly GradientOperands[]): GradientOperands {
  const of = (select: (operand: GradientOperands) => Value) => flatten(b, operands.map(select));
  const slots = Object.keys(at(operands, 0).slots).map((name) => [name, of((operand) => operand.slots[name] as Value)]);
  const parameter = of((operand) => operand.parameter);
  const areTrained = operands.every((operand) => operand.parameter === operand.weights);
  return {
    parameter,
    weights: areTrained ? parameter : of((operand) => operand.weights),
    gradient: of((operand) => operand.gradient),
    slots: Object.fromEntries(slots),
  };
}

/** The parts of what was carried as one. */
function unflattenState(
  b: Builder,
  { parameter, slots }: ParameterState,
  like: readonly ParameterState[],
): readonly ParameterState[] {
  const shapes = like.map((state) => state.parameter);
  const slotValues = Object.entries(slots).map(([name, value]) => [name, unflatten(b, value, shapes)] as const);
  return unflatten(b, parameter, shapes).map((entries, index) => ({
    parameter: entries,
    slots: Object.fromEntries(slotValues.map(([name, values]) => [name, at(values, index)])),
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
interface AppliedUpdate {
  readonly next: readonly ParameterState[];
  /** Those of the loss's scale. */
  readonly scale: readonly Value[];
  /** The norm of its gradient before clipping, its learning rate, and what the scale reports. */
  readonly reported: readonly Value[];
}

export function applyGradients(
  b: Builder,
  optimizer: NormalOptimizer,
  operands: readonly GradientOperands[],
  { step, rateScale, scaling }: UpdateContext,
): AppliedUpdate {
  const definition = optimizerOf(optimizer);
  const { average, schedule } = optimizer;
  const smallIndices = smallTensorIndices(operands.map(({ parameter }) => parameter));
  const smallOperands = smallIndices.map((index) => at(operands, index));
  const largeOperands = operands.filter((_, index) => !smallIndices.includes(index));
  const groups = smallOperands.length === 0 ? largeOperands : [...largeOperands, flattenOperands(b, smallOperands)];
  const inverseScale = scaling === null ? null : b.div(1, scaling.scale);
  const { gradients, norm } = clipGradients(
    b,
    optimizer.clip,
    groups.map(({ gradient }) => (inverseScale === null ? gradient : b.mul(gradient, inverseScale))),
  );
  const scaleUpdate = scaling && updateScale(b, scaling, norm);
  const n = b.cast(step, "float32");
  const factor = scheduleFactor(schedule, b, n);
  const scaled = rateScale === null ? factor : b.mul(factor, rateScale);
  const rate = b.withName(b.mul(scaled, optimizer.learning_rate), "learning_rate");
  // Updates that were left out count for the schedule, which goes by steps, and not for the optimizer.
  const t = b.add(scaling?.dynamic ? b.sub(n, scaling.dynamic.skipped) : n, 1);
  const updates = groups.map(({ parameter, slots, weights }, index): ParameterState => {
    const gradient = at(gradients, index);
    const after = definition.update(undefined, b, { parameter: weights, gradient, slots, rate, t });
    const next =
      average === null
        ? after
        : {
            parameter: movingAverage(b, average.decay, parameter, after.parameter),
            slots: { ...after.slots, [RAW_WEIGHTS]: after.parameter },
          };
    return scaleUpdate === null ? next : selectIfFinite(b, scaleUpdate.isGradientFinite, next, { parameter, slots });
  });
  const flattenedUpdate = updates.at(-1);
  const unflattened =
    smallOperands.length === 0 || flattenedUpdate === undefined
      ? []
      : unflattenState(b, flattenedUpdate, smallOperands);
  const remainingUpdates = updates.values();
  const next = operands.map((_, index): ParameterState => {
    const updatedState = smallIndices.includes(index)
      ? unflattened[smallIndices.indexOf(index)]
      : remainingUpdates.next().value;
    return expectDefined(updatedState, "an updated parameter");
  });
  return {
    next,
    scale: scaleUpdate?.next ?? [],
    reported: [scaleUpdate?.norm ?? norm, rate, ...(scaleUpdate?.reported ?? [])],
  };
}

/** What is carried after an update where a condition holds, and before it elsewhere. */
function selectIfFinite(b: Builder, condition: Value, after: ParameterState, before: ParameterState): ParameterState {
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
export function carriedOutputs(next: readonly ParameterState[], optimizer: NormalOptimizer) {
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
export function buildStepGraph(
  graph: Graph,
  ports: readonly InputPort[],
  optimizer: NormalOptimizer,
  precision: NormalPrecision = "float32",
): StepGraph {
  const b = graphBuilder(graph.name);
  const inputs = new Map<number, Value>();
  const openRole = (role: InputPort["role"]): readonly Value[] =>
    ports.flatMap((port, index) => {
      const declared = graph.inputs[index];
      if (port.role !== role || declared === undefined) return [];
      const value = b.input(port.name, declared.type);
      inputs.set(index, value);
      return [value];
    });
  const parameters = openRole("parameter");
  const states = openRole("state");
  const parameterStates = parameters.map((parameter) => openSlots(b, parameter, optimizer));
  const scaling = openLossScale(b, precision);
  const step = openRole("step")[0] ?? b.input("step", { dtype: "int64", shape: [] });
  const rateScale = openRateScale(b, optimizer);
  openRole("frozen");
  openRole("data");

  const weights = trainedWeights(b, parameterStates, step);
  const inputValues = ports.map((_, index) => {
    const input = inputs.get(index) as Value;
    return weights[parameters.indexOf(input)] ?? input;
  });
  const results = inline(b, graph, scaling === null ? inputValues : [...inputValues, scaling.scale]);
  const loss = at(results, 0);
  const rest = results.slice(1);
  const nextStates = rest.slice(0, states.length);
  const gradients = rest.slice(states.length);
  const operands = parameterStates.map((state, index) => ({
    ...state,
    weights: at(weights, index),
    gradient: at(gradients, index),
  }));
  const { next, scale, reported } = applyGradients(b, optimizer, operands, { step, rateScale, scaling });
  const outputs = carriedOutputs(next, optimizer);
  const smallIndices = smallTensorIndices(parameters);
  const names = slotsOf(optimizer);
  const slotIndex = (parameter: number, slot: number) =>
    parameters.length + states.length + parameter * names.length + slot;
  return {
    flatGroups:
      smallIndices.length === 0
        ? []
        : [smallIndices, ...names.map((_, slot) => smallIndices.map((parameter) => slotIndex(parameter, slot)))],
    graph: b.finish([
      ...outputs.parameters,
      ...nextStates,
      ...outputs.slots,
      ...scale,
      b.add(step, 1),
      loss,
      ...reported,
    ]),
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
    reported: reportedRoles(scaling),
  };
}
