/** The forms of a cell's recurrences in training: loop, prefix scan or chunks, with the reason and estimated times. */
import { scanOperands } from "../graph/rewrite.js";
import { at } from "../ir/expect.js";
import type { Graph, NodeOf } from "../ir/types.js";
import type { PassContext, RecurrenceForm } from "../optimize/pass.js";
import { forwardPasses, runPasses } from "../optimize/pipeline.js";
import { blockEstimate } from "../optimize/recurrences/block-cost.js";
import { bestElementwiseForm, elementwiseEstimate } from "../optimize/recurrences/elementwise-cost.js";
import { elementwiseFissionOf } from "../optimize/recurrences/elementwise-groups.js";
import { chosenChunks, estimateOf, fissionOf, solveRecurrences } from "../optimize/recurrences/solve-recurrences.js";
import { stateGroups } from "../optimize/recurrences/take-apart.js";

export interface RecurrenceExplanation {
  readonly states: readonly string[];
  readonly form: RecurrenceForm;
  /** Time steps of a chunk; null in another form. */
  readonly chunk: number | null;
  readonly reason: string;
  /** Estimated microseconds of a forward pass in each form that the states have, with the others of their loop. */
  readonly microseconds: Partial<Readonly<Record<RecurrenceForm, number>>>;
}

function loopOf({ nodes }: Graph): NodeOf<"Scan"> | undefined {
  return nodes.find((node): node is NodeOf<"Scan"> => node.op === "Scan");
}

/**
 * @param graph a loop of a static number of steps over a cell, whose states have their names; undefined where the
 *   number of steps varies.
 */
export function recurrenceForms(
  graph: Graph | undefined,
  names: readonly string[],
  context: PassContext,
): readonly RecurrenceExplanation[] {
  if (graph === undefined)
    return [{ states: names, form: "loop", chunk: null, reason: "the sequences differ in length", microseconds: {} }];
  const loop = loopOf(graph);
  const timeSteps = Number(loop?.attributes.length);
  const fission = loop && fissionOf(loop, context);
  if (loop === undefined) return [];
  const chunks =
    fission === undefined || context.recurrence === "loop"
      ? undefined
      : chosenChunks(context)(loop, fission, timeSteps);
  const apart = solveRecurrences.run(graph, context);
  const solvedForms: RecurrenceExplanation[] = [];
  const blocks = [...(fission?.blocks.values() ?? [])].filter(
    (block) => chunks !== undefined && chunks.block(block) > 0,
  );
  for (const block of blocks) {
    const { loop: asLoop, chunkwise } = blockEstimate(block, timeSteps, context);
    solvedForms.push({
      states: block.group.map((index) => at(names, index)),
      form: "chunkwise",
      chunk: chunks?.block(block) ?? 0,
      reason: "linear by entry, and too wide to store each step: computed again for the gradient",
      microseconds: { loop: asLoop, chunkwise },
    });
  }
  const inBlocks = new Set(blocks.flatMap(({ group }) => group));
  const products = [...(fission?.recurrences.keys() ?? [])].filter((index) => !inBlocks.has(index));
  if (fission !== undefined && chunks !== undefined && chunks.matrix > 0 && products.length > 0) {
    const { loop: asLoop, chunkwise } = estimateOf(loop, fission, timeSteps, context);
    solvedForms.push({
      states: products.map((index) => at(names, index)),
      form: "chunkwise",
      chunk: chunks.matrix,
      reason: "linear, and read by products with vectors",
      microseconds: { loop: asLoop, chunkwise },
    });
  }
  if (apart !== graph)
    for (const index of fission?.windows.keys() ?? [])
      solvedForms.push({
        states: [at(names, index)],
        form: "scan",
        chunk: null,
        reason: "a window of the last steps: slices of one sequence",
        microseconds: {},
      });
  const prepared = runPasses(apart, forwardPasses, context, { disabledPasses: [solveRecurrences.name] });
  const solved = new Set(solvedForms.flatMap(({ states }) => states));
  const loops = prepared.nodes.filter((node): node is NodeOf<"Scan"> => node.op === "Scan");
  const others = loops.flatMap((each) =>
    elementwiseForms(
      each,
      names.filter((name) => !solved.has(name)),
      timeSteps,
      context,
    ),
  );
  const order = ({ states: [first = ""] }: RecurrenceExplanation) => names.indexOf(first);
  return [...solvedForms, ...others].sort((x, y) => order(x) - order(y));
}

/** The groups of states of one loop that have some of the names. */
function elementwiseForms(
  loop: NodeOf<"Scan">,
  names: readonly string[],
  timeSteps: number,
  context: PassContext,
): readonly RecurrenceExplanation[] {
  const fission = elementwiseFissionOf(loop);
  const best = fission && bestElementwiseForm(loop, fission, timeSteps, context);
  const estimate = fission && elementwiseEstimate(loop, fission, timeSteps, context);
  const { inner } = scanOperands(loop);
  return stateGroups(loop).components.flatMap((group): readonly RecurrenceExplanation[] => {
    const states = group.map((index) => at(inner.states, index).name ?? "");
    if (!states.every((state) => names.includes(state))) return [];
    const semiring = fission?.semirings.get(at(group, 0));
    if (semiring === undefined || estimate === undefined)
      return [{ states, form: "loop", chunk: null, reason: "not linear by entry", microseconds: {} }];
    const { loop: asLoop, scan, chunkwise, chunk } = estimate;
    return [
      {
        states,
        form: best?.form ?? "loop",
        chunk: best?.form === "chunkwise" ? chunk : null,
        reason:
          semiring.name === "max-plus"
            ? "a running maximum"
            : states.length > 1
              ? "linear in each other by entry"
              : "linear by entry",
        microseconds: { loop: asLoop, scan, chunkwise },
      },
    ];
  });
}
