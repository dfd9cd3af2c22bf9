/** A cell explained: its gradient as equations, and what the compiler makes of its loop forwards and backwards. */
import { differentiate } from "../autodiff/reverse.js";
import { graphBuilder } from "../graph/builder.js";
import { scan } from "../graph/loop.js";
import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import { numberedNames } from "../ir/names.js";
import { type EquationScope, infixLines, nameInScope, repeatedValues } from "../ir/print/equations.js";
import { printGraph } from "../ir/print/text.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../ir/types.js";
import { buildCellStep } from "../language/build-step.js";
import type { ResolvedCell } from "../language/resolve-cell.js";
import { type CellSizes, declaredShapes } from "../language/size-expression.js";
import type { PassContext } from "../optimize/pass.js";
import { canonicalize, forwardPasses, runPasses, stepPasses } from "../optimize/pipeline.js";

export interface LoopSummary {
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
  readonly forward: LoopSummary;
  /** What is made of the forward loop's values before the backward loop, over all steps. */
  readonly between: readonly string[];
  readonly backward: LoopSummary;
  /** What left the backward loop to its end: a weight's gradient is one product over all steps. */
  readonly sunk: readonly string[];
  /** Operations of a step of each loop as the equations have them, before any pass. */
  readonly before: { readonly forward: number; readonly backward: number };
  /** Both loops as the compiler has them. */
  readonly graph: string;
}

/** @param cell one that `check` finds nothing wrong with. By itself: without what a layer may put around it. */
export function explainCell(cell: ResolvedCell, sizes: CellSizes, context: PassContext): Explanation {
  const unoptimized = cellLoops(cell, sizes, context, false);
  const graph = cellLoops(cell, sizes, context, true);
  const operations = (loops: Graph) => loopsOf(loops).map(({ attributes }) => operationCount(attributes.body));
  const [forward = 0, backward = 0] = operations(unoptimized);
  return { gradient: stepGradient(cell, sizes, context), before: { forward, backward }, ...describeLoops(graph, cell) };
}

const batch: Dim = "batch";
const time: Dim = "time";
const floatType = (shape: readonly Dim[]) => ({ dtype: "float32", shape }) as const;
const failUnsound = () => {
  throw new Error("A cell that is explained must be sound.");
};

function shapesOf(cell: ResolvedCell, sizes: CellSizes) {
  return expectDefined(declaredShapes(cell, sizes, "", failUnsound), "a size of a sound cell");
}

function openInputs(b: Builder, shapes: Readonly<Record<string, readonly Dim[]>>) {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, b.input(name, floatType(shape))]));
}

function buildStep(b: Builder, cell: ResolvedCell, sizes: CellSizes, operands: Parameters<typeof buildCellStep>[3]) {
  return expectDefined(buildCellStep(cell, sizes, b, operands, failUnsound, ""), "the step of a sound cell");
}

/** The gradient of one step, as equations. */
function stepGradient(cell: ResolvedCell, sizes: CellSizes, context: PassContext): readonly string[] {
  const shapes = shapesOf(cell, sizes);
  const b = graphBuilder("step");
  const x = b.input("x", floatType([batch, sizes.input_size]));
  const states = openInputs(b, batchedShapes(shapes.states));
  const parameters = openInputs(b, shapes.parameters);
  const step = buildStep(b, cell, sizes, { x, states, parameters });
  const cotangents = Object.entries(step.states).map(([name, value]) => ({ value, name: `d${name}'` }));
  if (!Object.values(step.states).includes(step.output))
    cotangents.push({ value: step.output, name: `d${cell.output}` });
  const terms = cotangents.map(({ value, name }) => b.sum(b.mul(value, b.input(name, value.type))));
  const graph = b.finish([terms.reduce((one, other) => b.add(one, other))]);
  const inputCount = 1 + Object.keys(states).length + Object.keys(parameters).length;
  const differentiated = differentiate(
    graph,
    0,
    Array.from({ length: inputCount }, (_, index) => index),
  );
  const simplified = runPasses({ ...differentiated, outputs: differentiated.outputs.slice(1) }, canonicalize, context);
  const scope = openScope(simplified);
  simplified.outputs.forEach((output, index) => {
    scope.names.set(output, `d${differentiated.inputs[index]?.name}`);
  });
  return infixLines(simplified.nodes, scope);
}

function batchedShapes(states: Readonly<Record<string, Dim>>): Readonly<Record<string, readonly Dim[]>> {
  return Object.fromEntries(Object.entries(states).map(([name, size]) => [name, [batch, size]]));
}

/** The loop over all steps, and the gradient of its outputs weighed by `dy`. */
function cellLoops(cell: ResolvedCell, sizes: CellSizes, context: PassContext, optimized: boolean): Graph {
  const shapes = shapesOf(cell, sizes);
  const b = graphBuilder("cell");
  const x = b.input("x", floatType([time, batch, sizes.input_size]));
  const parameters = openInputs(b, shapes.parameters);
  const names = Object.keys(shapes.states);
  const initialStates = Object.values(shapes.states).map((size) => b.expand(b.scalar(0), [batch, size]));
  const { scanOutputs: stacked } = scan(
    b,
    "cell",
    { initial: initialStates, scans: [x] },
    (inner, carry, [timeSlice]) => {
      const states = Object.fromEntries(names.map((name, index) => [name, at(carry, index)]));
      const step = buildStep(inner, cell, sizes, { x: timeSlice as Value, states, parameters });
      return { next: names.map((name) => step.states[name] as Value), scanOutputs: [step.output] };
    },
  );
  const outputs = at(stacked, 0);
  const loss = b.sum(b.mul(outputs, b.input("dy", outputs.type)));
  const graph = b.finish([loss]);
  const inputCount = 1 + Object.keys(parameters).length;
  const prepared = optimized ? runPasses(graph, forwardPasses, context) : graph;
  const differentiated = differentiate(
    prepared,
    0,
    Array.from({ length: inputCount }, (_, index) => index),
  );
  return runPasses(
    { ...differentiated, outputs: differentiated.outputs.slice(1) },
    optimized ? stepPasses : canonicalize,
    context,
  );
}

