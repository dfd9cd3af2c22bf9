/** The values of a training step in the order of computation, each with its layer, its equation or its parameter. */
import type { StepDerivative } from "../autodiff/cotangents.js";
import { differentiate } from "../autodiff/reverse.js";
import { isParameter, type Program } from "../elaborate/program.js";
import { at } from "../ir/expect.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";
import { type EquationOrigin, originOf } from "../language/origins.js";

/** One value of the step, and its origin. */
export interface ProbedValue {
  /** "c' of rnn/0", "the gradient of rnn/0/U"; empty in the reverse pass outside of loops and of equations of the spec. */
  readonly description: string;
  /** The layer's name; null for the loss. */
  readonly layer: string | null;
  /** The equation of a loss, a layer or an activation of the spec; absent elsewhere. */
  readonly origin?: EquationOrigin;
  /** The cell of a recurrent layer, and the name that its equation or that of a custom layer sets; null elsewhere. */
  readonly equation: { readonly cell: number; readonly target: string } | null;
  /** The primitive that computes the value, or whose derivative it belongs to: `Div`. */
  readonly operator: string;
  /** True in the reverse pass, but for the gradients of parameters. */
  readonly isDerivative?: true;
}

/** A value that is not finite. */
export interface NonFiniteValue {
  readonly probed: ProbedValue;
  /** From 1; null outside loops. */
  readonly timeStep: number | null;
}

/** The values of a node, of the step of a loop, of the derivative of a node, or of all gradients. */
export interface ProbeGroup {
  readonly values: readonly { readonly value: Value; readonly probed: ProbedValue }[];
  /** The direction of a loop, whose values have a leading axis of the steps; null for values outside of loops. */
  readonly direction: "forward" | "backward" | null;
}

/** The loss and the gradients of a program without optimization passes, and all of their values in order. */
export function probedValues(program: Program): {
  readonly differentiated: Graph;
  readonly groups: readonly ProbeGroup[];
} {
  const wrt = program.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const derivatives: Derivative[] = [];
  const differentiated = differentiate(program.graph, 0, wrt, undefined, (node, nodes, steps) => {
    derivatives.push({ node, nodes, steps });
  });
  return {
    differentiated,
    groups: [
      ...forwardValues(program, differentiated),
      ...reverseValues(program, differentiated, derivatives),
      gradients(program, differentiated, wrt),
    ],
  };
}

/**
 * The first value that is not finite. The reverse pass counts only where a gradient is not finite, since a later
 * condition may leave its values out; outside of the equations of the spec the gradients name it.
 *
 * @param groups of `probedValues`.
 * @param find that of a group, by its index.
 */
export function firstNonFinite(
  groups: readonly { readonly values: readonly ProbedValue[] }[],
  find: (index: number) => NonFiniteValue | undefined,
): NonFiniteValue | undefined {
  const last = groups.length - 1;
  const ofGradients = find(last);
  for (const [index, { values }] of groups.entries()) {
    if (index === last || (values[0]?.isDerivative && ofGradients === undefined)) break;
    const found = find(index);
    if (found !== undefined) return found.probed.description === "" ? ofGradients : found;
  }
  return ofGradients;
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
    const origin = originOfNode(original);
    const description =
      origin !== undefined
        ? describeEquation(origin, layer)
        : layer === null
          ? "the loss"
          : outputOf(layer, next?.name);
    const values = node.outputs.slice(0, original.outputs.length).filter(isFloat);
    const target = layer === null ? undefined : equationTarget(layer, next?.name);
    const equation = target === undefined ? null : { cell: 0, target };
    const probed = { description, layer, equation, operator: node.op, ...(origin && { origin }) };
    groups.push({ values: values.map((value) => ({ value, probed })), direction: null });
  });
  return groups.filter(({ values }) => values.length > 0);
}

/** A node, and the nodes of its derivative. */
interface Derivative {
  readonly node: Node;
  readonly nodes: readonly Node[];
  /** Of a loop. */
  readonly steps: readonly StepDerivative[];
}

