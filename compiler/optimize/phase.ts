/**
 * Phases: named lists of passes that run once or to a fixpoint, each pass verified, and the legality of their output.
 */
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { checkLegality, type LegalityRule } from "./legality.js";
import type { Pass, PassContext, RecurrenceForm } from "./pass.js";

export interface Phase {
  readonly name: string;
  readonly passes: readonly Pass[];
  readonly until: "once" | "fixpoint";
  /** Passes that run to a fixpoint after the phase's own, in every round. */
  readonly cleanup: readonly Pass[];
  /** Rules that the phase's output obeys. */
  readonly legality: readonly LegalityRule[];
  /** The result is differentiated: costs include those of the gradient. */
  readonly precedesGradient: boolean;
}

export type Pipeline = readonly Phase[];

export function phase(
  name: string,
  passes: readonly Pass[],
  options: Partial<Omit<Phase, "name" | "passes">> = {},
): Phase {
  return { name, passes, until: "once", cleanup: [], legality: [], precedesGradient: false, ...options };
}

/** The passes of a pipeline in the order in which they first run. */
export function passesOf(pipeline: Pipeline): readonly Pass[] {
  return [...new Set(pipeline.flatMap(({ passes, cleanup }) => [...passes, ...cleanup]))];
}

export interface PassSelection {
  /** Names of passes that do not run. */
  readonly disabledPasses?: readonly string[];
  /** A pass or a phase: a pipeline ends after the first run of this pass, or after this phase. */
  readonly stopAfter?: string | undefined;
  /** The form of every linear recurrence that has it; by default the fastest. */
  readonly recurrence?: RecurrenceForm | undefined;
}

/** One run of a pass: `after` is the same object as `before` when nothing changed. */
export interface PassRun {
  readonly phase: string;
  readonly pass: string;
  readonly before: Graph;
  readonly after: Graph;
}

export interface RunOptions extends PassSelection {
  /** Called after each run of a pass. */
  readonly onPass?: (run: PassRun) => void;
}

/** Rounds after which passes that still change the graph are at fault. */
const MAX_ROUNDS = 20;

/**
 * Runs a pipeline. A pass that left a graph unchanged does not run on the same graph again.
 *
 * @throws when a pass breaks the graph, when a phase reaches no fixpoint, or when its output breaks a legality rule.
 */
export function runPasses(
  graph: Graph,
  pipeline: Pipeline,
  context: PassContext,
  { disabledPasses = [], stopAfter, onPass }: RunOptions = {},
): Graph {
  let current = graph;
  let isStopped = false;
  /** Passes that leave the current graph unchanged. */
  let idle = new Set<string>();
  const isEnabled = ({ name }: Pass) => !disabledPasses.includes(name);

  const runPass = (pass: Pass, phase: Phase) => {
    if (isStopped) return;
    if (!idle.has(pass.name)) {
      const before = current;
      current = pass.run(before, { ...context, precedesGradient: phase.precedesGradient });
      idle.add(pass.name);
      if (current !== before) {
        verify(current, `${phase.name}/${pass.name}`);
        idle = new Set(pass.preserves?.filter((name) => idle.has(name)));
      }
      onPass?.({ phase: phase.name, pass: pass.name, before, after: current });
    }
    isStopped = pass.name === stopAfter;
  };
  const runToFixpoint = (runRound: () => void, name: string) => {
    for (let round = 0, before: Graph | undefined; before !== current && !isStopped; round++) {
      if (round === MAX_ROUNDS) throw new Error(`${name} reaches no fixpoint of ${graph.name} in ${MAX_ROUNDS} rounds`);
      before = current;
      runRound();
    }
  };
  for (const phase of pipeline) {
    const passes = phase.passes.filter(isEnabled);
    const cleanup = phase.cleanup.filter(isEnabled);
    const runRound = () => {
      for (const pass of passes) runPass(pass, phase);
      runToFixpoint(() => {
        for (const pass of cleanup) runPass(pass, phase);
      }, `the cleanup of ${phase.name}`);
    };
    if (phase.until === "once") runRound();
    else runToFixpoint(runRound, phase.name);
    if (isStopped) return current;
    if ([...phase.passes, ...phase.cleanup].every(isEnabled)) checkLegality(current, phase.legality, phase.name);
    if (phase.name === stopAfter) return current;
  }
  return current;
}
