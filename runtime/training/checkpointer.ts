/** Saves the checkpoints of a run. */

import { join } from "node:path";
import type { TrainEvent } from "../events.js";
import { formatInteger } from "../format.js";
import { type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { writeCheckpoint } from "../run/checkpoint.js";
import { runFiles } from "../run/layout.js";
import type { MetricsLog } from "../run/metrics-log.js";
import type { TrainingSnapshot } from "../run/training-snapshot.js";
import { durableFs } from "../storage/durable-fs.js";
import { specFingerprint } from "./fingerprint.js";
import type { TrainRequest } from "./request.js";
import type { Trainer } from "./trainer.js";

export interface Checkpointer {
  /** Saves the trainer's tensors; does nothing where the step has a checkpoint already. */
  save(state: Pick<TrainingSnapshot, "step" | "loss" | "progress">): Promise<Result<readonly TrainEvent[], RunFailure>>;
  /** A sentence about the last checkpoint, for messages of a run that fails. */
  lastCheckpointMessage(): string;
}

/**
 * @param digest of the data.
 * @param startStep the step that the run starts from, which has a checkpoint unless it is 0.
 */
export function createCheckpointer(
  { spec, out }: TrainRequest,
  digest: string,
  trainer: Trainer,
  metricsLog: MetricsLog,
  startStep: number,
): Checkpointer {
  const fingerprint = { seed: spec.seed, spec: specFingerprint(spec), data: digest };
  let lastSavedStep = startStep === 0 ? undefined : startStep;
  const lastCheckpointMessage = () =>
    lastSavedStep === undefined
      ? "There is no checkpoint before it."
      : `The checkpoint of step ${formatInteger(lastSavedStep)} is intact.`;
  return {
    async save({ step, loss, progress }) {
      if (lastSavedStep === step) return ok([]);
      metricsLog.sync();
      const checkpoint = {
        state: { format: 1 as const, step, loss, ...fingerprint, progress },
        parameters: await trainer.tensors("parameter"),
        slots: await trainer.tensors("slot"),
        states: await trainer.tensors("state"),
      };
      const result = writeCheckpoint(durableFs, join(out, runFiles.checkpoints), checkpoint, spec.train);
      if (!result.ok) {
        const message = `The checkpoint of step ${formatInteger(step)} could not be written: ${result.error}. ${lastCheckpointMessage()}`;
        return runFailed(message, "Free some space, and continue with the same command and --resume.");
      }
      lastSavedStep = step;
      return ok([{ event: "checkpoint", step, path: result.value }]);
    },
    lastCheckpointMessage,
  };
}