/** The values of the reverse pass, by the forward node that they are the derivative of. */
function reverseValues(program: Program, { nodes }: Graph, derivatives: readonly Derivative[]): readonly ProbeGroup[] {
  const layerAt = layersOfNodes(program);
  const positions = new Map(nodes.map((node, position) => [node, position]));
  const groups = derivatives.flatMap(({ node, nodes: own, steps }): readonly ProbeGroup[] => {
    const position = positions.get(node) ?? 0;
    const layer = layerAt(position);
    const origin = originOfNode(at(program.graph.nodes, position));
    const description = origin === undefined ? "" : `the derivative of ${describeEquation(origin, layer)}`;
    const probed = {
      description,
      layer,
      equation: null,
      operator: node.op,
      isDerivative: true,
      ...(origin && { origin }),
    };
    const values = own.filter((each) => positions.has(each)).flatMap(({ outputs }) => outputs.filter(isFloat));
    const whole = { values: values.map((value) => ({ value, probed: probed as ProbedValue })), direction: null };
    return node.op === "Scan" ? [stepDerivatives(node, steps, layer), whole] : [whole];
  });
  return groups.filter(({ values }) => values.length > 0);
}

/** The value of a node outside of the layers; undefined outside of the equations of the spec of a kind. */
export function equationValue(node: Node, kind: "optimizer" | "metric"): ProbedValue | undefined {
  const origin = originOfNode(node);
  if (origin?.kind !== kind) return undefined;
  return { description: describeEquation(origin, null), layer: null, equation: null, operator: node.op, origin };
}

function originOfNode({ outputs }: Node): EquationOrigin | undefined {
  return originOf(at(outputs, 0));
}

/** "z of the layer highway", "y of the activation bad in dense". */
function describeEquation({ kind, name, target }: EquationOrigin, layer: string | null): string {
  const place = layer === null || layer === name ? "" : ` in ${layer}`;
  return `${target} of the ${kind} ${name}${place}`;
}

/** The name that the equation of a layer's value sets. */
export function equationTarget(layer: string, name: string | undefined): string | undefined {
  return name?.startsWith(`${layer}/`) ? name.slice(layer.length + 1) : undefined;
}

function outputOf(layer: string, name: string | undefined): string {
  return name === undefined || name === layer ? `the output of ${layer}` : name;
}

/** The values of a loop's derivative, which are scan outputs of the loop in the other direction. */
function stepDerivatives(loop: NodeOf<"Scan">, steps: readonly StepDerivative[], layer: string | null): ProbeGroup {
  const { body, reverse } = loop.attributes;
  const values = steps.flatMap(({ node, values: own }) => {
    const { description, ...probed } = bodyValue(body, body.nodes.indexOf(node), at(node.outputs, 0), layer);
    const derivative = { ...probed, description: `the derivative of ${description}`, isDerivative: true } as const;
    return own.map((value) => ({ value, probed: derivative }));
  });
  return { values, direction: reverse ? "forward" : "backward" };
}

/** A value of a loop's body, by the position of its node. One without a name belongs to the equation of the next named one. */
function bodyValue(body: Graph, position: number, inner: Value, layer: string | null): ProbedValue {
  const later = body.nodes.slice(position).flatMap(({ outputs }) => outputs);
  const named = later.slice(later.indexOf(inner)).find(({ name }) => name !== undefined);
  const target = named?.name ?? "the step";
  const cell = Number(/\/(\d+)(?:\/|$)/.exec(body.name)?.[1] ?? 0);
  const origin = originOf(inner);
  return {
    description: origin === undefined ? `${target} of ${body.name}` : describeEquation(origin, body.name),
    layer,
    equation: { cell, target },
    operator: at(body.nodes, position).op,
    ...(origin && { origin }),
  };
}

/** The values of a loop's body, which are scan outputs of the loop after `differentiate`. */
function loopValues(node: NodeOf<"Scan">, layer: string | null): ProbeGroup {
  const { body, stateCount, reverse } = node.attributes;
  const values = body.nodes.flatMap(({ outputs }, position) =>
    outputs.flatMap((inner) => {
      const outputIndex = body.outputs.indexOf(inner, stateCount);
      const value = node.outputs[outputIndex];
      if (outputIndex < 0 || value === undefined || !isFloat(value)) return [];
      return [{ value, probed: bodyValue(body, position, inner, layer) }];
    }),
  );
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
