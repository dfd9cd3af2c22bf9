/** The training state in an exported model: the optimizer's state of the same step, and the fitted metadata. */

import { join } from "node:path";
import { formatInteger } from "../format.js";
import { metadataKeys, type TrainingRecord } from "../import/trainable-model.js";
import { fail, type Result } from "../result.js";
import { readCheckpoint } from "../run/checkpoint.js";
import { runFiles } from "../run/layout.js";
import type { Run } from "../run/open.js";
import type { OptimizerState, TrainedModel } from "./source-run.js";

/** The optimizer's state at the step of the exported weights. */
export function readOptimizerState({ folder }: Run, step: number): Result<OptimizerState> {
  const checkpoints = join(folder, runFiles.checkpoints);
  const checkpoint = readCheckpoint(checkpoints, step);
  if (checkpoint.ok) return checkpoint;
  return fail([
    {
      code: "no-checkpoint",
      path: "",
      message:
        `The weights are of step ${formatInteger(step)}, but "${folder}" has no valid checkpoint of that step: ` +
        `${checkpoint.error}.`,
      hint: "Remove --with-training: training cannot continue without the optimizer's state.",
    },
  ]);
}

export function trainingMetadata({ metadata, signature }: TrainedModel): Readonly<Record<string, string>> {
  const record: TrainingRecord = { format: 1, metadata, signature };
  return { [metadataKeys.training]: JSON.stringify(record) };
}

/** Adds training state to a model. @param inModel names of the parameters among its initializers. */
export async function addTraining(
  model: Uint8Array,
  { spec, signature, parameters, step }: TrainedModel,
  { slots, states }: OptimizerState,
  opset: number,
  inModel: ReadonlySet<string>,
): Promise<Uint8Array> {
  const [{ trainingInfo }, { withTrainingInfo }] = await Promise.all([
    import("../../compiler/export/training.js"),
    import("../../compiler/onnx/splice/training-info.js"),
  ]);
  const info = await trainingInfo(spec, signature, { step, parameters, slots, states }, opset, inModel);
  return withTrainingInfo(model, info);
}
