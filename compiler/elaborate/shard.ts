/** One step in two halves, for processes that share a batch: each makes the gradient of its rows, all make the same update. */
import type { NormalOptimizer, NormalPrecision } from "../../schema/normal.js";
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import { elements } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Graph, Value } from "../ir/types.js";
import { ofSums } from "./accumulate.js";
import { openLossScale, openScale, scaleSlots } from "./loss-scale.js";
import type { LossValue } from "./losses/operands.js";
import type { InputPort } from "./program.js";
import {
  carriedOutputs,
  holdsLatest,
  openRateScale,
  openSlots,
  type Reported,
  reportedBy,
  slotsOf,
  trainedWeights,
  updated,
} from "./update.js";

/** A half, with what stands at its inputs. */
export interface ShardHalf {
  readonly graph: Graph;
  readonly inputs: readonly {
    readonly name: string;
    readonly role: InputPort["role"] | "slot" | "rate_scale" | "gradient";
  }[];
  /** Of the second half, as of a step: what comes after what is carried. */
  readonly reported: readonly Reported[];
}

/**
 * The first half.
 *
 * @param graph sums over some rows. Outputs: total and count of the loss, the next value of each state in `ports`, then a gradient
 * of the total per parameter in `ports`.
 * @returns outputs: the next states; then one vector of all gradients (as large as the loss's scale makes them), the total and the count,
 * which adds up over the rows.
 */
export function gradientHalf(
  graph: Graph,
  ports: readonly InputPort[],
  optimizer: NormalOptimizer,
  precision: NormalPrecision,
): ShardHalf {
  const b = graphBuilder(`${graph.name}/gradient`);
  const inputs = ports.map(({ name }, index) => b.input(name, at(graph.inputs, index).type));
  const roles = ports.map(({ name, role }): ShardHalf["inputs"][number] => ({ name, role }));
  const parameters = inputs.filter((_, index) => ports[index]?.role === "parameter");
  const carried = parameters.map((parameter) => openSlots(b, parameter, optimizer, holdsLatest));
  const known = inputs.find((_, index) => ports[index]?.role === "step");
  const added =
    known === undefined && optimizer.average !== null ? b.input("step", { dtype: "int64", shape: [] }) : null;
  const step = known ?? added;
  const weights = step === null ? parameters : trainedWeights(b, carried, step);

  const states = ports.filter(({ role }) => role === "state").length;
  const scale = openScale(b, precision);
  const given = inputs.map((input) => weights[parameters.indexOf(input)] ?? input);
  const results = inline(b, graph, scale === null ? given : [...given, scale]);
  const rest = results.slice(2);
  const sums = [...rest.slice(states), at(results, 0), at(results, 1)].map((sum) =>
    b.reshape(sum, [elements(sum.type.shape)]),
  );
  const latest = carried.flatMap(({ slots }) => Object.values(slots).map(({ name = "" }) => name));
  return {
    graph: b.finish([...rest.slice(0, states), b.named(b.concat(sums, 0), "gradient")]),
    inputs: [
      ...roles,
      ...latest.map((name) => ({ name, role: "slot" as const })),
      ...(added === null ? [] : [{ name: "step", role: "step" as const }]),
      ...scaleSlots(precision)
        .slice(0, 1)
        .map(({ name }) => ({ name, role: "slot" as const })),
    ],
    reported: [],
  };
}

/**
 * The second half, from the vector of sums over the whole batch.
 *
 * @param parameters the trained ones.
 * @returns outputs: the next parameters, slots and step, then loss and gradient norm.
 */
export function updateHalf(
  name: string,
  parameters: readonly Value[],
  { optimizer, precision }: { readonly optimizer: NormalOptimizer; readonly precision: NormalPrecision },
  kind: LossValue["parts"],
): ShardHalf {
  const b = graphBuilder(`${name}/update`);
  const carried = parameters
    .map((parameter) => b.input(parameter.name, parameter.type))
    .map((parameter) => openSlots(b, parameter, optimizer));
  const scaling = openLossScale(b, precision);
  const step = b.input("step", { dtype: "int64", shape: [] });
  const rateScale = openRateScale(b, optimizer);
  const sizes = parameters.map(({ type }) => type.shape.reduce((product: number, dim) => product * Number(dim), 1));
  const entries = sizes.reduce((sum, size) => sum + size, 0);
  const sums = b.input("gradient", { dtype: "float32", shape: [entries + 2] });

  const scalar = (place: number) => b.reshape(b.slice(sums, 0, place, place + 1), []);
  const count = scalar(entries + 1);
  let end = 0;
  const gradients = parameters.map(({ type }, index) => {
    const start = end;
    end += at(sizes, index);
    return b.reshape(b.slice(sums, 0, start, end), type.shape);
  });
  const means = ofSums(b, [scalar(entries), ...gradients], count, kind);
  const weights = trainedWeights(b, carried, step);
  const operands = carried.map((one, index) => ({
    ...one,
    weights: at(weights, index),
    gradient: at(means, index + 1),
  }));
  const { next, scale, reported } = updated(b, optimizer, operands, { step, rateScale, scaling });
  const made = carriedOutputs(next, optimizer);
  const slots = [
    ...parameters.flatMap((parameter) => slotsOf(optimizer).map(([slot]) => `${parameter.name}/${slot}`)),
    ...scaleSlots(precision).map(({ name }) => name),
  ];
  return {
    graph: b.finish([...made.parameters, ...made.slots, ...scale, b.add(step, 1), at(means, 0), ...reported]),
    inputs: [
      ...parameters.map(({ name = "" }) => ({ name, role: "parameter" as const })),
      ...slots.map((slot) => ({ name: slot, role: "slot" as const })),
      { name: "step", role: "step" },
      ...(rateScale === null ? [] : [{ name: "rate_scale", role: "rate_scale" as const }]),
      { name: "gradient", role: "gradient" },
    ],
    reported: reportedBy(scaling),
  };
}
