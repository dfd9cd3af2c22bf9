/** Rank 0: runs the training loop, whose trainer and evaluator tell the other ranks to do the same; it alone speaks and writes. */
import type { TrainerStart } from "../carried.js";
import { type Evaluator, splitMetrics } from "../evaluate.js";
import type { TrainEvent, TrainRequest } from "../events.js";
import { trainLocked, type Watcher } from "../loop.js";
import type { TrainOutcome } from "../outcome.js";
import { openSampler } from "../sampler.js";
import type { Trainer } from "../trainer.js";
import { type Announced, advanceTogether, type Report, tell } from "./commands.js";
import type { Launch } from "./launcher.js";
import { type Member, openMember } from "./member.js";
import { bytesOf, type Ranks } from "./ranks.js";
import { openThroughput } from "./throughput.js";

export async function conduct(
  request: TrainRequest,
  ranks: Ranks,
  launch: Launch,
  watcher: Watcher,
): Promise<TrainOutcome> {
  const membership = await openMember(request, ranks, launch);
  if (!membership.ok) return membership.outcome;
  const { member } = membership;
  const { samples, load: _, signature: __, models: ___, ...planned } = member.planned;
  const { spec, artifact, plan } = planned;
  const throughput = openThroughput(ranks.size);
  let asked = false;
  const told = (first: number, steps: number, { stop, spent, summing }: Report) => {
    asked ||= stop;
    let examples = 0;
    for (let step = first; step < first + steps; step++) examples += plan.batchSizeAt(step);
    throughput.took(examples, spent, summing);
  };
  const outcome = await trainLocked(
    { ...request, spec },
    {
      ...planned,
      device: member.device,
      openTrainer(start) {
        announce(ranks, start);
        return conducted(member.openTrainer(start), ranks, watcher.stopping, told);
      },
      evaluator: conductedEvaluator(member, ranks),
      sampler: samples && (await openSampler(spec, artifact, samples)),
    },
    {
      emit: (events: readonly TrainEvent[]) => watcher.emit(events.flatMap((event) => throughput.beside(event))),
      stopping: () => asked || watcher.stopping(),
    },
  );
  tell(ranks, { do: "end" });
  return outcome;
}

/** Everyone starts from the tensors of rank 0. */
function announce(ranks: Ranks, { step, ...groups }: TrainerStart): void {
  const entries = (["parameters", "slots", "states"] as const).flatMap((of) =>
    [...groups[of]].map(([name, { shape, data }]) => ({ announced: { of, name, shape } satisfies Announced, data })),
  );
  tell(ranks, { do: "start", step, tensors: entries.map(({ announced }) => announced) });
  for (const { data } of entries) ranks.broadcast(bytesOf(data));
}

type Told = (first: number, steps: number, report: Report) => void;

function conducted(trainer: Trainer, ranks: Ranks, stopping: () => boolean, told: Told): Trainer {
  return {
    async advance(first, steps, rateScale) {
      tell(ranks, { do: "advance", first, steps, rateScale });
      const { made, report } = await advanceTogether(ranks, stopping, () => trainer.advance(first, steps, rateScale));
      told(first, steps, report);
      return made;
    },
    restart() {
      tell(ranks, { do: "restart" });
      trainer.restart();
    },
    tensors(role) {
      tell(ranks, { do: "read", role });
      return trainer.tensors(role);
    },
    parameters() {
      tell(ranks, { do: "read", role: "parameter" });
      return trainer.parameters();
    },
  };
}

function conductedEvaluator({ planned, own, shared }: Member, ranks: Ranks): Evaluator {
  const evaluator: Evaluator = {
    async metrics(parameters, examples, batchSize) {
      tell(ranks, { do: "evaluate", examples: examples.length, batchSize });
      ranks.broadcast(bytesOf(examples));
      for (const { name } of planned.artifact.manifest.parameters) {
        const data = parameters[name]?.data;
        if (!(data instanceof Float32Array)) throw new Error(`Evaluation lacks "${name}".`);
        ranks.broadcast(bytesOf(data));
      }
      return shared.metrics(parameters, examples, batchSize);
    },
    splitMetrics: (parameters, parts, batchSize) => splitMetrics(evaluator, parameters, parts, batchSize),
    outputs: own.outputs,
    predictions: own.predictions,
  };
  return evaluator;
}
