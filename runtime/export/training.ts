/** The training that travels with an exported model: the optimizer's state of the same step, and what is learnt of the data. */
import { join } from "node:path";
import { readCheckpoint } from "../checkpoint.js";
import { runFiles } from "../directory.js";
import { type Checked, refuse } from "../problem.js";
import type { Run } from "../run.js";
import { modelKeys, type TrainingRecord } from "../trained.js";
import type { Subject, TrainingState } from "./subject.js";

/** Where the optimizer stood when the weights were those that are exported. */
export function readTrainingState({ folder }: Run, step: number): Checked<{ readonly state: TrainingState }> {
  const checkpoints = join(folder, runFiles.checkpoints);
  const checkpoint = readCheckpoint(checkpoints, step);
  if (typeof checkpoint !== "string") return { ok: true, state: checkpoint };
  return refuse({
    code: "no-checkpoint",
    path: "",
    message: `The weights are those of step ${step}, and "${folder}" has no good checkpoint of it: ${checkpoint}.`,
    hint: "Without the optimizer's state a training cannot go on; export without --with-training.",
  });
}

export function trainingMetadata({ metadata, signature }: Subject): Readonly<Record<string, string>> {
  const record: TrainingRecord = { format: 1, metadata, signature };
  return { [modelKeys.training]: JSON.stringify(record) };
}

/** The model's bytes with its training behind them. `inModel` names the parameters among its initializers. */
export async function addTraining(
  model: Uint8Array,
  { spec, signature, parameters, step }: Subject,
  { slots, states }: TrainingState,
  opset: number,
  inModel: ReadonlySet<string>,
): Promise<Uint8Array> {
  const [{ trainingInfo }, { withTraining }] = await Promise.all([
    import("../../compiler/export/training.js"),
    import("../../compiler/emit/training.js"),
  ]);
  const info = await trainingInfo(spec, signature, { step, parameters, slots, states }, opset, inModel);
  return withTraining(model, info);
}
