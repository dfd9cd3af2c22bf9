/** One training step as a graph: loss and gradients of a batch, then the update. */
import type { NormalPrecision } from "../../schema/normal/index.js";
import type { InputPort } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { at } from "../ir/expect.js";
import type { Graph, Shape, Value } from "../ir/types.js";
import {
  applyGradients,
  carriedOutputs,
  openRateScale,
  openSlots,
  type ReportedRole,
  reportedRoles,
  slotsOf,
  trainedWeights,
} from "./apply-gradients.js";
import { openLossScale, scaleSlots } from "./loss-scale.js";
import type { ResolvedOptimizer } from "./resolve-optimizer.js";
import { flatGroupsOf } from "./update-units.js";

/** One training step as a graph, and the meaning of its inputs and outputs. */
export interface StepGraph {
  /**
   * Inputs: parameters, buffers, states, slots and step, which are carried from step to step; then those of `fixed`;
   * then data. Outputs: the next carried values, then those of `reported`.
   */
  readonly graph: Graph;
  /** Buffers, then the carried states of stateful layers: `rnn/0/h`. */
  readonly carriedForward: readonly { readonly name: string; readonly role: "buffer" | "state" }[];
  /**
   * Slots by parameter and name, `rnn/0/W/m`, with the initial value of their entries; then scalars of no parameter.
   */
  readonly slots: readonly {
    readonly name: string;
    readonly parameter: number | null;
    readonly initial: number;
    readonly shape: Shape;
  }[];
  /**
   * Indices of carried inputs that the loop over steps carries as one vector: small parameters, and each of their
   * slots.
   */
  readonly flatGroups: readonly (readonly number[])[];
  /** Inputs that are constant within a call: the learning-rate scale of a plateau schedule, and frozen parameters. */
  readonly fixed: readonly { readonly name: string; readonly role: "rate_scale" | "frozen" }[];
  /** One float32 scalar each per step, named by its role. */
  readonly reported: readonly ReportedRole[];
}

/**
 * The training step of a gradient graph.
 *
 * @param graph one forward and backward pass. Outputs: the loss, the next value of each buffer and state in
 * `ports`, then a gradient per parameter in `ports`.
 * @param ports ports of the graph's inputs; with mixed precision the loss scale is one more input after them.
 * @returns the step, with positions and names of its inputs and outputs.
 */
export function buildStepGraph(
  graph: Graph,
  ports: readonly InputPort[],
  optimizer: ResolvedOptimizer,
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
  const buffers = openRole("buffer");
  const carriedForward = [...buffers, ...openRole("state")];
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
  const nextForward = rest.slice(0, carriedForward.length);
  const gradients = rest.slice(carriedForward.length);
  const operands = parameterStates.map((state, index) => ({
    ...state,
    weights: at(weights, index),
    gradient: at(gradients, index),
  }));
  const { next, scale, reported, isSkipped } = applyGradients(b, optimizer, operands, { step, rateScale, scaling });
  // A skipped step leaves the statistics of its activations out: they may have overflowed.
  const nextBuffers = buffers.map((buffer, index) => {
    const after = at(nextForward, index);
    return isSkipped === null ? after : b.where(isSkipped, buffer, after);
  });
  const outputs = carriedOutputs(next, optimizer, parameters);
  const parameterSlots = parameters.flatMap((parameter, index) =>
    slotsOf(optimizer, parameter).map(({ name, initial, shape }) => ({
      slot: name,
      name: `${parameter.name}/${name}`,
      parameter: index,
      initial,
      shape,
    })),
  );
  /** The carried inputs that hold one slot of the parameters of a group. */
  const slotGroup = (group: readonly number[], wanted: string) =>
    parameterSlots.flatMap(({ slot, parameter }, index) =>
      slot === wanted && group.includes(parameter) ? [parameters.length + carriedForward.length + index] : [],
    );
  const flatGroups = flatGroupsOf(optimizer, parameters).flatMap((group) => [
    group,
    ...slotsOf(optimizer, at(parameters, at(group, 0))).map(({ name }) => slotGroup(group, name)),
  ]);
  return {
    flatGroups,
    graph: b.finish([
      ...outputs.parameters,
      ...nextBuffers,
      ...nextForward.slice(buffers.length),
      ...outputs.slots,
      ...scale,
      b.add(step, 1),
      loss,
      ...reported,
    ]),
    carriedForward: carriedForward.map(({ name = "" }, index) => ({
      name,
      role: index < buffers.length ? ("buffer" as const) : ("state" as const),
    })),
    slots: [
      ...parameterSlots.map(({ slot: _, ...stored }) => stored),
      ...scaleSlots(precision).map((slot) => ({ ...slot, parameter: null, shape: [] })),
    ],
    fixed: [
      ...(rateScale === null ? [] : [{ name: "rate_scale", role: "rate_scale" as const }]),
      ...ports.flatMap(({ name, role }) => (role === "frozen" ? [{ name, role }] : [])),
    ],
    reported: reportedRoles(scaling),
  };
}
