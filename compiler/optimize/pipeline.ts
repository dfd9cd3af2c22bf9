/** The pipelines: phases of passes as data, in the order in which they run. */
import { constantFold } from "./canonicalize/constant-fold.js";
import { cse } from "./canonicalize/cse.js";
import { dce } from "./canonicalize/dce.js";
import { simplify } from "./canonicalize/simplify/index.js";
import { contractProducts } from "./kernels/contract-products.js";
import { foldTimeIntoMatmul } from "./kernels/fold-time-into-matmul.js";
import { fuseGemm } from "./kernels/fuse-gemm.js";
import { fuseNormalization } from "./kernels/fuse-normalization.js";
import { fuseOperators } from "./kernels/fuse-operators.js";
import { lowRankProducts } from "./kernels/low-rank-products.js";
import { matmulBeforeGather } from "./kernels/matmul-before-gather.js";
import { prepackWeights } from "./kernels/prepack-weights.js";
import { shortRows } from "./kernels/short-rows.js";
import { softplus } from "./kernels/softplus.js";
import { splitBeforeGather } from "./kernels/split-before-gather.js";
import { vectorTransposes } from "./kernels/vector-transposes.js";
import { type LegalityRule, noExportedOperators, noIdentity, noInt64, noStaticLoops, webgpuOps } from "./legality.js";
import { decompose } from "./legalize/decompose.js";
import { elideZeroState } from "./legalize/elide-zero-state.js";
import { int32 } from "./legalize/int32.js";
import { kernelArguments } from "./legalize/kernel-arguments.js";
import { addBeforeSplit } from "./loops/add-before-split.js";
import { distribute } from "./loops/distribute.js";
import { factorOut } from "./loops/factor-out.js";
import { fuseIntoLoop } from "./loops/fuse-into-loop.js";
import { hoist, hoistExact } from "./loops/hoist.js";
import { inductionVariables } from "./loops/induction-variables.js";
import { lerp } from "./loops/lerp.js";
import { negateInvariants } from "./loops/negate-invariants.js";
import { reassociate } from "./loops/reassociate.js";
import { sink, sinkExact } from "./loops/sink.js";
import { unroll, unrollSmallLoops } from "./loops/unroll.js";
import type { Pass } from "./pass.js";
import { type Phase, type Pipeline, passesOf, phase } from "./phase.js";
import { associativeScan } from "./recurrences/associative-scan.js";
import { solveRecurrences } from "./recurrences/solve-recurrences.js";
import { windowSums } from "./recurrences/window-sums.js";
import { factorSums } from "./reuse/factor-sums.js";
import { reorderLoopProducts } from "./reuse/loop-products.js";
import { reuseLoopValues } from "./reuse/loop-values.js";
import { shareFactor } from "./reuse/share-factor.js";
import { shareSquares } from "./reuse/share-squares.js";
import { softmaxGradient } from "./reuse/softmax-gradient.js";
import { tanhGradient } from "./reuse/tanh-gradient.js";
import type { StaticTarget } from "./target/index.js";

export { type PassRun, type PassSelection, type Phase, type Pipeline, passesOf, runPasses } from "./phase.js";

const cleanup: readonly Pass[] = [constantFold, simplify, cse, dce];

const canonicalization = (rules: readonly LegalityRule[]) =>
  phase("canonicalize", cleanup, { until: "fixpoint", legality: [noIdentity, ...rules] });

/** Nothing enters or leaves a loop. */
export const canonicalize: Pipeline = [canonicalization([])];

/** A phase with the canonicalization of its result. */
function canonicalized(
  name: string,
  passes: readonly Pass[],
  rules: readonly LegalityRule[],
  options: Partial<Pick<Phase, "until" | "precedesGradient">> = {},
): Phase {
  return phase(name, passes, { ...options, cleanup, legality: [noIdentity, ...rules] });
}

const legalInTraining = [noExportedOperators];

/** Before differentiation: work that leaves a forward loop here has its gradient outside the backward loop. */
export const forwardPasses: Pipeline = [
  canonicalization(legalInTraining),
  canonicalized("fuse-operators", [fuseNormalization], legalInTraining),
  canonicalized("solve-recurrences", [negateInvariants, solveRecurrences], legalInTraining),
  canonicalized("sum-windows", [windowSums], legalInTraining),
  phase("expose-invariants", [lerp, addBeforeSplit, reassociate, negateInvariants], {
    until: "fixpoint",
    legality: legalInTraining,
  }),
  canonicalized("hoist-from-loops", [hoist], legalInTraining, { until: "fixpoint" }),
  canonicalized("sink-from-loops", [matmulBeforeGather, sink], legalInTraining, {
    until: "fixpoint",
    precedesGradient: true,
  }),
  canonicalized("factor-low-rank", [lowRankProducts], legalInTraining),
];

