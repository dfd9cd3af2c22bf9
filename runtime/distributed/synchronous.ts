/** The trainer of one rank where every step is made of the whole batch: gradients of the rank's rows, added up over all ranks. */
import type { Tensor } from "onnxruntime-common";
import type { Manifest, ShardPorts } from "../../compiler/artifact.js";
import { dataFeeds, openCarried, portOf, type Stored, type TrainerStart, withRole } from "../carried.js";
import type { DataSource } from "../data/source.js";
import type { Schedule } from "../order.js";
import { type Runner, runInto } from "../runner.js";
import { joined, type Scaling, scalingOf } from "../scaling.js";
import { floatsOf, tensorOf } from "../tensors.js";
import { type Trainer, unsoundOf } from "../trainer.js";
import type { Ranks } from "./ranks.js";
import { gatherRows, ownRows, rowsOf, shardOf } from "./shard.js";

/** What the ranks train: the same for all of them. */
export interface Shared {
  readonly manifest: Manifest;
  readonly stored: Stored;
  readonly source: DataSource;
  readonly plan: Schedule;
  /** Portions that a rank's gradient is made of, one after the other. */
  readonly portions: number;
}

/** All ranks make the same updates of the same numbers, so their parameters stay the same. */
export function openSynchronous(
  ranks: Ranks,
  runners: { readonly gradient: Runner; readonly update: Runner },
  ports: ShardPorts,
  { manifest, stored, source, plan, portions }: Shared,
  start: TrainerStart,
): Trainer {
  const [from, to] = rowsOf(plan.batchSize, ranks);
  const carried = openCarried(manifest.train, stored, { ...start, states: ownRows(start.states, ranks) }, to - from);
  const gradient = portOf(ports.gradient.outputs, "gradient");
  const reported = (["loss", "gradient_norm", "learning_rate"] as const).map((role) =>
    portOf(ports.update.outputs, role),
  );
  const size = Number(portOf(ports.update.inputs, "gradient").shape[0]);

  /** Where the sums of the step before are. */
  let vector: Tensor | undefined;
  /** The sums of this rank's rows. */
  const sumsOf = async (step: number): Promise<Float32Array> => {
    const { examples, first, whole } = shardOf(plan.batchesAt(step, 1), portions, ranks);
    if (examples.length === 0) return new Float32Array(size);
    const place = tensorOf({ dtype: "int64", shape: [2], data: BigInt64Array.of(BigInt(first), BigInt(whole)) });
    const shard = withRole(ports.gradient.inputs, "shard").map(({ name }) => [name, place] as const);
    const feeds = {
      ...carried.feeds(ports.gradient, 1),
      ...Object.fromEntries(shard),
      ...dataFeeds(ports.gradient, source.batch(examples), []),
    };
    const into = { ...carried.spare(ports.gradient), ...(vector && { [gradient.name]: vector }) };
    const outputs = await runInto(runners.gradient, feeds, into);
    vector = outputs[gradient.name];
    carried.take(ports.gradient, outputs);
    return floatsOf(outputs, gradient);
  };

  return {
    async advance(first, steps, rateScale) {
      const made = [new Float32Array(steps), new Float32Array(steps), new Float32Array(steps)] as const;
      const scalings: (Scaling | null)[] = [];
      const before = carried.now();
      for (let index = 0; index < steps; index++) {
        const sums = await sumsOf(first + index);
        ranks.sum(sums);
        const summed = tensorOf({ dtype: "float32", shape: [size], data: sums });
        const feeds = { ...carried.feeds(ports.update, rateScale), gradient: summed };
        const outputs = await runInto(runners.update, feeds, carried.spare(ports.update));
        carried.take(ports.update, outputs);
        scalings.push(scalingOf(ports.update.outputs, outputs));
        for (const [place, port] of reported.entries()) made[place]?.set(floatsOf(outputs, port), index);
      }
      const [losses, norms, rates] = made;
      // All ranks find the same.
      const unsound = unsoundOf({ losses, norms }, carried);
      if (unsound === null) carried.goOn(before);
      else carried.goBack(before);
      return { losses, norms, rates, scaling: joined(scalings), unsound };
    },
    restart: carried.restart,
    async tensors(role) {
      const tensors = await carried.tensors(role);
      return role === "state" ? gatherRows(tensors, plan.batchSize, ranks) : tensors;
    },
    parameters: async () => carried.parameters(),
  };
}
