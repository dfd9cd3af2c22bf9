/** One rank made ready: its data, its compiled model and its sessions, like those of every other rank. */
import { availableParallelism, cpus, hostname } from "node:os";
import type { Ports } from "../../compiler/artifact.js";
import type { TrainerStart } from "../carried.js";
import { openStep } from "../computing.js";
import { type Division, type Evaluator, openEvaluator } from "../evaluate.js";
import type { TrainRequest } from "../events.js";
import { failed, type RunFailure, wrongInput } from "../outcome.js";
import { type Planned, planTraining } from "../prepare.js";
import type { Runner } from "../runner.js";
import { type Device, openSession, type Place } from "../session.js";
import type { Trainer } from "../trainer.js";
import { trajectoryHash } from "../trajectory.js";
import { openAveraging } from "./averaging.js";
import type { Launch } from "./launcher.js";
import { agree, gather, type Ranks } from "./ranks.js";
import { rowsOf } from "./shard.js";
import { openSynchronous, type Shared } from "./synchronous.js";

export interface Member {
  readonly planned: Planned;
  readonly device: Device;
  readonly openTrainer: (start: TrainerStart) => Trainer;
  /** Of whole batches, by this rank alone. */
  readonly own: Evaluator;
  /** All ranks share what is evaluated, and have to call it together. */
  readonly shared: Evaluator;
}

export type Membership =
  | { readonly ok: true; readonly member: Member }
  | { readonly ok: false; readonly outcome: RunFailure };

/** Makes all ranks ready. What is wrong at any of them is wrong for all. */
export async function openMember(request: TrainRequest, ranks: Ranks, launch: Launch): Promise<Membership> {
  const made = await open(request, ranks, launch);
  const planned = made.ok ? made.member.planned : null;
  const reports = gather(ranks, {
    host: hostname(),
    failure: made.ok ? null : made.outcome,
    identity: planned && [planned.source.digest, trajectoryHash(planned.spec)],
  });
  const [first] = reports;
  for (const [rank, { host, failure, identity }] of reports.entries()) {
    if (failure !== null) return { ok: false, outcome: rank === 0 ? failure : elsewhere(rank, host, failure) };
    if (`${identity}` === `${first?.identity}`) continue;
    return { ok: false, outcome: failed(`Rank ${rank}, on ${host}, reads other data than rank 0, on ${first?.host}.`) };
  }
  return made;
}

function elsewhere(rank: number, host: string, failure: RunFailure): RunFailure {
  const [said, hint] =
    failure.kind === "failed"
      ? [failure.message, failure.hint]
      : [failure.problems.map(({ message }) => message).join(" "), failure.problems[0]?.hint ?? ""];
  return failed(`Rank ${rank}, on ${host}: ${said}`, hint);
}

async function open(request: TrainRequest, ranks: Ranks, launch: Launch): Promise<Membership> {
  const { distributed } = request.spec.train;
  const averages = "average_every" in distributed;
  const planning = await planTraining(request, {
    processes: ranks.size,
    local: launch.localSize,
    agree: (settled) => agree(ranks, settled),
    halves: !averages,
    // Ranks that train by themselves drop other things.
    seed: averages ? ranks.rank : 0,
  });
  if (!planning.ok) return planning;
  const { planned } = planning;
  const { artifact, source, plan, spec, load } = planned;
  const refusal = refusalOf(request, plan.batchSize, ranks);
  if (refusal !== undefined) return { ok: false, outcome: refusal };

  const { manifest, shard } = artifact;
  const place: Place = {
    ...placeOf(launch),
    ...(request.threads !== undefined && { exactThreads: request.threads }),
  };
  const own = load / Math.sqrt(ranks.size);
  const evaluation = await openSession(artifact.eval, request.device, own, place);
  if (!evaluation.ok) return { ok: false, outcome: failed(evaluation.message, evaluation.hint) };
  const { device } = evaluation;
  const parts: readonly (readonly [Uint8Array, Ports])[] =
    shard === null || manifest.shard === null
      ? [[artifact.train, manifest.train]]
      : [
          [shard.gradient, manifest.shard.gradient],
          [shard.update, manifest.shard.update],
        ];
  const training: Runner[] = [];
  for (const [model, ports] of parts) {
    const step = await openStep(device, model, ports, own, place);
    if (!step.ok) return { ok: false, outcome: failed(step.message, step.hint) };
    training.push(step.runner);
  }
  const about: Shared = {
    manifest,
    stored: { parameter: manifest.parameters, slot: manifest.slots },
    source,
    plan,
    portions: Number(spec.train.accumulate),
  };
  const openTrainer = (start: TrainerStart): Trainer => {
    const [first, second] = training;
    if (first !== undefined && averages) return openAveraging(ranks, first, distributed.average_every, about, start);
    if (first === undefined || second === undefined || manifest.shard === null)
      throw new Error("The compiled model has no halves.");
    return openSynchronous(ranks, { gradient: first, update: second }, manifest.shard, about, start);
  };
  const division: Division = {
    rows(batch) {
      return batch.subarray(...rowsOf(batch.length, ranks));
    },
    sum(tallies) {
      ranks.sum(tallies);
      return tallies;
    },
  };
  return {
    ok: true,
    member: {
      planned,
      device,
      openTrainer,
      own: await openEvaluator(evaluation.session, manifest, source),
      shared: await openEvaluator(evaluation.session, manifest, source, division),
    },
  };
}

function refusalOf({ device, spec }: TrainRequest, rows: number, { size }: Ranks): RunFailure | undefined {
  if (device === "webgpu") {
    const hint = "Start rnnx without the MPI launcher and without --ranks, or use another --device.";
    return failed("--device webgpu trains in one process and one thread.", hint);
  }
  if (!("average_every" in spec.train.distributed) || rows >= size) return undefined;
  return wrongInput([
    {
      code: "distributed-batch",
      path: "/train/batch_size",
      message: `A batch of ${rows} examples is too small for ${size} processes that train by themselves.`,
      hint: `Use a batch_size of at least ${size}, or fewer processes.`,
    },
  ]);
}

/**
 * The processes of a machine share its cores, unless the launcher has bound each to its own; and each takes a GPU of its own. Sessions of
 * ranks that are threads have one thread each, whatever the machine: so what they make does not depend on its cores.
 */
function placeOf(launch: Launch): Place {
  const { localRank, localSize } = launch;
  if ("meeting" in launch) return { exactThreads: 1, gpu: localRank };
  const cores = availableParallelism();
  const bound = cores < cpus().length;
  return { threads: Math.max(1, bound ? cores : Math.floor(cores / localSize)), gpu: localRank };
}
