/** The cost model of recurrences in blocks, in microseconds: a pass over the wide values of a block is one in the cache. */
import type { PassContext } from "../pass.js";
import { targetOf } from "../target/index.js";
import type { Block } from "./blocks.js";

/** The estimated times of a group of states, as a loop and in blocks of some steps. */
export interface BlockEstimate {
  readonly loop: number;
  readonly chunkwise: number;
  readonly chunk: number;
}

const MIN_STEPS = 4;
const MAX_STEPS = 32;
/** Caches of states of all time steps from which a recurrence is computed again in place of being stored. */
const STORED_CACHES = 16;

export function blockEstimate({ nodes, size }: Block, timeSteps: number, context: PassContext): BlockEstimate {
  const { kernelCallMicroseconds, loopIterationMicroseconds, elementMicroseconds, ...target } = targetOf(context);
  const calls = nodes.filter(({ op }) => op !== "Constant").length;
  const fitting = 2 ** Math.floor(Math.log2(target.cacheElements / size));
  const chunk = Math.max(MIN_STEPS, Math.min(MAX_STEPS, fitting));
  const inner = timeSteps * (loopIterationMicroseconds + 2 * kernelCallMicroseconds);
  const outer = Math.ceil(timeSteps / chunk) * (loopIterationMicroseconds + calls * kernelCallMicroseconds);
  const elements = timeSteps * calls * size;
  return {
    loop: timeSteps * (loopIterationMicroseconds + calls * kernelCallMicroseconds) + elements * elementMicroseconds,
    // Each block is computed twice.
    chunkwise: 2 * (inner + outer + elements * target.cachedElementMicroseconds),
    chunk,
  };
}

/** The steps of a block in the requested or faster form; 0 for the loop. */
export function chosenBlock(block: Block, timeSteps: number, context: PassContext): number {
  const { recurrence: form } = context;
  if (form === "loop" || form === "scan") return 0;
  const { loop, chunkwise, chunk } = blockEstimate(block, timeSteps, context);
  // What stays in the cache is faster to store than to compute again.
  const isLarge = timeSteps * block.size >= STORED_CACHES * targetOf(context).cacheElements;
  return form === "chunkwise" || (isLarge && chunkwise < loop) ? chunk : 0;
}
