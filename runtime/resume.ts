/** Where a run starts: at the newest checkpoint of the same run when it is resumed, else at the beginning. */
import { join } from "node:path";
import type { TrainerStart } from "./carried.js";
import { findCheckpoint, type RunState } from "./checkpoint.js";
import { clearRun, removeLeftovers, runFiles } from "./directory.js";
import { disk } from "./disk.js";
import type { TrainRequest } from "./events.js";
import { drawn } from "./initialize.js";
import type { Prepared } from "./prepare.js";
import { type Checked, refuse } from "./problem.js";
import { differences } from "./trajectory.js";
import { blank, type Memory, recall } from "./watch.js";

export interface Start extends TrainerStart {
  /** The loss of the last step that was made. */
  readonly loss: number | null;
  readonly memory: Memory;
  readonly notices: readonly string[];
}

/** Needs the directory's lock. A fresh start clears what an earlier run left there. */
export function findStart(
  { spec, out, resume, init }: TrainRequest,
  prepared: Prepared,
): Checked<{ readonly start: Start }> {
  const notices: string[] = [];
  if (resume) {
    const folder = join(out, runFiles.checkpoints);
    removeLeftovers(disk, out);
    const { newest, damaged } = findCheckpoint(folder);
    for (const { path, reason } of damaged)
      notices.push(`The checkpoint ${path} is damaged (${reason}) and is passed over.`);
    if (newest !== undefined) {
      const unlike = differences(newest.state, spec, prepared.source.digest, out);
      if (unlike.length > 0) return refuse(...unlike);
      if (init !== null) notices.push("The run goes on from its own weights, so --init has no effect.");
      const { step, loss, memory }: RunState = newest.state;
      const { parameters, slots, states } = newest;
      return {
        ok: true,
        start: { step, loss, memory: recall(spec.train, memory), parameters, slots, states, notices },
      };
    }
    notices.push(`There is no checkpoint in "${out}" to resume from: the run starts at the beginning.`);
  }
  clearRun(disk, out);
  const { parameters, slots } = prepared.artifact.manifest;
  // States of stateful layers belong to the data that they were made of: on other data they start at zero.
  const beginning = { loss: null, memory: blank, states: new Map(), notices };
  if (prepared.standing !== null) return { ok: true, start: { ...prepared.standing, ...beginning } };
  const weights = new Map([...drawn(parameters, spec.seed), ...prepared.initial]);
  return { ok: true, start: { step: 0, parameters: weights, slots: drawn(slots, spec.seed), ...beginning } };
}
