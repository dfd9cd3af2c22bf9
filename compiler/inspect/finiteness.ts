/**
 * The probe of a training step: a model that finds the first value of a step that is not finite. It computes the loss
 * and the gradients of one batch without optimization passes, so that every value belongs to an equation or a layer of
 * the spec.
 */

import type { NormalSpec } from "../../schema/normal/index.js";
import type { Port, Role } from "../artifact.js";
import { elaborate } from "../elaborate/index.js";
import { graphBuilder } from "../graph/builder.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { expectDefined } from "../ir/expect.js";
import { interfaceType } from "../ir/float16.js";
import type { Graph, Value } from "../ir/types.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { buildTrainingStep, elaborateTraining } from "../pipeline/training-step.js";
import type { Signature } from "../signature.js";
import { equationValue, type ProbedValue, type ProbeGroup, probedValues } from "./probed-values.js";

export { firstNonFinite, type NonFiniteValue, type ProbedValue } from "./probed-values.js";

/** An output of the probe: for each value 0 where all its entries are finite, else NaN. */
export interface ProbeOutput extends Pick<ProbeGroup, "direction"> {
  /** The name of an output [value], of a loop [value, step]. */
  readonly output: string;
  readonly values: readonly ProbedValue[];
}

export interface Probe {
  readonly model: Uint8Array;
  readonly inputs: readonly Port[];
  /** In the order of computation. */
  readonly probeOutputs: readonly ProbeOutput[];
  /** The number of micro-batches of a batch, each of which is one run of the model. */
  readonly microBatches: number;
}

/** @returns undefined where the spec has problems. */
export async function probe(spec: NormalSpec, signature: Signature): Promise<Probe | undefined> {
  const result = elaborateTraining({ spec, signature, options: {} });
  if (!result.ok) return undefined;
  const { lossProgram, microBatches } = result.program;
  const { differentiated, groups } = probedValues(lossProgram);
  const rolesOf = new Map(lossProgram.inputs.map(({ name, role }) => [name, role]));
  return emitProbe(spec, differentiated, groups, { rolesOf, microBatches });
}

/**
 * The probe of the update of a batch: of the equations of an optimizer of the spec.
 *
 * @returns undefined where the spec has problems, or no such optimizer.
 */
export async function probeUpdate(spec: NormalSpec, signature: Signature): Promise<Probe | undefined> {
  if (spec.optimizer.type !== "custom") return undefined;
  const result = buildTrainingStep(spec, signature);
  if (!result.ok) return undefined;
  const { lossProgram, unoptimizedStep, step } = result.trainingStep;
  const groups = equationGroups(unoptimizedStep, "optimizer");
  const rolesOf = new Map<string, Role>([
    ...lossProgram.inputs.map(({ name, role }) => [name, role] as const),
    ...step.slots.map(({ name }) => [name, "slot"] as const),
    ...step.fixed.map(({ name, role }) => [name, role] as const),
    ["step", "step"],
  ]);
  return emitProbe(spec, unoptimizedStep, groups, { rolesOf, microBatches: 1 });
}

/**
 * The probe of an evaluation: of the equations of a metric of the spec.
 *
 * @returns undefined where the spec has problems, or no such metric.
 */
export async function probeMetric(spec: NormalSpec, signature: Signature, name: string): Promise<Probe | undefined> {
  const result = elaborate(spec, signature, "evaluation");
  if (!result.ok) return undefined;
  const { graph, inputs } = result.program;
  const groups = equationGroups(graph, "metric", name);
  if (groups.length === 0) return undefined;
  const values = groups.flatMap((group) => group.values.map(({ value }) => value));
  const { graph: restricted, live } = restrictGraph(graph, values);
  const rolesOf = new Map(inputs.map((port) => [port.name, port.role]));
  const read = restricted.inputs.filter((input) => live.has(input));
  return emitProbe(spec, { ...restricted, inputs: read }, groups, { rolesOf, microBatches: 1 });
}

/** The values of the equations of a kind, in the order of computation. */
function equationGroups({ nodes }: Graph, kind: "optimizer" | "metric", name?: string): readonly ProbeGroup[] {
  return nodes.flatMap((node): readonly ProbeGroup[] => {
    const probed = equationValue(node, kind);
    const values = node.outputs.filter(({ type }) => type.dtype === "float32");
    if (probed === undefined || values.length === 0 || (name ?? probed.origin?.name) !== probed.origin?.name) return [];
    return [{ values: values.map((value) => ({ value, probed })), direction: null }];
  });
}

async function emitProbe(
  spec: NormalSpec,
  probed: Graph,
  groups: readonly ProbeGroup[],
  { rolesOf, microBatches }: Pick<Probe, "microBatches"> & { readonly rolesOf: ReadonlyMap<string, Role> },
): Promise<Probe> {
  const { graph, probeOutputs } = withProbes(probed, groups);
  const { emitModel } = await import("../onnx/write/model.js");
  const inputs = graph.inputs.map(({ name = "", type: { dtype, shape } }): Port => {
    return { name, role: expectDefined(rolesOf.get(name), name), dtype: interfaceType(dtype), shape };
  });
  const model = emitModel(graph, {
    name: `${spec.name}/probe`,
    opset: TRAINING_OPSET,
    irVersion: IR_VERSION,
    inputs: inputs.map(({ name }) => name),
    outputs: probeOutputs.map(({ output }) => output),
  });
  return { model, inputs, probeOutputs, microBatches };
}

/** The graph with one output per group of values in place of its outputs. */
function withProbes(
  probed: Graph,
  groups: readonly ProbeGroup[],
): { readonly graph: Graph; readonly probeOutputs: readonly ProbeOutput[] } {
  const b = graphBuilder(probed.name);
  const inputs = probed.inputs.map((input) => b.input(input.name, input.type));
  const allValues = groups.flatMap(({ values }) => values.map(({ value }) => value));
  const inlined = inline(b, { ...probed, outputs: allValues }, inputs);
  let offset = 0;
  const outputs = groups.map(({ values, direction }) => {
    const groupValues = inlined.slice(offset, offset + values.length);
    offset += values.length;
    return b.concat(
      groupValues.map((value) => b.unsqueeze(nanIfNotFinite(b, value, direction === null ? 0 : 1), [0])),
      0,
    );
  });
  const probeOutputs = groups.map(({ values, direction }, index) => {
    return { output: `series/${index}`, values: values.map(({ probed }) => probed), direction };
  });
  return { graph: b.finish(outputs), probeOutputs };
}

/** 0 where all entries are finite, else NaN (inf - inf is NaN), with the first `keptAxes` axes of the value. */
function nanIfNotFinite(b: Builder, value: Value, keptAxes: number): Value {
  const rank = value.type.shape.length;
  const zero = b.sub(value, value);
  return rank > keptAxes
    ? b.sum(
        zero,
        Array.from({ length: rank - keptAxes }, (_, axis) => axis + keptAxes),
      )
    : zero;
}
