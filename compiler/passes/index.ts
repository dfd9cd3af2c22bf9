/** The passes, in the order in which they run. */
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { ahead } from "./ahead.js";
import { behind } from "./behind.js";
import { blend } from "./blend.js";
import { contract } from "./contract.js";
import { count } from "./count.js";
import { cse } from "./cse.js";
import { dce } from "./dce.js";
import { distribute } from "./distribute.js";
import { factor } from "./factor.js";
import { fold } from "./fold.js";
import { fuse } from "./fuse.js";
import { gatherMatmul } from "./gather-matmul.js";
import { gemm } from "./gemm.js";
import { hoist } from "./hoist.js";
import { lift } from "./lift.js";
import { narrow } from "./narrow.js";
import { parallel } from "./parallel.js";
import type { Pass, PassContext } from "./pass.js";
import { recall } from "./recall.js";
import { regroup } from "./regroup.js";
import { rest } from "./rest.js";
import { shift } from "./shift.js";
import { simplify } from "./simplify.js";
import { sink } from "./sink.js";
import { spread } from "./spread.js";
import { square } from "./square.js";
import { standIn } from "./stand-in.js";
import { tally } from "./tally.js";
import { turn } from "./turn.js";
import { unroll } from "./unroll.js";

/** What moves nothing in or out of loops. */
export const tidy: readonly Pass[] = [fold, simplify, cse, dce];

const round: readonly Pass[] = [regroup, factor, distribute];

/** A loop's body put so that its state-free parts stand by themselves. What one round finds may serve the next. */
const separate: readonly Pass[] = [blend, lift, ...round, ...round, ...round];

/** Before differentiation: what leaves a forward loop here has its gradient outside the backward loop by itself. */
export const forwardPasses: readonly Pass[] = [
  ...tidy,
  blend,
  lift,
  regroup,
  hoist,
  ...tidy,
  gatherMatmul,
  sink,
  ...tidy,
];

/** On a graph with casts to and from float16: those of weights and data leave the loops. */
export const mixedPasses: readonly Pass[] = [...tidy, hoist, ...tidy];

/** After differentiation, on the whole step; and last on graphs that only infer. */
export const stepPasses: readonly Pass[] = [
  ...tidy,
  ...separate,
  hoist,
  sink,
  ...tidy,
  parallel,
  ...tidy,
  contract,
  gatherMatmul,
  gemm,
  turn,
  shift,
  tally,
  square,
  ...tidy,
  recall,
  fuse,
  spread,
  ...tidy,
];

/** On the loop over the steps of a call, which are optimized each by itself. */
export const callPasses: readonly Pass[] = [...tidy, count, ahead, behind, ...tidy];

/** On graphs that are exported. */
export const exportPasses: readonly Pass[] = [rest, ...stepPasses];

/** After all others, on graphs of known sizes for WebGPU. */
export const webgpuPasses: readonly Pass[] = [...tidy, unroll, ...tidy, standIn, narrow, ...tidy];

/** Every pass of training by name, each once. */
export const passes: readonly Pass[] = [...new Set([...forwardPasses, ...stepPasses, ...callPasses])];

/** Runs passes in order, each verified, without those named. `after` sees each pass's result. */
export function runPasses(
  graph: Graph,
  list: readonly Pass[],
  context: PassContext,
  without: readonly string[] = [],
  after: (pass: Pass, graph: Graph) => void = () => {},
): Graph {
  /** Passes that left the current graph as it is. */
  let idle = new Set<Pass>();
  return list
    .filter((pass) => !without.includes(pass.name))
    .reduce((current, pass) => {
      const next = idle.has(pass) ? current : verified(pass, current, context);
      idle = next === current ? idle.add(pass) : new Set();
      after(pass, next);
      return next;
    }, graph);
}

function verified(pass: Pass, graph: Graph, context: PassContext): Graph {
  const next = pass.run(graph, context);
  return next === graph ? graph : verify(next, pass.name);
}
