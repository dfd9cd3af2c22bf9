/**
 * The trainer of one rank where ranks train by themselves and average now and then: every so many steps parameters and optimizer
 * state become their mean over all ranks. This is not the training of the whole batch, only near it.
 */
import type { TrainerStart } from "../carried.js";
import type { Batch } from "../data/source.js";
import type { Runner } from "../runner.js";
import type { Tensors } from "../safetensors.js";
import { joined, type Scaling } from "../scaling.js";
import { openTrainer, type Trainer, type Unsound } from "../trainer.js";
import type { Ranks } from "./ranks.js";
import { gatherRows, ownRows, rowsOf, shardOf } from "./shard.js";
import type { Shared } from "./synchronous.js";

/** Steps go on in one call of the session up to the next average; whoever reads tensors in between averages too. */
export function openAveraging(
  ranks: Ranks,
  runner: Runner,
  every: number,
  { manifest, stored, source, plan, portions }: Shared,
  start: TrainerStart,
): Trainer {
  /** A rank without rows of a small batch reads all of it. */
  const rowsAt = (step: number): Uint32Array => {
    const batch = plan.batchesAt(step, 1);
    const { examples } = shardOf(batch, portions, ranks);
    return examples.length === 0 ? batch : examples;
  };
  const batches = (first: number, steps: number): Batch =>
    source.batch(Array.from({ length: steps }, (_, index) => [...rowsAt(first + index)]).flat());
  const [from, to] = rowsOf(plan.batchSize, ranks);
  const own = { ...start, states: ownRows(start.states, ranks) };
  const trainer = openTrainer(runner, manifest.train, stored, own, to - from, batches);
  let averaged = true;

  const average = async () => {
    if (averaged) return;
    for (const role of ["parameter", "slot"] as const) trainer.set(meanOf(await trainer.tensors(role), ranks));
    averaged = true;
  };
  return {
    async advance(first, steps, rateScale) {
      const made = new Float32Array(2 * steps);
      const rates = new Float32Array(steps);
      const scalings: (Scaling | null)[] = [];
      let unsound: Unsound | null = null;
      for (let done = 0; done < steps; ) {
        const before = first - 1 + done;
        const count = Math.min(steps - done, every - (before % every));
        const reported = await trainer.advance(before + 1, count, rateScale);
        if (reported.unsound !== null && unsound === null)
          unsound = "update" in reported.unsound ? { update: done + reported.unsound.update } : reported.unsound;
        made.set(reported.losses, done);
        made.set(reported.norms, steps + done);
        rates.set(reported.rates, done);
        scalings.push(reported.scaling);
        averaged = false;
        done += count;
        if ((before + count) % every === 0) await average();
      }
      ranks.sum(made);
      const means = made.map((sum) => sum / ranks.size);
      const [losses, norms] = [means.subarray(0, steps), means.subarray(steps)];
      // What one rank finds is not finite in the mean over all of them either.
      const update = losses.findIndex((loss, index) => !Number.isFinite(loss) || !Number.isFinite(norms[index]));
      const scaling = meanScaling(joined(scalings), ranks);
      return { losses, norms, rates, scaling, unsound: update >= 0 ? { update } : unsound };
    },
    restart: trainer.restart,
    async tensors(role) {
      await average();
      const tensors = await trainer.tensors(role);
      return role === "state" ? gatherRows(tensors, plan.batchSize, ranks) : tensors;
    },
    async parameters() {
      await average();
      return trainer.parameters();
    },
  };
}

/** Each rank has a scale of its own; where some left an update out, so did they all in part. */
function meanScaling(own: Scaling | null, ranks: Ranks): Scaling | null {
  if (own === null) return null;
  const steps = own.scales.length;
  const all = new Float32Array([...own.scales, ...own.skipped]);
  ranks.sum(all);
  const means = all.map((sum) => sum / ranks.size);
  return { scales: means.subarray(0, steps), skipped: means.subarray(steps) };
}

/** In one sum over all of them. */
function meanOf(tensors: Tensors, ranks: Ranks): Tensors {
  const all = new Float32Array([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0));
  let end = 0;
  const parts = [...tensors].map(([name, { shape, data }]) => {
    const start = end;
    end += data.length;
    all.set(data, start);
    return { name, shape, start, end };
  });
  ranks.sum(all);
  const means = all.map((sum) => sum / ranks.size);
  return new Map(parts.map(({ name, shape, start, end }) => [name, { shape, data: means.slice(start, end) }]));
}
