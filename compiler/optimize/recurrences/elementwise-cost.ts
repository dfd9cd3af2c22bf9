/** The cost model of elementwise recurrences: a loop, a prefix scan, or chunks, in microseconds. */
import { scanOperands } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Node } from "../../ir/types.js";
import type { Loop } from "../loops/rewrite-loop.js";
import type { PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";
import type { ElementwiseFission } from "./elementwise-groups.js";
import { nodesOfGroup } from "./take-apart.js";

export type ElementwiseForm = { readonly form: "scan" } | { readonly form: "chunkwise"; readonly chunk: number };

// Elements are those of a loop, whose state is in the cache; an element of all time steps at once counts as two or three.
/** Kernel calls of one level of the prefix scan, and elements that they process for each element of the sequence. */
const LEVEL_CALLS = 14;
const LEVEL_ELEMENTS = 20;
/** Kernel calls of one step of all chunks, and elements that the chunkwise form processes for each element. */
const CHUNK_STEP_CALLS = 5;
const CHUNK_ELEMENTS = 22;
const chunkSizes = [4, 8, 16, 32];

export interface ElementwiseEstimate {
  readonly loop: number;
  readonly scan: number;
  readonly chunkwise: number;
  readonly chunk: number;
}

/** Estimated times of the whole loop, and of the same with its elementwise recurrences in each other form. */
export function elementwiseEstimate(
  loop: Loop,
  fission: ElementwiseFission,
  timeSteps: number,
  context: PassContext,
): ElementwiseEstimate {
  const { kernelCallMicroseconds, loopIterationMicroseconds, elementMicroseconds } = targetOf(context);
  const { body } = loop.attributes;
  const { inner } = scanOperands(loop);
  const sizeOf = ({ type }: { readonly type: (typeof inner.states)[number]["type"] }) =>
    expectedSize(elementCount(type.shape), context, Number.POSITIVE_INFINITY);
  const stateSizes = inner.states.map(sizeOf);
  const meanSize = stateSizes.reduce((sum, size) => sum + size, 0) / stateSizes.length;
  const perStep = (nodes: readonly Node[]) => {
    const calls = nodes.filter(({ op }) => op !== "Constant").length;
    return calls * (kernelCallMicroseconds + meanSize * elementMicroseconds);
  };
  const solved = fission.components.filter((group) => fission.semirings.has(at(group, 0)));
  const remaining = fission.components.filter((group) => !solved.includes(group));
  const remainingCost = remaining.reduce(
    (sum, group) => sum + timeSteps * (loopIterationMicroseconds + perStep(nodesOfGroup(loop, fission, group))),
    0,
  );
  const total = (cost: (size: number, states: number) => number) =>
    solved.reduce((sum, group) => {
      const size = stateSizes.reduce((all, each, index) => (group.includes(index) ? Math.max(all, each) : all), 0);
      // Composing steps of n states is a product of n x n matrices.
      return sum + group.length ** 2 * cost(size, group.length);
    }, remainingCost);
  const scan = (steps: number, size: number) =>
    Math.ceil(Math.log2(steps)) * LEVEL_CALLS * kernelCallMicroseconds +
    2 * steps * size * LEVEL_ELEMENTS * elementMicroseconds;
  const [best = { chunk: 4, chunkwise: Number.POSITIVE_INFINITY }] = chunkSizes
    .filter((chunk, index) => index === 0 || 2 * chunk <= timeSteps)
    .map((chunk) => ({
      chunk,
      chunkwise: total(
        (size) =>
          chunk * CHUNK_STEP_CALLS * kernelCallMicroseconds +
          timeSteps * size * CHUNK_ELEMENTS * elementMicroseconds +
          scan(Math.ceil(timeSteps / chunk), size),
      ),
    }))
    .sort((x, y) => x.chunkwise - y.chunkwise);
  return {
    loop: timeSteps * (loopIterationMicroseconds + perStep(body.nodes)),
    scan: total((size) => scan(timeSteps, size)),
    ...best,
  };
}

/** The requested form, or the one that is expected to be the fastest; undefined for the loop. */
export function bestElementwiseForm(
  loop: Loop,
  fission: ElementwiseFission,
  timeSteps: number,
  context: PassContext,
): ElementwiseForm | undefined {
  const { recurrence: requested } = context;
  if (requested === "loop") return undefined;
  const { loop: asLoop, scan, chunkwise, chunk } = elementwiseEstimate(loop, fission, timeSteps, context);
  if (requested === undefined && asLoop <= Math.min(scan, chunkwise)) return undefined;
  const isScan = requested === undefined ? scan <= chunkwise : requested === "scan";
  return isScan ? { form: "scan" } : { form: "chunkwise", chunk };
}
