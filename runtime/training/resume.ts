/**
 * The snapshot that a training starts from: a run's latest checkpoint, the training in a model file, or initial
 * weights.
 */
import { join } from "node:path";
import type { Manifest, StoredTensor } from "../../compiler/artifact.js";
import type { TrainableModel } from "../import/trainable-model.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { findLatestCheckpoint } from "../run/checkpoint.js";
import { checkReplacedRun, clearRun, removePartialFiles, runFiles } from "../run/layout.js";
import { initialProgress, type TrainingSnapshot, type TrainingTensors } from "../run/training-snapshot.js";
import { durableFs } from "../storage/durable-fs.js";
import { initializeTensors } from "../tensors/initializers.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";
import { restoreProgress } from "./early-stopping.js";
import { checkFingerprint } from "./fingerprint.js";
import type { TrainRequest } from "./request.js";

export interface RestoredSnapshot {
  readonly snapshot: TrainingSnapshot;
  readonly notices: readonly string[];
}

/**
 * The latest intact checkpoint of a resumed run; otherwise the initial snapshot. A run in the directory is a problem
 * without `overwrite`, and is removed with it. Needs the directory's lock.
 *
 * @param digest of the data.
 */
export function restoreSnapshot(
  { spec, out, resume, overwrite }: TrainRequest,
  digest: string,
  initialSnapshot: () => TrainingSnapshot,
): Result<RestoredSnapshot> {
  const notices: string[] = [];
  if (resume) {
    removePartialFiles(durableFs, out);
    const { latest, damaged } = findLatestCheckpoint(join(out, runFiles.checkpoints));
    for (const { path, reason } of damaged) notices.push(`The checkpoint ${path} is damaged (${reason}): skipped.`);
    if (latest !== undefined) {
      const { state, ...tensors } = latest;
      const problems = checkFingerprint(state, spec, digest, out);
      if (problems.length > 0) return fail(problems);
      const { step, loss } = state;
      return ok({
        snapshot: { ...tensors, step, loss, progress: restoreProgress(spec.train, state.progress) },
        notices,
      });
    }
    notices.push(`"${out}" has no checkpoint to resume from: the run starts at step 1.`);
  }
  const replaced = overwrite === true || resume ? [] : checkReplacedRun(out);
  if (replaced.length > 0) return fail(replaced);
  clearRun(durableFs, out);
  return ok({ snapshot: initialSnapshot(), notices });
}

/**
 * @param modelTensors of the training that a model file continues; null for a new one, which starts from `weights` and
 * the seed.
 */
export function createInitialSnapshot(
  seed: number,
  { parameters, slots }: Pick<Manifest, "parameters" | "slots">,
  weights: Tensors,
  modelTensors: TrainingTensors | null,
): TrainingSnapshot {
  const tensors = modelTensors ?? {
    step: 0,
    parameters: initializeTensors(parameters, seed, weights),
    slots: initializeTensors(slots, seed),
    states: new Map(),
  };
  return { ...tensors, loss: null, progress: initialProgress };
}

/**
 * The tensors of the training in a model file, which must have every one that the manifest names, in its shape. The
 * states of stateful layers are left out: they belong to the data that produced them.
 */
export async function tensorsOfModel(
  model: TrainableModel,
  { parameters, slots }: Pick<Manifest, "parameters" | "slots">,
): Promise<Result<TrainingTensors>> {
  const { trainingName } = await import("../../compiler/export/training-names.js");
  const problems: RunProblem[] = [];
  const collect = (storedTensors: readonly StoredTensor[], role: "parameter" | "slot"): Tensors =>
    new Map(
      storedTensors.flatMap(({ name, shape }) => {
        const tensor = model.tensors.get(trainingName({ name, role }));
        const problem = tensorProblem(name, shape, tensor);
        if (problem !== undefined) problems.push(problem);
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
  const tensors = {
    step: model.step,
    parameters: collect(parameters, "parameter"),
    slots: collect(slots, "slot"),
    states: new Map(),
  };
  return problems.length > 0 ? fail(problems) : ok(tensors);
}

function tensorProblem(name: string, shape: readonly number[], tensor: Tensor | undefined): RunProblem | undefined {
  const problem = (message: string): RunProblem => ({
    code: "training-tensor",
    path: "",
    message,
    hint: "Training continues with the model and the optimizer that the file was trained with.",
  });
  if (tensor === undefined) return problem(`The file has no tensor ${name}, which the training needs.`);
  const { shape: actualShape, data } = tensor;
  if (actualShape.join() !== shape.join())
    return problem(
      `${name} in the file has shape [${actualShape.join(", ")}], but the training needs [${shape.join(", ")}].`,
    );
  return data.every(Number.isFinite) ? undefined : problem(`${name} in the file has values that are not finite.`);
}
