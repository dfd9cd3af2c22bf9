/**
 * Local SGD: each rank trains on its rows alone, and every `average_every` steps parameters and optimizer state are
 * averaged over all ranks. This approximates training on the whole batch (Stich, Local SGD Converges Fast and
 * Communicates Little, 2019).
 */
import type { Batch } from "../data/source.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import type { Runner } from "../sessions/runner.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { LossScaleLog } from "../training/loss-scale.js";
import { concatenateMetrics, createTrainer, type Trainer, type UpdateMetrics } from "../training/trainer.js";
import type { NonFinite } from "../training/training-state.js";
import type { Communicator } from "./communicator.js";
import { allGatherRows, rowRange, shardBatch, sliceRows } from "./shard.js";
import type { SharedTraining } from "./synchronous-trainer.js";

/** A call of the session ends at the next average. Reading tensors averages them first. */
export function openLocalSgdTrainer(
  communicator: Communicator,
  runner: Runner,
  averageEvery: number,
  { manifest, stored, source, batchSchedule, microBatches }: SharedTraining,
  start: TrainingTensors,
): Trainer {
  /** A rank without rows of a small batch trains on the whole batch. */
  const examplesAt = (step: number): Uint32Array => {
    const batch = batchSchedule.indicesAt(step, 1);
    const { examples } = shardBatch(batch, microBatches, communicator);
    return examples.length === 0 ? batch : examples;
  };
  const batches = (first: number, steps: number): Batch =>
    source.batch(Array.from({ length: steps }, (_, index) => [...examplesAt(first + index)]).flat());
  const [from, to] = rowRange(batchSchedule.batchSize, communicator);
  const localStart = { ...start, states: sliceRows(start.states, communicator) };
  const trainer = createTrainer(runner, manifest.train, stored, localStart, to - from, batches);
  let isAveraged = true;

  const average = async () => {
    if (isAveraged) return;
    for (const role of ["parameter", "slot"] as const)
      trainer.set(averageTensors(await trainer.tensors(role), communicator));
    isAveraged = true;
  };
  return {
    async runSteps(first, steps, learningRateScale) {
      const calls: UpdateMetrics[] = [];
      let nonFinite: NonFinite | null = null;
      for (let done = 0; done < steps; ) {
        const stepsBefore = first - 1 + done;
        const count = Math.min(steps - done, averageEvery - (stepsBefore % averageEvery));
        const result = await trainer.runSteps(stepsBefore + 1, count, learningRateScale);
        if (result.nonFinite !== null && nonFinite === null)
          nonFinite = "update" in result.nonFinite ? { update: done + result.nonFinite.update } : result.nonFinite;
        calls.push(result);
        isAveraged = false;
        done += count;
        if ((stepsBefore + count) % averageEvery === 0) await average();
      }
      const { learningRates, ...local } = concatenateMetrics(calls);
      const [losses, gradientNorms] = averageValues([local.losses, local.gradientNorms], communicator);
      // A value that is not finite at one rank is not finite in the mean over all of them.
      const update = losses.findIndex(
        (loss, index) => !Number.isFinite(loss) || !Number.isFinite(gradientNorms[index]),
      );
      return {
        losses,
        gradientNorms,
        learningRates,
        lossScales: averageLossScale(local.lossScales, communicator),
        nonFinite: update >= 0 ? { update } : nonFinite,
      };
    },
    resetStates: trainer.resetStates,
    async tensors(role) {
      await average();
      const tensors = await trainer.tensors(role);
      return role === "state" ? allGatherRows(tensors, batchSchedule.batchSize, communicator) : tensors;
    },
    async parameters() {
      await average();
      return trainer.parameters();
    },
  };
}

/** Each rank has its own scale; an update that some ranks skipped counts as skipped by their share. */
function averageLossScale(local: LossScaleLog | null, communicator: Communicator): LossScaleLog | null {
  if (local === null) return null;
  const [scales, skipped] = averageValues([local.scales, local.skipped], communicator);
  return { scales, skipped };
}

/** The means of two equally long arrays over all ranks, by one reduction. */
function averageValues(
  [first, second]: readonly [Float32Array, Float32Array],
  communicator: Communicator,
): readonly [Float32Array, Float32Array] {
  const packed = new Float32Array([...first, ...second]);
  communicator.allReduce(packed);
  const means = packed.map((sum) => sum / communicator.size);
  return [means.subarray(0, first.length), means.subarray(first.length)];
}

/** Averages all tensors by a single allReduce. */
function averageTensors(tensors: Tensors, communicator: Communicator): Tensors {
  const packed = new Float32Array([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0));
  let end = 0;
  const entries = [...tensors].map(([name, { shape, data }]) => {
    const start = end;
    end += data.length;
    packed.set(data, start);
    return { name, shape, start, end };
  });
  communicator.allReduce(packed);
  const means = packed.map((sum) => sum / communicator.size);
  return new Map(entries.map(({ name, shape, start, end }) => [name, { shape, data: means.slice(start, end) }]));
}