function loopsOf(graph: Graph): readonly NodeOf<"Scan">[] {
  return graph.nodes.filter((node): node is NodeOf<"Scan"> => node.op === "Scan");
}

/** Operations of a body, constants not counted. */
function operationCount(body: Graph): number {
  return body.nodes.filter(({ op }) => op !== "Constant" && op !== "Identity").length;
}

function openScope({ nodes, inputs, outputs }: Graph): EquationScope {
  const names = new Map<Value, string>(inputs.map((input) => [input, input.name ?? "?"]));
  const fresh = numberedNames(names.values());
  return { names, fresh, repeated: repeatedValues(nodes, outputs) };
}

/** The nodes that need an output of some others. */
function dependents(nodes: readonly Node[], on: readonly Node[]): ReadonlySet<Node> {
  const reached = new Set<Value>(on.flatMap(({ outputs }) => outputs));
  const dependentNodes = new Set<Node>();
  for (const node of nodes) {
    if (!node.inputs.some((input) => reached.has(input))) continue;
    dependentNodes.add(node);
    for (const output of node.outputs) reached.add(output);
  }
  return dependentNodes;
}

function describeLoops(graph: Graph, cell: ResolvedCell): Omit<Explanation, "gradient" | "before"> {
  const loops = loopsOf(graph);
  const [forwardLoop, backwardLoop] = loops;
  const scope = openScope(graph);
  graph.outputs.forEach((output, index) => {
    scope.names.set(output, `d${graph.inputs[index]?.name}`);
  });
  const emptyLoop: LoopSummary = { lines: [], operations: 0 };
  const afterForward = dependents(graph.nodes, forwardLoop === undefined ? [] : [forwardLoop]);
  const afterBackward = dependents(graph.nodes, backwardLoop === undefined ? [] : [backwardLoop]);
  const states = Object.keys(cell.state);
  const linesOf = (isWanted: (node: Node) => boolean) =>
    infixLines(
      graph.nodes.filter((node) => node !== forwardLoop && node !== backwardLoop && isWanted(node)),
      scope,
    );
  // What a loop reads slice by slice is a name there, and so needs one here.
  for (const loop of loops) nameScanInputs(loop, graph, scope);
  const hoisted = linesOf((node) => !afterForward.has(node) && !afterBackward.has(node));
  const forward = forwardLoop === undefined ? emptyLoop : loopLines(forwardLoop, states, scope);
  const between = linesOf((node) => afterForward.has(node) && !afterBackward.has(node));
  const backward =
    backwardLoop === undefined
      ? emptyLoop
      : loopLines(
          backwardLoop,
          states.map((name) => `d${name}`),
          scope,
        );
  const sunk = linesOf((node) => afterBackward.has(node));
  return { hoisted, forward, between, backward, sunk, graph: printGraph(graph) };
}

function nameScanInputs(loop: NodeOf<"Scan">, graph: Graph, scope: EquationScope): void {
  const { stateCount, scanCount } = loop.attributes;
  const computedValues = new Set(
    graph.nodes.filter(({ op }) => op !== "Scan" && op !== "Constant").flatMap(({ outputs }) => outputs),
  );
  for (const value of loop.inputs.slice(stateCount, stateCount + scanCount))
    if (computedValues.has(value)) nameInScope(scope, value, "a");
}

/** What a step does; a name with [t] is the step's slice of what lies outside. */
function loopLines(
  { attributes, inputs, outputs }: NodeOf<"Scan">,
  stateNames: readonly string[],
  outerScope: EquationScope,
): LoopSummary {
  const { body, stateCount, scanCount } = attributes;
  const scope: EquationScope = { ...openScope(body), fresh: outerScope.fresh };
  const stateLabels = Array.from({ length: stateCount }, (_, index) => stateNames[index] ?? `state ${index}`);
  body.inputs.forEach((input, index) => {
    const outerName = () => nameInScope(outerScope, at(inputs, index), "a");
    scope.names.set(input, stateLabels[index] ?? (index < stateCount + scanCount ? `${outerName()}[t]` : outerName()));
  });
  const lines = [...infixLines(body.nodes, scope)];
  body.outputs.forEach((output, index) => {
    const text = nameInScope(scope, output, "t");
    const state = stateLabels[index];
    if (state !== undefined) {
      if (text !== `${state}'`) lines.push(`${state}' = ${text}`);
      return;
    }
    const result = at(outputs, index);
    // A value that has a name in the loop keeps it outside, where it has one entry for each step.
    const bodyName = /^[\w']+$/.test(text) && ![...outerScope.names.values()].includes(text) ? text : undefined;
    const name = outerScope.names.get(result) ?? bodyName ?? outerScope.fresh("r");
    outerScope.names.set(result, name);
    lines.push(`stack ${name}[t] = ${text}`);
  });
  return { lines, operations: operationCount(body) };
}
