/** A cell explained: its gradient as equations, and what the compiler makes of its loop forwards and backwards. */
import { differentiate } from "./autodiff/reverse.js";
import { graphBuilder } from "./graph/build.js";
import { scan } from "./graph/scan.js";
import type { Builder } from "./ir/builder.js";
import { infixLines, nameOn, type Page, repeatedIn } from "./ir/infix.js";
import { numberedNames } from "./ir/names.js";
import { at, present } from "./ir/present.js";
import { printGraph } from "./ir/print.js";
import type { Dim, Graph, Node, NodeOf, Value } from "./ir/types.js";
import type { ResolvedCell } from "./language/cell.js";
import { lowerCell } from "./language/lower.js";
import { type CellSizes, declaredShapes } from "./language/sizes.js";
import { forwardPasses, runPasses, stepPasses, tidy } from "./passes/index.js";
import type { PassContext } from "./passes/pass.js";

export interface Loop {
  /** What each step does. */
  readonly lines: readonly string[];
  /** Operations of a step. */
  readonly operations: number;
}

export interface Explanation {
  /** One step backwards: from `dh'` and the like, the loss's derivatives of what the step makes, to those of what it reads. */
  readonly gradient: readonly string[];
  /** What left the forward loop: it runs once, over all steps, before it. */
  readonly hoisted: readonly string[];
  readonly forward: Loop;
  /** What is made of the forward loop's values before the backward loop, over all steps. */
  readonly between: readonly string[];
  readonly backward: Loop;
  /** What left the backward loop to its end: a weight's gradient is one product over all steps. */
  readonly sunk: readonly string[];
  /** Operations of a step of each loop as the equations have them, before any pass. */
  readonly before: { readonly forward: number; readonly backward: number };
  /** Both loops as the compiler has them. */
  readonly graph: string;
}

/** @param cell one that `check` finds nothing wrong with. By itself: without what a layer may put around it. */
export function explainCell(cell: ResolvedCell, sizes: CellSizes, context: PassContext): Explanation {
  const untouched = cellLoops(cell, sizes, context, false);
  const graph = cellLoops(cell, sizes, context, true);
  const operations = (loops: Graph) => loopsOf(loops).map(({ attributes }) => work(attributes.body));
  const [forward = 0, backward = 0] = operations(untouched);
  return { gradient: stepGradient(cell, sizes, context), before: { forward, backward }, ...described(graph, cell) };
}

const batch: Dim = "batch";
const time: Dim = "time";
const float = (shape: readonly Dim[]) => ({ dtype: "float32", shape }) as const;
const broken = () => {
  throw new Error("A cell that is explained must be sound.");
};

function shapesOf(cell: ResolvedCell, sizes: CellSizes) {
  return present(declaredShapes(cell, sizes, "", broken), "a size of a sound cell");
}

function openInputs(b: Builder, shapes: Readonly<Record<string, readonly Dim[]>>) {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, b.input(name, float(shape))]));
}

function buildStep(b: Builder, cell: ResolvedCell, sizes: CellSizes, operands: Parameters<typeof lowerCell>[3]) {
  return present(lowerCell(cell, sizes, b, operands, broken, ""), "the step of a sound cell");
}

/** The gradient of one step, as equations. */
function stepGradient(cell: ResolvedCell, sizes: CellSizes, context: PassContext): readonly string[] {
  const shapes = shapesOf(cell, sizes);
  const b = graphBuilder("step");
  const x = b.input("x", float([batch, sizes.input_size]));
  const states = openInputs(b, rowsOf(shapes.states));
  const parameters = openInputs(b, shapes.parameters);
  const step = buildStep(b, cell, sizes, { x, states, parameters });
  const given = Object.entries(step.states).map(([name, value]) => ({ value, name: `d${name}'` }));
  if (!Object.values(step.states).includes(step.output)) given.push({ value: step.output, name: `d${cell.output}` });
  const parts = given.map(({ value, name }) => b.sum(b.mul(value, b.input(name, value.type))));
  const graph = b.finish([parts.reduce((one, other) => b.add(one, other))]);
  const read = 1 + Object.keys(states).length + Object.keys(parameters).length;
  const whole = differentiate(
    graph,
    0,
    Array.from({ length: read }, (_, index) => index),
  );
  const tidied = runPasses({ ...whole, outputs: whole.outputs.slice(1) }, [...tidy, ...tidy], context);
  const page = openPage(tidied);
  tidied.outputs.forEach((output, index) => {
    page.names.set(output, `d${whole.inputs[index]?.name}`);
  });
  return infixLines(tidied.nodes, page);
}

function rowsOf(states: Readonly<Record<string, Dim>>): Readonly<Record<string, readonly Dim[]>> {
  return Object.fromEntries(Object.entries(states).map(([name, size]) => [name, [batch, size]]));
}

