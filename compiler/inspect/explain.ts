/** Explanation of a cell: its gradient as equations, and its optimized forward and backward loops. */
import { differentiate } from "../autodiff/reverse.js";
import { graphBuilder } from "../graph/builder.js";
import { copyGraph } from "../graph/copy-graph.js";
import { rewrite } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import { type EquationScope, expressionInScope, infixLines, nameInScope, nameResults } from "../ir/print/equations.js";
import { printGraph } from "../ir/print/text.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../ir/types.js";
import { buildCellStep } from "../language/build-step.js";
import type { ResolvedDefinition } from "../language/resolve.js";
import { type CellSizes, declaredShapes } from "../language/size-expression.js";
import type { PassContext } from "../optimize/pass.js";
import { canonicalize, forwardPasses, runPasses, stepPasses } from "../optimize/pipeline.js";
import { gradientEquations, openScope } from "./gradient-equations.js";
import { type RecurrenceExplanation, recurrenceForms } from "./recurrence-forms.js";

export interface LoopSummary {
  /** The equations of one step. */
  readonly lines: readonly string[];
  /** The number of operations of one step. */
  readonly operations: number;
}

export interface Explanation {
  /** The gradient of one step: from the cotangents of its results (`dh'`) to those of its operands (`dh`). */
  readonly gradient: readonly string[];
  /** Equations over all steps, before the forward loop. */
  readonly hoisted: readonly string[];
  readonly forward: LoopSummary;
  /** Equations over all steps, between the two loops. */
  readonly between: readonly string[];
  readonly backward: LoopSummary;
  /** Equations over all steps, after the backward loop: the gradient of a weight is one product. */
  readonly sunk: readonly string[];
  /** The number of operations of one step of each loop, without optimization. */
  readonly before: { readonly forward: number; readonly backward: number };
  /** The optimized graph as text. */
  readonly graph: string;
  readonly recurrences: readonly RecurrenceExplanation[];
}

/**
 * @param cell a valid cell. Wrappers of its layer (dropout, zoneout, clipping) are not part of the explanation.
 * @param steps the number of time steps of training; undefined where it varies.
 */
export function explainCell(
  cell: ResolvedDefinition,
  sizes: CellSizes,
  context: PassContext,
  steps?: number,
): Explanation {
  const unoptimized = cellLoops(cell, sizes, context, false);
  const graph = cellLoops(cell, sizes, context, true);
  const operations = (loops: Graph) => loopsOf(loops).map(({ attributes }) => operationCount(attributes.body));
  const [forward = 0, backward = 0] = operations(unoptimized);
  const loop = steps === undefined ? undefined : withNamedStates(forwardLoop(cell, sizes, steps).graph, cell);
  return {
    gradient: stepGradient(cell, sizes, context),
    before: { forward, backward },
    ...describeLoops(graph, cell),
    recurrences: recurrenceForms(loop, Object.keys(cell.state), context),
  };
}

const batch: Dim = "batch";
const time: Dim = "time";
const floatType = (shape: readonly Dim[]) => ({ dtype: "float32", shape }) as const;
const failInvalid = () => {
  throw new Error("the cell has problems: check it first");
};

function shapesOf(cell: ResolvedDefinition, sizes: CellSizes) {
  return expectDefined(declaredShapes(cell, sizes, "", failInvalid), "the shapes of a valid cell");
}

function addInputs(b: Builder, shapes: Readonly<Record<string, readonly Dim[]>>) {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, b.input(name, floatType(shape))]));
}

function buildStep(
  b: Builder,
  cell: ResolvedDefinition,
  sizes: CellSizes,
  operands: Parameters<typeof buildCellStep>[3],
) {
  return expectDefined(buildCellStep(cell, sizes, b, operands, failInvalid, ""), "the step of a valid cell");
}

