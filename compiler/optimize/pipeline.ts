/** The passes, in the order in which they run. */
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { constantFold } from "./canonicalize/constant-fold.js";
import { cse } from "./canonicalize/cse.js";
import { dce } from "./canonicalize/dce.js";
import { simplify } from "./canonicalize/simplify/index.js";
import { foldTimeIntoMatmul } from "./kernels/fold-time-into-matmul.js";
import { fuseGemm } from "./kernels/fuse-gemm.js";
import { matmulBeforeGather } from "./kernels/matmul-before-gather.js";
import { prepackWeights } from "./kernels/prepack-weights.js";
import { reduceAsMatmul } from "./kernels/reduce-as-matmul.js";
import { decompose } from "./legalize/decompose.js";
import { elideZeroState } from "./legalize/elide-zero-state.js";
import { int32 } from "./legalize/int32.js";
import { addBeforeSplit } from "./loops/add-before-split.js";
import { associativeScan } from "./loops/associative-scan.js";
import { distribute } from "./loops/distribute.js";
import { factorOut } from "./loops/factor-out.js";
import { fuseIntoLoop } from "./loops/fuse-into-loop.js";
import { hoist } from "./loops/hoist.js";
import { hoistExact } from "./loops/hoist-exact.js";
import { inductionVariables } from "./loops/induction-variables.js";
import { lerp } from "./loops/lerp.js";
import { reassociate } from "./loops/reassociate.js";
import { sink } from "./loops/sink.js";
import { sinkExact } from "./loops/sink-exact.js";
import { unroll } from "./loops/unroll.js";
import type { Pass, PassContext } from "./pass.js";
import { reuseLoopValues } from "./reuse/loop-values.js";
import { shareFactor } from "./reuse/share-factor.js";
import { reuseShiftedState } from "./reuse/shifted-state.js";
import { tanhGradient } from "./reuse/tanh-gradient.js";

/** What moves nothing in or out of loops. */
export const canonicalize: readonly Pass[] = [constantFold, simplify, cse, dce];

const rearrangeTerms: readonly Pass[] = [reassociate, factorOut, distribute];

/** A loop's body put so that its state-free parts stand by themselves. What one round finds may serve the next. */
const exposeInvariants: readonly Pass[] = [
  lerp,
  addBeforeSplit,
  ...rearrangeTerms,
  ...rearrangeTerms,
  ...rearrangeTerms,
];

/** Before differentiation: what leaves a forward loop here has its gradient outside the backward loop by itself. */
export const forwardPasses: readonly Pass[] = [
  ...canonicalize,
  lerp,
  addBeforeSplit,
  reassociate,
  hoist,
  ...canonicalize,
  matmulBeforeGather,
  sink,
  ...canonicalize,
];

/** On a graph with casts to and from float16: those of weights and data leave the loops. */
export const mixedPrecisionPasses: readonly Pass[] = [...canonicalize, hoist, ...canonicalize];

/** After differentiation, on the whole step; and last on graphs that only infer. */
export const stepPasses: readonly Pass[] = [
  ...canonicalize,
  ...exposeInvariants,
  hoist,
  sink,
  ...canonicalize,
  associativeScan,
  ...canonicalize,
  foldTimeIntoMatmul,
  matmulBeforeGather,
  fuseGemm,
  prepackWeights,
  reuseShiftedState,
  reduceAsMatmul,
  tanhGradient,
  ...canonicalize,
  reuseLoopValues,
  fuseIntoLoop,
  shareFactor,
  ...canonicalize,
];

/** On the loop over the steps of a call, which are optimized each by itself. */
export const stepLoopPasses: readonly Pass[] = [
  ...canonicalize,
  inductionVariables,
  hoistExact,
  sinkExact,
  ...canonicalize,
];

/** On graphs that are exported. */
export const exportPasses: readonly Pass[] = [elideZeroState, ...stepPasses];

/** After all others, on graphs of known sizes for WebGPU. */
export const webgpuPasses: readonly Pass[] = [
  ...canonicalize,
  unroll,
  ...canonicalize,
  decompose,
  int32,
  ...canonicalize,
];

/** Every pass of training by name, each once. */
export const ablatablePasses: readonly Pass[] = [...new Set([...forwardPasses, ...stepPasses, ...stepLoopPasses])];

/** Runs passes in order, each verified, without those named. `after` sees each pass's result. */
export function runPasses(
  graph: Graph,
  pipeline: readonly Pass[],
  context: PassContext,
  without: readonly string[] = [],
  onPass: (pass: Pass, graph: Graph) => void = () => {},
): Graph {
  /** Passes that left the current graph as it is. */
  let idle = new Set<Pass>();
  return pipeline
    .filter((pass) => !without.includes(pass.name))
    .reduce((current, pass) => {
      const next = idle.has(pass) ? current : runVerified(pass, current, context);
      idle = next === current ? idle.add(pass) : new Set();
      onPass(pass, next);
      return next;
    }, graph);
}

function runVerified(pass: Pass, graph: Graph, context: PassContext): Graph {
  const next = pass.run(graph, context);
  return next === graph ? graph : verify(next, pass.name);
}
