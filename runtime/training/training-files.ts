/**
 * The files from which a program without rnnx trains: the initial weights and optimizer state, and the batches of the
 * first steps.
 */

import { dataFeeds } from "../sessions/ports.js";
import { type StoredArray, writeSafetensors } from "../tensors/safetensors.js";
import type { TrainingPlan } from "./plan.js";

export const trainingFiles = { initial: "initial.safetensors", batches: "batches.safetensors" } as const;

type Plan = Pick<TrainingPlan, "artifact" | "batchSchedule" | "batches" | "initialSnapshot">;

/** Weights and optimizer state by their public names. */
export function writeInitial({ initialSnapshot }: Pick<Plan, "initialSnapshot">): Uint8Array {
  const { parameters, slots } = initialSnapshot();
  return writeSafetensors(new Map([...parameters, ...slots]));
}

/**
 * The data of each step as tensors `STEP/PORT`, with one step as their first axis; steps are counted from 1. The metadata
 * has the number of `steps`, and in `reset_states` those before which the states of stateful layers are set to zero.
 *
 * @param steps at most those of the run.
 */
export function writeBatches({ artifact, batchSchedule, batches }: Plan, steps: number): Uint8Array {
  const arrays = new Map<string, StoredArray>();
  const resets: number[] = [];
  for (let step = 1; step <= steps; step++) {
    if (batchSchedule.resetsStatesAt(step)) resets.push(step);
    const feeds = dataFeeds(artifact.manifest.train, batches(step, 1), [1]);
    for (const [name, { dims, data }] of Object.entries(feeds))
      arrays.set(`${step}/${name}`, { shape: dims, data: data as StoredArray["data"] });
  }
  return writeSafetensors(arrays, { steps: `${steps}`, reset_states: resets.join(",") });
}
