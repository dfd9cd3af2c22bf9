/** Where a run starts: at the newest checkpoint of the same run when it is resumed, else at the beginning. */
import { join } from "node:path";
import type { TrainRequest } from "../events.js";
import { fail, ok, type Result } from "../result.js";
import { findLatestCheckpoint, type RunState } from "../run/checkpoint.js";
import { clearRun, removePartialFiles, runFiles } from "../run/layout.js";
import { durableFs } from "../storage/durable-fs.js";
import { initializeTensors } from "../tensors/initializers.js";
import { initialProgress, restoreProgress, type TrainingProgress } from "./early-stopping.js";
import { checkFingerprint } from "./fingerprint.js";
import type { PreparedTraining } from "./prepare.js";
import type { InitialState } from "./training-state.js";

export interface StartState extends InitialState {
  /** The loss of the last step that was made. */
  readonly loss: number | null;
  readonly progress: TrainingProgress;
  readonly notices: readonly string[];
}

/** Needs the directory's lock. A fresh start clears what an earlier run left there. */
export function restoreOrInitialize(
  { spec, out, resume, init }: TrainRequest,
  prepared: PreparedTraining,
): Result<StartState> {
  const notices: string[] = [];
  if (resume) {
    const folder = join(out, runFiles.checkpoints);
    removePartialFiles(durableFs, out);
    const { latest, damaged } = findLatestCheckpoint(folder);
    for (const { path, reason } of damaged)
      notices.push(`The checkpoint ${path} is damaged (${reason}) and is passed over.`);
    if (latest !== undefined) {
      const problems = checkFingerprint(latest.state, spec, prepared.source.digest, out);
      if (problems.length > 0) return fail(problems);
      if (init !== null) notices.push("The run goes on from its own weights, so --init has no effect.");
      const { step, loss, memory: progress }: RunState = latest.state;
      const { parameters, slots, states } = latest;
      return ok({ step, loss, progress: restoreProgress(spec.train, progress), parameters, slots, states, notices });
    }
    notices.push(`There is no checkpoint in "${out}" to resume from: the run starts at the beginning.`);
  }
  clearRun(durableFs, out);
  const { parameters, slots } = prepared.artifact.manifest;
  // States of stateful layers belong to the data that they were made of: on other data they start at zero.
  const fresh = { loss: null, progress: initialProgress, states: new Map(), notices };
  if (prepared.resumePoint !== null) return ok({ ...prepared.resumePoint, ...fresh });
  const weights = new Map([...initializeTensors(parameters, spec.seed), ...prepared.initialWeights]);
  return ok({ step: 0, parameters: weights, slots: initializeTensors(slots, spec.seed), ...fresh });
}
