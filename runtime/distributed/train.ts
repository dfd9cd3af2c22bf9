/** A training that several processes or threads share: what each of them does, from joining the others to leaving them. */
import { hostname } from "node:os";
import type { TrainRequest } from "../events.js";
import type { Watcher } from "../loop.js";
import { failed, type TrainOutcome, wrongInput } from "../outcome.js";
import { conduct } from "./conduct.js";
import { follow } from "./follow.js";
import type { ProcessLaunch, ThreadLaunch } from "./launcher.js";
import { type OpenedRanks, openRanks } from "./mpi.js";
import { agree } from "./ranks.js";
import { threadRanks } from "./threads.js";

export interface SharedWatcher extends Watcher {
  /** Told of a mistake of ours before all ranks are ended; returns when it has been said. */
  readonly broken: (error: unknown) => void;
}

/** What rank 0 trains, or the outcome that it had before there was anything to train. */
type Asked =
  | { readonly ok: true; readonly request: TrainRequest }
  | { readonly ok: false; readonly outcome: TrainOutcome };

/**
 * @param request what rank 0 was asked for; the other ranks learn it from there. Null at rank 0 calls the training off.
 * @returns rank 0's outcome, at all ranks.
 */
export async function trainTogether(
  launch: ProcessLaunch | ThreadLaunch,
  request: TrainRequest | null,
  watcher: SharedWatcher,
): Promise<TrainOutcome> {
  const opened = await join(launch);
  if (!opened.ok) {
    // The first process speaks for all of them, but it need not know what is wrong on another machine.
    if (launch.rank > 0) process.stderr.write(`rank ${launch.rank}, on ${hostname()}: ${opened.message}\n`);
    return failed(opened.message, opened.hint);
  }
  const { ranks } = opened;
  const train = async (shared: TrainRequest): Promise<TrainOutcome> => {
    if (ranks.rank === 0) return agree<TrainOutcome>(ranks, await conduct(shared, ranks, launch, watcher));
    await follow(shared, ranks, launch, watcher.stopping);
    return agree<TrainOutcome>(ranks, failed(""));
  };
  try {
    // What was wrong has been said where it was found.
    const calledOff = { ok: false as const, outcome: wrongInput([]) };
    const asked = agree<Asked>(ranks, request === null ? calledOff : { ok: true, request });
    const outcome = asked.ok ? await train(asked.request) : asked.outcome;
    ranks.leave();
    return outcome;
  } catch (error) {
    watcher.broken(error);
    ranks.abort(1);
    throw error;
  }
}

async function join(launch: ProcessLaunch | ThreadLaunch): Promise<OpenedRanks> {
  if (!("meeting" in launch)) return openRanks(launch);
  return { ok: true, ranks: threadRanks(launch.meeting, launch.rank, launch.size) };
}