/** The loop over all steps, and the gradient of its outputs weighed by `dy`. */
function cellLoops(cell: ResolvedCell, sizes: CellSizes, context: PassContext, optimized: boolean): Graph {
  const shapes = shapesOf(cell, sizes);
  const b = graphBuilder("cell");
  const x = b.input("x", float([time, batch, sizes.input_size]));
  const parameters = openInputs(b, shapes.parameters);
  const names = Object.keys(shapes.states);
  const first = Object.values(shapes.states).map((size) => b.expand(b.scalar(0), [batch, size]));
  const { stacked } = scan(b, "cell", { initial: first, scans: [x] }, (inner, carried, [slice]) => {
    const states = Object.fromEntries(names.map((name, index) => [name, at(carried, index)]));
    const step = buildStep(inner, cell, sizes, { x: slice as Value, states, parameters });
    return { next: names.map((name) => step.states[name] as Value), stacked: [step.output] };
  });
  const outputs = at(stacked, 0);
  const loss = b.sum(b.mul(outputs, b.input("dy", outputs.type)));
  const graph = b.finish([loss]);
  const read = 1 + Object.keys(parameters).length;
  const prepared = optimized ? runPasses(graph, forwardPasses, context) : graph;
  const whole = differentiate(
    prepared,
    0,
    Array.from({ length: read }, (_, index) => index),
  );
  return runPasses({ ...whole, outputs: whole.outputs.slice(1) }, optimized ? stepPasses : tidy, context);
}

function loopsOf(graph: Graph): readonly NodeOf<"Scan">[] {
  return graph.nodes.filter((node): node is NodeOf<"Scan"> => node.op === "Scan");
}

/** Operations of a body, constants not counted. */
function work(body: Graph): number {
  return body.nodes.filter(({ op }) => op !== "Constant" && op !== "Identity").length;
}

function openPage({ nodes, inputs, outputs }: Graph): Page {
  const names = new Map<Value, string>(inputs.map((input) => [input, input.name ?? "?"]));
  const fresh = numberedNames(names.values());
  return { names, fresh, repeated: repeatedIn(nodes, outputs) };
}

/** The nodes that need an output of some others. */
function dependents(nodes: readonly Node[], on: readonly Node[]): ReadonlySet<Node> {
  const reached = new Set<Value>(on.flatMap(({ outputs }) => outputs));
  const found = new Set<Node>();
  for (const node of nodes) {
    if (!node.inputs.some((input) => reached.has(input))) continue;
    found.add(node);
    for (const output of node.outputs) reached.add(output);
  }
  return found;
}

function described(graph: Graph, cell: ResolvedCell): Omit<Explanation, "gradient" | "before"> {
  const loops = loopsOf(graph);
  const [ahead, back] = loops;
  const page = openPage(graph);
  graph.outputs.forEach((output, index) => {
    page.names.set(output, `d${graph.inputs[index]?.name}`);
  });
  const none: Loop = { lines: [], operations: 0 };
  const afterAhead = dependents(graph.nodes, ahead === undefined ? [] : [ahead]);
  const afterBack = dependents(graph.nodes, back === undefined ? [] : [back]);
  const states = Object.keys(cell.state);
  const part = (wanted: (node: Node) => boolean) =>
    infixLines(
      graph.nodes.filter((node) => node !== ahead && node !== back && wanted(node)),
      page,
    );
  // What a loop reads slice by slice is a name there, and so needs one here.
  for (const loop of loops) nameSlices(loop, graph, page);
  const hoisted = part((node) => !afterAhead.has(node) && !afterBack.has(node));
  const forward = ahead === undefined ? none : loopLines(ahead, states, page);
  const between = part((node) => afterAhead.has(node) && !afterBack.has(node));
  const backward =
    back === undefined
      ? none
      : loopLines(
          back,
          states.map((name) => `d${name}`),
          page,
        );
  const sunk = part((node) => afterBack.has(node));
  return { hoisted, forward, between, backward, sunk, graph: printGraph(graph) };
}

function nameSlices(loop: NodeOf<"Scan">, graph: Graph, page: Page): void {
  const { states, scans } = loop.attributes;
  const made = new Set(
    graph.nodes.filter(({ op }) => op !== "Scan" && op !== "Constant").flatMap(({ outputs }) => outputs),
  );
  for (const value of loop.inputs.slice(states, states + scans)) if (made.has(value)) nameOn(page, value, "a");
}

/** What a step does; a name with [t] is the step's slice of what lies outside. */
function loopLines({ attributes, inputs, outputs }: NodeOf<"Scan">, stateNames: readonly string[], outer: Page): Loop {
  const { body, states, scans } = attributes;
  const page: Page = { ...openPage(body), fresh: outer.fresh };
  const carried = Array.from({ length: states }, (_, index) => stateNames[index] ?? `state ${index}`);
  body.inputs.forEach((input, index) => {
    const outside = () => nameOn(outer, at(inputs, index), "a");
    page.names.set(input, carried[index] ?? (index < states + scans ? `${outside()}[t]` : outside()));
  });
  const lines = [...infixLines(body.nodes, page)];
  body.outputs.forEach((output, index) => {
    const text = nameOn(page, output, "t");
    const state = carried[index];
    if (state !== undefined) {
      if (text !== `${state}'`) lines.push(`${state}' = ${text}`);
      return;
    }
    const result = at(outputs, index);
    // A value that has a name in the loop keeps it outside, where it has one entry for each step.
    const own = /^[\w']+$/.test(text) && ![...outer.names.values()].includes(text) ? text : undefined;
    const name = outer.names.get(result) ?? own ?? outer.fresh("r");
    outer.names.set(result, name);
    lines.push(`stack ${name}[t] = ${text}`);
  });
  return { lines, operations: work(body) };
}
