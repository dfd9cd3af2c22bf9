/** What lowering gives: a training step, with the graphs on the way to it. */
import type { Program } from "../elaborate/program.js";
import type { Graph } from "../ir/types.js";
import type { StepGraph } from "../training/step-graph.js";

/** A training step, and the part of the program that it trains: everything that the loss needs. */
export interface TrainingStep {
  /** All of the program: loss, metrics, predictions, final states. */
  readonly wholeProgram: Program;
  /** What the loss needs of it, whose parameters are trained. */
  readonly lossProgram: Program;
  readonly prepared: Graph;
  /** Loss and gradients of a batch. */
  readonly gradient: Graph;
  /** In how many portions of the batch they are made, one after the other; `forward` and `prepared` are of one portion. */
  readonly microBatches: number;
  /** Whether some of the step's values are float16. */
  readonly hasFloat16: boolean;
  /** The step before the passes. */
  readonly unoptimizedStep: Graph;
  readonly step: StepGraph;
}
