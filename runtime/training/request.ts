/** The request of a training run. */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { InitialWeightsSource } from "../import/initial-weights.js";
import type { RequestedDevice } from "../sessions/session.js";

/** The number of threads that a request fixes. */
export function fixedThreads({ threads }: Pick<TrainRequest, "threads">): number | undefined {
  return threads === "auto" ? undefined : threads;
}

export interface TrainRequest {
  readonly spec: NormalSpec;
  /** Folder that the spec's relative paths start from. */
  readonly folder: string;
  /** The run directory. */
  readonly out: string;
  readonly device: RequestedDevice;
  /** Continues the run in `out` from its latest checkpoint. */
  readonly resume: boolean;
  /** Replaces a run in `out`; without it and without `resume` such a run is a problem. */
  readonly overwrite?: boolean;
  /** A file of initial weights; tensors that it lacks are initialized from the seed. */
  readonly init: InitialWeightsSource | null;
  /** Memory limit of `batch_size: "largest"` and `accumulate: "auto"`, in bytes; by default most of the free memory. */
  readonly memoryLimit?: number;
  /**
   * CPU threads; `auto` measures which number is the fastest, also where the last digits of the results differ. By
   * default one for a small model, and otherwise all cores, or one where that is faster with the same results.
   */
  readonly threads?: number | "auto";
  /** Threads that share every batch, each with a session on one thread; by default the training is not distributed. */
  readonly ranks?: number;
  /** Trains even where the estimated memory exceeds the machine's. */
  readonly force?: boolean;
  /** A folder of `rnnx grad` whose training step is trained, and a file with the arrays of its data ports. */
  readonly step?: {
    readonly folder: string;
    readonly data: string;
    /** Columns of a file of rows by the name of a data port. */
    readonly columns?: ReadonlyMap<string, readonly string[]>;
  };
  /** A model file whose training this run continues, on the spec's data. */
  readonly fromModel?: string;
  /** Compiler passes that do not run (to measure them, or to bisect a fault). */
  readonly disabledPasses: readonly string[];
  /** A pass after whose first run, or a phase after which, every pipeline of the compiler ends. */
  readonly stopAfter?: string | undefined;
  /** The form of linear recurrences; by default the fastest by estimate. */
  readonly recurrence?: "loop" | "scan" | "chunkwise" | undefined;
  /** Adds a `predictions` event to every evaluation. */
  readonly reportPredictions?: boolean;
}
