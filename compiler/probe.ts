/**
 * The probe of a training step: a model that says which number of the step is the first that is not finite. It computes
 * the loss and the gradients of one batch without the optimizing passes, so that every value still is what the spec says.
 */
import type { NormalSpec } from "../schema/normal.js";
import type { Port } from "./artifact.js";
import { differentiate } from "./autodiff/reverse.js";
import { isParameter, type Program } from "./elaborate/program.js";
import { graphBuilder } from "./graph/build.js";
import { inline } from "./graph/rewrite.js";
import type { Builder } from "./ir/builder.js";
import { portType } from "./ir/floats.js";
import { at } from "./ir/present.js";
import type { Graph, Node, Value } from "./ir/types.js";
import { trainedPart } from "./lower.js";
import type { Signature } from "./signature.js";

/** One value of the step, and where it is made. */
export interface Probed {
  /** "c' of rnn/0", "the gradient of rnn/0/U". */
  readonly what: string;
  /** The layer's name; null for the loss. */
  readonly layer: string | null;
  /** The cell of a recurrent layer, and the name that its equation sets; null elsewhere. */
  readonly equation: { readonly cell: number; readonly target: string } | null;
  /** The primitive that makes the value: `Div`. */
  readonly operator: string;
}

/** An output of the probe: for each value zero, or not a number where any entry of it is not finite. */
export interface Series {
  readonly output: string;
  readonly values: readonly Probed[];
  /** How the values of a loop stand: [value, step], walked from the first step or from the last. Null: [value]. */
  readonly steps: "forward" | "backward" | null;
}

export interface Probe {
  readonly model: Uint8Array;
  readonly inputs: readonly Port[];
  /** In the order in which the step makes them. */
  readonly series: readonly Series[];
  /** In how many portions a batch is fed, one after the other. */
  readonly portions: number;
}

const OPSET = 18;
const IR_VERSION = 8;

/** @returns undefined where the spec has problems: then there is no step either. */
export async function probe(spec: NormalSpec, signature: Signature): Promise<Probe | undefined> {
  const trained = trainedPart(spec, signature, {});
  if (!trained.ok) return undefined;
  const { loss, portions } = trained;
  const wrt = loss.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const whole = differentiate(loss.graph, 0, wrt);
  const found = [...forwardValues(loss, whole), gradients(loss, whole, wrt)];
  const { graph, series } = withSums(whole, found);
  const { emitModel } = await import("./emit/onnx.js");
  const inputs = loss.inputs.map(({ name, role }, index): Port => {
    const { dtype, shape } = at(graph.inputs, index).type;
    return { name, role, dtype: portType(dtype), shape };
  });
  const model = await emitModel(graph, {
    name: `${spec.name}/probe`,
    opset: OPSET,
    irVersion: IR_VERSION,
    inputs: inputs.map(({ name }) => name),
    outputs: series.map(({ output }) => output),
  });
  return { model, inputs, series, portions };
}

interface Found {
  readonly values: readonly { readonly value: Value; readonly probed: Probed }[];
  readonly steps: Series["steps"];
}

const isFloat = ({ type }: Value) => type.dtype === "float32";

/** Everything that the forward half makes; of a loop also what each of its steps makes. */
function forwardValues({ graph, layers }: Program, whole: Graph): readonly Found[] {
  const ends = layers.map(({ name, value }) => ({
    name,
    // Of an activation that is left to the loss only what it would read is there.
    end: graph.nodes.findLastIndex(({ outputs }) => outputs.some((made) => made === value || made.name === name)),
  }));
  const layerAt = (place: number) =>
    ends.filter(({ end }) => end >= place).sort((a, b) => a.end - b.end)[0]?.name ?? null;
  const found: Found[] = [];
  graph.nodes.forEach((original, place) => {
    // Differentiation copies the forward half as it is, and adds to the outputs of loops.
    const node = at(whole.nodes, place);
    if (node.op !== original.op) throw new Error(`the ${original.op} at ${place} is not where it was`);
    const layer = layerAt(place);
    if (node.op === "Scan") found.push(insideLoop(node, layer));
    const next = graph.nodes
      .slice(place)
      .flatMap(({ outputs }) => outputs)
      .find(({ name }) => name !== undefined);
    const called = layer === null ? "the loss" : outputOf(layer, next?.name);
    const values = node.outputs.slice(0, original.outputs.length).filter(isFloat);
    const probed: Probed = { what: called, layer, equation: null, operator: node.op };
    found.push({ values: values.map((value) => ({ value, probed })), steps: null });
  });
  return found.filter(({ values }) => values.length > 0);
}

function outputOf(layer: string, name: string | undefined): string {
  return name === undefined || name === layer ? `the output of ${layer}` : name;
}

/** The values of a loop's body stand among its outputs, a step on each place of the leading axis. */
function insideLoop(node: Extract<Node, { readonly op: "Scan" }>, layer: string | null): Found {
  const { body, states, reverse } = node.attributes;
  const made = body.nodes.flatMap(({ op, outputs }) => outputs.map((inner) => ({ inner, op })));
  const values = made.flatMap(({ inner, op }, place) => {
    const stacked = body.outputs.indexOf(inner, states);
    const value = node.outputs[stacked];
    if (stacked < 0 || value === undefined || !isFloat(value)) return [];
    // A value without a name is a part of the equation whose result comes next.
    const target = made.slice(place).find((later) => later.inner.name !== undefined)?.inner.name ?? "the step";
    const cell = Number(/\/(\d+)(?:\/|$)/.exec(body.name)?.[1] ?? 0);
    const probed: Probed = { what: `${target} of ${body.name}`, layer, equation: { cell, target }, operator: op };
    return [{ value, probed }];
  });
  return { values, steps: reverse ? "backward" : "forward" };
}

/** From the last layer to the first, as they are made. */
function gradients({ inputs, layers }: Program, whole: Graph, wrt: readonly number[]): Found {
  const first = whole.outputs.length - wrt.length;
  const values = wrt.map((input, index) => {
    const { name } = at(inputs, input);
    const layer = layers.find((each) => name.startsWith(`${each.name}/`))?.name ?? null;
    const probed: Probed = { what: `the gradient of ${name}`, layer, equation: null, operator: "" };
    return { value: at(whole.outputs, first + index), probed };
  });
  return { values: values.reverse(), steps: null };
}

/** The graph with one output per series in place of its own. */
function withSums(
  whole: Graph,
  found: readonly Found[],
): { readonly graph: Graph; readonly series: readonly Series[] } {
  const b = graphBuilder(whole.name);
  const inputs = whole.inputs.map((input) => b.input(input.name, input.type));
  const all = found.flatMap(({ values }) => values.map(({ value }) => value));
  const made = inline(b, { ...whole, outputs: all }, inputs);
  let used = 0;
  const outputs = found.map(({ values, steps }) => {
    const own = made.slice(used, used + values.length);
    used += values.length;
    return b.concat(
      own.map((value) => b.unsqueeze(unsound(b, value, steps === null ? 0 : 1), [0])),
      0,
    );
  });
  const series = found.map(({ values, steps }, index) => {
    return { output: `series/${index}`, values: values.map(({ probed }) => probed), steps };
  });
  return { graph: b.finish(outputs), series };
}

/** Zero where all entries are finite, else not a number: an infinity less itself is none. The first axes may be kept. */
function unsound(b: Builder, value: Value, kept: number): Value {
  const rank = value.type.shape.length;
  const zero = b.sub(value, value);
  return rank > kept
    ? b.sum(
        zero,
        Array.from({ length: rank - kept }, (_, axis) => axis + kept),
      )
    : zero;
}
