/** The stages of the compiler, its options, and the runner that verifies and reports each stage's graph. */
import type { Problem } from "../../schema/diagnostics/index.js";
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { unrollSmallLoops } from "../optimize/loops/unroll.js";
import { type PassRun, type PassSelection, type Pipeline, runPasses } from "../optimize/pipeline.js";
import { cpu, type StaticTarget, staticTargets } from "../optimize/target/index.js";
import type { Signature } from "../signature.js";

/** The stages whose graphs `onStage` receives, in order. */
export const stages = [
  "forward",
  "prepared",
  "mixed",
  "gradient",
  "step",
  "optimized",
  "train",
  "eval",
  "model",
  "stream",
  "shard",
  "update",
] as const;
export type Stage = (typeof stages)[number];

export interface CompileOptions extends PassSelection {
  /** Maps problems to positions in the user's text. */
  readonly origins?: SourceMap;
  /** Adds the gradient step and the update of data-parallel training to the artifact. */
  readonly dataParallel?: boolean;
  /** The device that trains; the CPU when omitted. */
  readonly target?: StaticTarget;
  /** Called with the verified graph of each stage. */
  readonly onStage?: (stage: Stage, graph: Graph) => void;
  /** Called after each run of a pass. */
  readonly onPass?: (stage: Stage, run: PassRun) => void;
}

/** Mistakes in the spec. */
export interface CompileFailure {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

/**
 * Names of the passes that do not run. A process of data-parallel training may have no row of a batch, and ONNX Runtime
 * 1.30 refuses to split an axis of size 0, which steps of unrolled loops do.
 */
export const disabledPassesOf = ({ disabledPasses = [], dataParallel }: CompileOptions): readonly string[] =>
  dataParallel ? [...disabledPasses, unrollSmallLoops.name] : disabledPasses;

/** Runs the stages of a compilation whose arrays have the expected sizes of a signature. */
export function stageRunner(signature: Pick<Signature, "expected">, options: CompileOptions) {
  const { stopAfter, recurrence, target, onStage, onPass } = options;
  const context = {
    expected: new Map(Object.entries(signature.expected)),
    target: target === undefined ? cpu : staticTargets[target],
    recurrence,
  };
  const optimize = (stage: Stage, graph: Graph, pipeline: Pipeline): Graph =>
    runPasses(graph, pipeline, context, {
      disabledPasses: disabledPassesOf(options),
      stopAfter,
      onPass: (run) => onPass?.(stage, run),
    });
  return {
    context,
    /** The graph after some passes. */
    optimize,
    /** The graph of a stage: after its passes, verified and reported. Throws where the graph is invalid. */
    run(stage: Stage, graph: Graph, pipeline: Pipeline = []): Graph {
      const result = verify(optimize(stage, graph, pipeline), stage);
      onStage?.(stage, result);
      return result;
    },
  };
}
