/** The forward program: a graph whose inputs and outputs have roles. */

import type { Initializer, MetricFinalizer, Role } from "../artifact.js";
import { restrictGraph } from "../graph/restrict.js";
import type { Graph, Value } from "../ir/types.js";

export interface InputPort {
  readonly name: string;
  readonly role: Extract<Role, "parameter" | "frozen" | "state" | "step" | "shard" | "data">;
  /** How a parameter starts; null for data, and where the data must say a size first. */
  readonly initializer: Initializer | null;
}

export interface OutputPort {
  readonly name: string;
  /** Beside the `loss` stand its `loss/total` and `loss/count`, where it is made of portions of a batch. */
  readonly role: Extract<Role, "loss" | "metric" | "prediction" | "state">;
}

/**
 * How the loss of a batch follows from its micro-batches: `mean`, the sum of totals by the sum of counts; `sum`, the sum of
 * totals; `indivisible`, not from totals and counts.
 */
export type LossBatching = "mean" | "sum" | "indivisible";

/** The output of one layer, batch first, for reports. */
export interface LayerOutput {
  readonly name: string;
  readonly layer: string;
  readonly shape: readonly (number | string)[];
  /** The value in the graph, time-major where it is a sequence. */
  readonly value: Value;
  readonly sequence: boolean;
}

/** Ports stand at the positions of the graph's inputs and outputs. Inputs come in the order parameters, frozen ones, states, step, shard, data. */
export interface Program {
  readonly graph: Graph;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly layers: readonly LayerOutput[];
  /** What is made of the tallies of each metric. */
  readonly metrics: Readonly<Record<string, MetricFinalizer>>;
  readonly batching: LossBatching;
}

/** Of tensors of weights, in training the trained ones. */
export function isParameter({ role }: InputPort): boolean {
  return role === "parameter";
}

/** Of all tensors of weights. */
export function holdsWeights({ role }: InputPort): boolean {
  return role === "parameter" || role === "frozen";
}

/** The part of a program that makes some outputs: without the nodes, the data and the outputs that it can spare. */
export function restrictToOutputs(program: Program, keep: (port: OutputPort) => boolean): Program {
  const { graph } = program;
  const keptIndices = program.outputs.flatMap((port, index) => (keep(port) ? [index] : []));
  const outputs = keptIndices.map((index) => graph.outputs[index] as Value);
  const { graph: restricted, live } = restrictGraph(graph, outputs);
  const inputs = program.inputs.flatMap((port, index) =>
    holdsWeights(port) || live.has(graph.inputs[index] as Value) ? [index] : [],
  );
  return {
    ...program,
    graph: { ...restricted, inputs: inputs.map((index) => graph.inputs[index] as Value) },
    inputs: inputs.map((index) => program.inputs[index] as InputPort),
    outputs: keptIndices.map((index) => program.outputs[index] as OutputPort),
  };
}