/** On a graph with casts to and from float16: the casts of weights and data leave the loops. */
export const mixedPrecisionPasses: Pipeline = [
  canonicalization(legalInTraining),
  canonicalized("hoist-from-loops", [hoist], legalInTraining, { until: "fixpoint" }),
];

const optimization = (rules: readonly LegalityRule[]): Pipeline => [
  canonicalization(rules),
  canonicalized("fuse-operators", [fuseNormalization], rules),
  phase("expose-invariants", [lerp, addBeforeSplit, reassociate, negateInvariants, factorOut, distribute], {
    until: "fixpoint",
    legality: rules,
  }),
  canonicalized("move-out-of-loops", [hoist, sink], rules, { until: "fixpoint" }),
  canonicalized("parallelize-loops", [associativeScan], rules),
  canonicalized(
    "choose-kernels",
    [
      contractProducts,
      shortRows,
      softplus,
      foldTimeIntoMatmul,
      matmulBeforeGather,
      splitBeforeGather,
      fuseGemm,
      prepackWeights,
      vectorTransposes,
    ],
    rules,
  ),
  canonicalized(
    "reuse-values",
    [
      softmaxGradient,
      tanhGradient,
      reorderLoopProducts,
      reuseLoopValues,
      fuseIntoLoop,
      shareSquares,
      factorSums,
      dce,
      shareFactor,
    ],
    rules,
  ),
];

/** After differentiation, on the whole step; and on the graphs of evaluation and inference. */
export const stepPasses: Pipeline = [
  ...optimization(legalInTraining),
  canonicalized("unroll-small-loops", [unrollSmallLoops, fuseGemm], legalInTraining),
];

/** On the loop over the steps of a call; the step itself has been optimized. */
export const stepLoopPasses: Pipeline = [
  canonicalization(legalInTraining),
  canonicalized("move-out-of-step-loop", [inductionVariables, hoistExact, sinkExact], legalInTraining),
];

/** On exported graphs. */
export const exportPasses: Pipeline = [phase("elide-operands", [elideZeroState]), ...optimization([])];

/** After the others, on exported graphs of all forms. */
export const operatorPasses: Pipeline = [canonicalization([]), canonicalized("choose-operators", [fuseOperators], [])];

const withoutLoops: Pipeline = [
  canonicalization(legalInTraining),
  canonicalized("unroll-loops", [unroll], [...legalInTraining, noStaticLoops]),
];

/** After all others, on graphs of static shapes for a device. */
export const staticPasses: Readonly<Record<StaticTarget, Pipeline>> = {
  cuda: [...withoutLoops, canonicalized("legalize", [kernelArguments], [...legalInTraining, noStaticLoops])],
  webgpu: [
    ...withoutLoops,
    canonicalized("legalize", [decompose, int32], [...legalInTraining, noStaticLoops, webgpuOps, noInt64]),
  ],
};

const trainingPipelines = [forwardPasses, mixedPrecisionPasses, stepPasses, stepLoopPasses];

/** The passes of training, each once: disabling one changes the speed and not the result. */
export const ablatablePasses: readonly Pass[] = [...new Set(trainingPipelines.flatMap(passesOf))];

/** The phases of training, by name. */
export const phaseNames: readonly string[] = [...new Set(trainingPipelines.flat().map(({ name }) => name))];

/** The pipelines by name, with the stages of the compiler that run them. */
export const pipelines: readonly { readonly name: string; readonly stages: string; readonly phases: Pipeline }[] = [
  { name: "forward", stages: "prepared", phases: forwardPasses },
  { name: "mixed-precision", stages: "mixed", phases: mixedPrecisionPasses },
  { name: "step", stages: "optimized, eval, model, stream, shard, update", phases: stepPasses },
  { name: "step-loop", stages: "train", phases: stepLoopPasses },
  { name: "export", stages: "rnnx export", phases: exportPasses },
  { name: "operators", stages: "rnnx export", phases: operatorPasses },
  { name: "webgpu", stages: "train and eval of --device webgpu", phases: staticPasses.webgpu },
  { name: "cuda", stages: "train of --device cuda", phases: staticPasses.cuda },
];
