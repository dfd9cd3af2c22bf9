/** What lowering gives: a training step, with the graphs on the way to it. */
import type { Program } from "./elaborate/program.js";
import type { StepGraph } from "./elaborate/update.js";
import type { Graph } from "./ir/types.js";

/** A training step, and the part of the program that it trains: everything that the loss needs. */
export interface Lowered {
  /** All of the program: loss, metrics, predictions, final states. */
  readonly forward: Program;
  /** What the loss needs of it, whose parameters are trained. */
  readonly program: Program;
  readonly prepared: Graph;
  /** Loss and gradients of a batch. */
  readonly gradient: Graph;
  /** In how many portions of the batch they are made, one after the other; `forward` and `prepared` are of one portion. */
  readonly portions: number;
  /** Whether some of the step's values are float16. */
  readonly halved: boolean;
  /** The step before the passes. */
  readonly update: Graph;
  readonly step: StepGraph;
}
