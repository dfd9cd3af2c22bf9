/** The forward program: a graph whose inputs and outputs have roles. */
import { holdsWeights, type Initializer, type MetricFinalizer, type Role } from "../artifact.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import type { Graph, Value } from "../ir/types.js";

export interface InputPort {
  readonly name: string;
  readonly role: Extract<Role, "parameter" | "frozen" | "buffer" | "state" | "step" | "shard" | "count" | "data">;
  /** The initial value of a parameter; null for data, and where its shape depends on the data. */
  readonly initializer: Initializer | null;
}

export interface OutputPort {
  readonly name: string;
  /**
   * With micro-batches or data parallelism the role `loss` has the outputs `loss`, `loss/total` and `loss/count`; where
   * losses have counts of their own also `loss/counts`, which the input of the role `count` is the sum of.
   */
  readonly role: Extract<Role, "loss" | "metric" | "prediction" | "buffer" | "state">;
}

/**
 * The loss of a batch as a function of its micro-batches: `mean`, the sum of totals by the sum of counts; `sum`, the
 * sum of totals; `indivisible`, no function of totals and counts.
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

/** The weights of an attention layer. */
export interface AttentionOutput {
  readonly layer: string;
  /** [batch, heads, steps, memory steps], without heads [batch, steps, memory steps]. */
  readonly weights: Value;
  /** The valid steps of the query and of the memory, [batch]; null where all are valid. */
  readonly querySteps: Value | null;
  readonly memorySteps: Value | null;
}

/**
 * Ports have the positions of the graph's inputs and outputs. Inputs: parameters, frozen, buffers, states, step, shard,
 * count, data.
 */
export interface Program {
  readonly graph: Graph;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly layers: readonly LayerOutput[];
  readonly attention: readonly AttentionOutput[];
  /** The finalizer of each metric's accumulators. */
  readonly metrics: Readonly<Record<string, MetricFinalizer>>;
  readonly batching: LossBatching;
  /** Notices for the user. */
  readonly notices: readonly string[];
}

/** True for trained parameters; outside of training for all parameters. */
export function isParameter({ role }: InputPort): boolean {
  return role === "parameter";
}

/** The subprogram of some outputs: without nodes and data that they do not depend on. All weights remain. */
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
