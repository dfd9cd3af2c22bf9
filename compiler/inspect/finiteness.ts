/**
 * The probe of a training step: a model that finds the first value of a step that is not finite. It computes the loss
 * and the gradients of one batch without optimization passes, so that every value belongs to an equation or a layer of
 * the spec.
 */

import type { NormalSpec } from "../../schema/normal/index.js";
import type { Port } from "../artifact.js";
import { differentiate } from "../autodiff/reverse.js";
import { isParameter, type LossEquation, type Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { interfaceType } from "../ir/float16.js";
import type { Graph, Node, Value } from "../ir/types.js";
import { IR_VERSION, TRAINING_OPSET } from "../onnx/versions.js";
import { elaborateTraining } from "../pipeline/training-step.js";
import type { Signature } from "../signature.js";

/** One value of the step, and its origin. */
export interface ProbedValue {
  /** "c' of rnn/0", "the gradient of rnn/0/U". */
  readonly description: string;
  /** The layer's name; null for the loss. */
  readonly layer: string | null;
  /** The equation of a loss of the user's own; absent elsewhere. */
  readonly ofLoss?: LossEquation;
  /** The cell of a recurrent layer, and the name that its equation or that of a custom layer sets; null elsewhere. */
  readonly equation: { readonly cell: number; readonly target: string } | null;
  /** The primitive that computes the value: `Div`. */
  readonly operator: string;
}

/** A value that is not finite. */
export interface NonFiniteValue {
  readonly probed: ProbedValue;
  /** From 1; null outside loops. */
  readonly timeStep: number | null;
}

/** An output of the probe: for each value 0 where all its entries are finite, else NaN. */
export interface ProbeOutput {
  readonly output: string;
  readonly values: readonly ProbedValue[];
  /** The direction of a loop, whose output is [value, step]; null for values outside of loops, [value]. */
  readonly direction: "forward" | "backward" | null;
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
  const { graph, probeOutputs } = withProbes(differentiated, groups);
  const { emitModel } = await import("../onnx/write/model.js");
  const inputs = lossProgram.inputs.map(({ name, role }, index): Port => {
    const { dtype, shape } = at(graph.inputs, index).type;
    return { name, role, dtype: interfaceType(dtype), shape };
  });
  const model = await emitModel(graph, {
    name: `${spec.name}/probe`,
    opset: TRAINING_OPSET,
    irVersion: IR_VERSION,
    inputs: inputs.map(({ name }) => name),
    outputs: probeOutputs.map(({ output }) => output),
  });
  return { model, inputs, probeOutputs, microBatches };
}

/** The values of a node, of the step of a loop, or of all gradients. */
export interface ProbeGroup {
  readonly values: readonly { readonly value: Value; readonly probed: ProbedValue }[];
  readonly direction: ProbeOutput["direction"];
}

/** The loss and the gradients of a program without optimization passes, and all of their values in order. */
export function probedValues(program: Program): {
  readonly differentiated: Graph;
  readonly groups: readonly ProbeGroup[];
} {
  const wrt = program.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const differentiated = differentiate(program.graph, 0, wrt);
  return {
    differentiated,
    groups: [...forwardValues(program, differentiated), gradients(program, differentiated, wrt)],
  };
}

const isFloat = ({ type }: Value) => type.dtype === "float32";

/** The layer that a node of the program belongs to, by the position of the node; null for the loss. */
export function layersOfNodes({ graph, layers }: Program): (position: number) => string | null {
  const ends = layers.map(({ name, value }) => ({
    name,
    // An activation that is fused into the loss has no value: the layer ends at its operand.
    end: graph.nodes.findLastIndex(({ outputs }) => outputs.some((output) => output === value || output.name === name)),
  }));
  return (position) => ends.filter(({ end }) => end >= position).sort((a, b) => a.end - b.end)[0]?.name ?? null;
}

/** The values of the forward pass, with those of every time step of its loops. */
function forwardValues(program: Program, differentiated: Graph): readonly ProbeGroup[] {
  const { graph } = program;
  const layerAt = layersOfNodes(program);
  const groups: ProbeGroup[] = [];
  graph.nodes.forEach((original, index) => {
    // Differentiation copies the forward nodes in order, and adds outputs to loops.
    const node = at(differentiated.nodes, index);
    if (node.op !== original.op)
      throw new Error(`node ${index} is ${node.op} after differentiation, not ${original.op}`);
    const layer = layerAt(index);
    if (node.op === "Scan") groups.push(loopValues(node, layer));
    const next = graph.nodes
      .slice(index)
      .flatMap(({ outputs }) => outputs)
      .find(({ name }) => name !== undefined);
    const ofLoss = layer === null ? lossEquationAt(program, index) : undefined;
    const inLoss = ofLoss === undefined ? "the loss" : `${ofLoss.target} of the loss ${ofLoss.loss}`;
    const description = layer === null ? inLoss : outputOf(layer, next?.name);
    const values = node.outputs.slice(0, original.outputs.length).filter(isFloat);
    const target = layer === null ? undefined : equationTarget(layer, next?.name);
    const equation = target === undefined ? null : { cell: 0, target };
    const probed = { description, layer, equation, operator: node.op, ...(ofLoss && { ofLoss }) };
    groups.push({ values: values.map((value) => ({ value, probed })), direction: null });
  });
  return groups.filter(({ values }) => values.length > 0);
}

/** The equation of a node in a loss: that of the next value with a name. Undefined after the last one. */
function lossEquationAt({ graph, lossValues }: Program, index: number): LossEquation | undefined {
  const results = graph.nodes.slice(index).flatMap(({ outputs }) => outputs);
  const next = results.find((value) => lossValues.has(value));
  return next && lossValues.get(next);
}

/** The name that the equation of a layer's value sets. */
export function equationTarget(layer: string, name: string | undefined): string | undefined {
  return name?.startsWith(`${layer}/`) ? name.slice(layer.length + 1) : undefined;
}

function outputOf(layer: string, name: string | undefined): string {
  return name === undefined || name === layer ? `the output of ${layer}` : name;
}

/** The values of a loop's body, which are scan outputs of the loop after `differentiate`. */
function loopValues(node: Extract<Node, { readonly op: "Scan" }>, layer: string | null): ProbeGroup {
  const { body, stateCount, reverse } = node.attributes;
  const bodyValues = body.nodes.flatMap(({ op, outputs }) => outputs.map((inner) => ({ inner, op })));
  const values = bodyValues.flatMap(({ inner, op }, index) => {
    const outputIndex = body.outputs.indexOf(inner, stateCount);
    const value = node.outputs[outputIndex];
    if (outputIndex < 0 || value === undefined || !isFloat(value)) return [];
    // A value without a name belongs to the equation of the next named value.
    const target = bodyValues.slice(index).find((later) => later.inner.name !== undefined)?.inner.name ?? "the step";
    const cell = Number(/\/(\d+)(?:\/|$)/.exec(body.name)?.[1] ?? 0);
    const probed: ProbedValue = {
      description: `${target} of ${body.name}`,
      layer,
      equation: { cell, target },
      operator: op,
    };
    return [{ value, probed }];
  });
  return { values, direction: reverse ? "backward" : "forward" };
}

/** The gradients, from the last layer to the first. */
function gradients({ inputs, layers }: Program, differentiated: Graph, wrt: readonly number[]): ProbeGroup {
  const firstGradient = differentiated.outputs.length - wrt.length;
  const values = wrt.map((input, index) => {
    const { name } = at(inputs, input);
    const layer = layers.find((each) => name.startsWith(`${each.name}/`))?.name ?? null;
    const probed: ProbedValue = { description: `the gradient of ${name}`, layer, equation: null, operator: "" };
    return { value: at(differentiated.outputs, firstGradient + index), probed };
  });
  return { values: values.reverse(), direction: null };
}

/** The graph with one output per group of values in place of its outputs. */
function withProbes(
  differentiated: Graph,
  groups: readonly ProbeGroup[],
): { readonly graph: Graph; readonly probeOutputs: readonly ProbeOutput[] } {
  const b = graphBuilder(differentiated.name);
  const inputs = differentiated.inputs.map((input) => b.input(input.name, input.type));
  const allValues = groups.flatMap(({ values }) => values.map(({ value }) => value));
  const inlined = inline(b, { ...differentiated, outputs: allValues }, inputs);
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
