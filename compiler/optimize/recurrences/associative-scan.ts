/**
 * Elementwise recurrences without a loop over time steps: as a prefix scan of logarithmic depth, or in chunks. It runs
 * after differentiation, because the backward loop of a linear recurrence is one too.
 */
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Value } from "../../ir/types.js";
import { type Loop, rewriteLoops } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize } from "../target/index.js";
import { combinationsOf, type Semiring } from "./elementwise.js";
import { bestElementwiseForm, type ElementwiseForm } from "./elementwise-cost.js";
import { type ElementwiseFission, elementwiseFissionOf } from "./elementwise-groups.js";
import { shiftByOne, solveByChunks, solveByScan } from "./prefix-scan.js";
import { type Site, type Solution, type StateGroups, takeApart } from "./take-apart.js";

function solveElementwise(
  loop: Loop,
  groups: StateGroups,
  group: readonly number[],
  semiring: Semiring,
  form: ElementwiseForm,
  site: Site,
): Solution {
  const { b, timeSteps, reverse } = site;
  const rank = at(scanOperands(loop).inner.states, at(group, 0)).type.shape.length;
  /** The outer value, shaped to broadcast with [time, ...state]. */
  const overTime = (bodyValue: Value): Value => {
    const { value, perStep } = site.outerValueOf(bodyValue);
    const { shape } = bodyValue.type;
    const aligned = [...new Array<number>(rank - shape.length).fill(1), ...shape];
    if (perStep) return shape.length === rank ? value : b.reshape(value, [timeSteps, ...aligned]);
    return b.reshape(value, [1, ...aligned]);
  };
  const first = group.map(site.initial);
  const withTime = (value: Value | undefined): Value | undefined => {
    if (value === undefined) return undefined;
    const { shape } = value.type;
    const axes = [...new Array<number>(rank + 1 - shape.length).fill(1), ...shape];
    return axes[0] === timeSteps ? value : b.expand(value, [timeSteps, ...axes.slice(1)]);
  };
  const steps = combinationsOf(b, loop, groups, group, semiring, overTime).map(({ factors, term }) => ({
    factors: factors.map(withTime),
    term: withTime(term),
  }));
  const recurrence = { b, semiring, first, reverse };
  const after =
    form.form === "scan"
      ? solveByScan(recurrence, steps, timeSteps)
      : solveByChunks(recurrence, steps, timeSteps, form.chunk);
  const last = reverse ? 0 : timeSteps - 1;
  return {
    final: after.map((states) => b.squeeze(b.slice(states, 0, last, last + 1), [0])),
    before: after.map((states, index) => shiftByOne(b, states, at(first, index), reverse)),
  };
}

/** Replaces loops of static length whose recurrences have a form other than the loop. */
export function rewriteElementwise(
  graph: Graph,
  formOf: (loop: Loop, fission: ElementwiseFission, timeSteps: number) => ElementwiseForm | undefined,
): Graph {
  return rewriteLoops(graph, (b, loop, operands) => {
    const timeSteps = loop.attributes.length;
    if (typeof timeSteps !== "number" || timeSteps < 2) return undefined;
    const fission = elementwiseFissionOf(loop);
    const form = fission && formOf(loop, fission, timeSteps);
    if (fission === undefined || form === undefined) return undefined;
    return takeApart(b, loop, operands, fission, timeSteps, (group, site) => {
      const semiring = fission.semirings.get(at(group, 0));
      return semiring && solveElementwise(loop, fission, group, semiring, form, site);
    });
  });
}

/** True when a loop of a graph would have another form if its length were static. */
export function hasParallelizableLoop(graph: Graph, context: PassContext): boolean {
  return graph.nodes.some((node) => {
    const timeSteps = node.op === "Scan" ? expectedSize(node.attributes.length, context, 0) : 0;
    const fission = node.op === "Scan" && timeSteps > 1 ? elementwiseFissionOf(node) : undefined;
    return fission !== undefined && bestElementwiseForm(node as Loop, fission, timeSteps, context) !== undefined;
  });
}

export const associativeScan: Pass = {
  name: "associative-scan",
  description: "Turns an affine loop into a prefix scan, or into chunks: h' = a * h + b per step → log2(T) levels.",
  after: ["hoist", "sink"],
  run: (graph, context) =>
    rewriteElementwise(graph, (loop, fission, timeSteps) => bestElementwiseForm(loop, fission, timeSteps, context)),
};