/** The gradient of one step, as equations. */
function stepGradient(cell: ResolvedDefinition, sizes: CellSizes, context: PassContext): readonly string[] {
  const shapes = shapesOf(cell, sizes);
  const b = graphBuilder("step");
  const x = b.input("x", floatType([batch, sizes.input_size]));
  const inputs = addInputs(
    b,
    mapValues(shapes.inputs, (size) => [batch, size]),
  );
  const states = addInputs(
    b,
    mapValues(shapes.states, (shape) => [batch, ...shape]),
  );
  const parameters = addInputs(b, shapes.parameters);
  const step = buildStep(b, cell, sizes, { x, inputs, states, parameters });
  const cotangents = Object.entries(step.states).map(([name, value]) => ({ value, name: `d${name}'` }));
  if (!Object.values(step.states).includes(step.output))
    cotangents.push({ value: step.output, name: `d${cell.output}` });
  const inputCount = 1 + [inputs, states, parameters].flatMap(Object.keys).length;
  return gradientEquations(b, cotangents, inputCount, context);
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** The loop over all steps, and the sum of its outputs times `dy`. */
function forwardLoop(cell: ResolvedDefinition, sizes: CellSizes, steps: Dim) {
  const shapes = shapesOf(cell, sizes);
  const b = graphBuilder("cell");
  const x = b.input("x", floatType([steps, batch, sizes.input_size]));
  const inputs = addInputs(
    b,
    mapValues(shapes.inputs, (size) => [steps, batch, size]),
  );
  const parameters = addInputs(b, shapes.parameters);
  const names = Object.keys(shapes.states);
  const initialStates = Object.values(shapes.states).map((shape) => b.expand(b.scalar(0), [batch, ...shape]));
  const { scanOutputs: stacked } = scan(
    b,
    "cell",
    { initial: initialStates, scans: [x, ...Object.values(inputs)] },
    (inner, carry, [timeSlice, ...others]) => {
      const states = Object.fromEntries(names.map((name, index) => [name, at(carry, index)]));
      const step = buildStep(inner, cell, sizes, {
        x: timeSlice as Value,
        inputs: Object.fromEntries(Object.keys(inputs).map((name, index) => [name, at(others, index)])),
        states,
        parameters,
      });
      return { next: names.map((name) => step.states[name] as Value), scanOutputs: [step.output] };
    },
  );
  const outputs = at(stacked, 0);
  const loss = b.sum(b.mul(outputs, b.input("dy", outputs.type)));
  return { graph: b.finish([loss]), inputCount: 1 + [inputs, parameters].flatMap(Object.keys).length };
}

/** The states of the loop with the names of the cell. */
function withNamedStates(graph: Graph, { state }: ResolvedDefinition): Graph {
  const names = Object.keys(state);
  return rewrite(graph, (node, { b, inputs }) => {
    if (node.op !== "Scan") return undefined;
    const { body } = node.attributes;
    const renamed = copyGraph(body, () => undefined, {
      inputName: (input) => names[body.inputs.indexOf(input)] ?? input.name,
    });
    return b.apply("Scan", inputs, { ...node.attributes, body: renamed });
  });
}

/** The loop over all steps, and its gradient. */
function cellLoops(cell: ResolvedDefinition, sizes: CellSizes, context: PassContext, optimized: boolean): Graph {
  const { graph, inputCount } = forwardLoop(cell, sizes, time);
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

/** The number of operations of a body, without constants. */
function operationCount(body: Graph): number {
  return body.nodes.filter(({ op }) => op !== "Constant" && op !== "Identity").length;
}

/** The nodes that depend on some others. */
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

function describeLoops(
  graph: Graph,
  cell: ResolvedDefinition,
): Omit<Explanation, "gradient" | "before" | "recurrences"> {
  const loops = loopsOf(graph);
  const [forwardLoop, backwardLoop] = loops;
  const scope = openScope(graph);
  const gradientNames = graph.outputs.map((_, index) => `d${graph.inputs[index]?.name}`);
  const equal = nameResults(scope, graph.outputs, gradientNames);
  const emptyLoop: LoopSummary = { lines: [], operations: 0 };
  const afterForward = dependents(graph.nodes, forwardLoop === undefined ? [] : [forwardLoop]);
  const afterBackward = dependents(graph.nodes, backwardLoop === undefined ? [] : [backwardLoop]);
  const states = Object.keys(cell.state);
  const linesOf = (isWanted: (node: Node) => boolean) =>
    infixLines(
      graph.nodes.filter((node) => node !== forwardLoop && node !== backwardLoop && isWanted(node)),
      scope,
    );
  // The loop's equations read scanned inputs by name.
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
  const sunk = [...linesOf((node) => afterBackward.has(node)), ...equal];
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

/** The equations of one step; `name[t]` is the slice of an outer value. */
function loopLines(
  { attributes, inputs, outputs }: NodeOf<"Scan">,
  stateNames: readonly string[],
  outerScope: EquationScope,
): LoopSummary {
  const { body, stateCount, scanCount } = attributes;
  const scope: EquationScope = { ...openScope(body), fresh: outerScope.fresh };
  /** The name of a sum of gradients that the loop carries: that of its result. */
  const accumulatorName = (index: number): string => {
    const hint = at(body.inputs, index).name?.replace(/^gradient\//, "d");
    return nameInScope(outerScope, at(outputs, index), hint ?? "sum");
  };
  const stateLabels = Array.from({ length: stateCount }, (_, index) => stateNames[index] ?? accumulatorName(index));
  body.inputs.forEach((input, index) => {
    const outer = () => expressionInScope(outerScope, at(inputs, index), "a");
    const state = stateLabels[index];
    if (state !== undefined) scope.names.set(input, state);
    else if (index < stateCount + scanCount) scope.names.set(input, `${outer().text}[t]`);
    else scope.inline.set(input, outer());
  });
  const lines = [...infixLines(body.nodes, scope)];
  body.outputs.forEach((output, index) => {
    const { text } = expressionInScope(scope, output, "t");
    const state = stateLabels[index];
    if (state !== undefined) {
      if (text !== `${state}'`) lines.push(`${state}' = ${text}`);
      return;
    }
    const result = at(outputs, index);
    // A scan output keeps the name of the body's value.
    const bodyName = /^[\w']+$/.test(text) && ![...outerScope.names.values()].includes(text) ? text : undefined;
    const name = outerScope.names.get(result) ?? bodyName ?? outerScope.fresh("r");
    outerScope.names.set(result, name);
    lines.push(`stack ${name}[t] = ${text}`);
  });
  return { lines, operations: operationCount(body) };
}
