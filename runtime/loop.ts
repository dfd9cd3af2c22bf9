/** The training loop, from a request to a finished run directory. It may run in any thread. */
import { join } from "node:path";
import { writeCheckpoint } from "./checkpoint.js";
import { runFiles, writeEnd, writeStart } from "./directory.js";
import { disk } from "./disk.js";
import { openEvaluator } from "./evaluate.js";
import type { DoneEvent, SplitMetrics, TrainEvent, TrainRequest } from "./events.js";
import { lock } from "./lock.js";
import { openMetrics } from "./metrics.js";
import { failed, type TrainOutcome, wrongInput } from "./outcome.js";
import { isDue, milestones, openPace, stepsAllowed } from "./pace.js";
import { type Prepared, prepare } from "./prepare.js";
import { findStart, type Start } from "./resume.js";
import { openTrainer } from "./trainer.js";
import { trajectoryHash } from "./trajectory.js";

export interface Watcher {
  /** One burst of events, in order. */
  readonly emit: (events: readonly TrainEvent[]) => void;
  /** Asked between calls of the session: true saves a checkpoint and ends the run. */
  readonly stopping: () => boolean;
}

/** Examples whose predictions a finished run shows. */
const shownPredictions = 5;

const nothing: SplitMetrics = { train: {}, validation: {}, test: {} };

export async function runTraining(request: TrainRequest, watcher: Watcher): Promise<TrainOutcome> {
  const preparation = await prepare(request);
  if (!preparation.ok) return preparation.outcome;
  const { prepared } = preparation;

  disk.makeFolder(request.out);
  const locked = lock(request.out);
  if (!locked.ok) return failed(`The run directory "${request.out}" is in use: ${locked.message}`);
  try {
    const found = findStart(request, prepared);
    if (!found.ok) return wrongInput(found.problems);
    writeStart(disk, request.out, request.spec, request.folder, prepared.artifact);
    return await trainFrom(found.start, request, prepared, watcher);
  } finally {
    locked.release();
  }
}

async function trainFrom(
  start: Start,
  { spec, out }: TrainRequest,
  { source, artifact, plan, training, evaluation, device, notice }: Prepared,
  watcher: Watcher,
): Promise<TrainOutcome> {
  const { manifest } = artifact;
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const trainer = await openTrainer(training, manifest.train, stored, start);
  const evaluator = await openEvaluator(evaluation, manifest, source);
  const { evaluateEvery, checkpointEvery } = milestones(spec.train, plan);
  const pace = openPace(spec.train.steps_per_call, bytesOf(source.batch(plan.batchesAt(1, 1))));
  const record = openMetrics(join(out, runFiles.metrics), start.step);
  const trajectory = trajectoryHash(spec);

  let { step, loss } = start;
  let savedAt = start.step === 0 ? -1 : start.step;
  let metrics = nothing;
  const say = (events: readonly TrainEvent[]) => {
    record.append(events);
    watcher.emit(events);
  };
  const evaluate = async () => {
    metrics = { ...nothing, train: await evaluator.metrics(trainer.parameters(), plan.batchSize) };
  };
  /** False when the weights are no longer numbers: such a checkpoint would be of no use to anyone. */
  const save = (): boolean => {
    if (savedAt === step) return true;
    const checkpoint = {
      state: { format: 1 as const, step, loss, seed: spec.seed, spec: trajectory, data: source.digest },
      parameters: trainer.tensors("parameter"),
      slots: trainer.tensors("slot"),
    };
    for (const { data } of checkpoint.parameters.values()) if (!data.every(Number.isFinite)) return false;
    record.sync();
    const path = writeCheckpoint(disk, join(out, runFiles.checkpoints), checkpoint);
    savedAt = step;
    say([{ event: "checkpoint", step, path }]);
    return true;
  };
  const diverged = (what: string) =>
    failed(
      `${what}. ${savedAt > 0 ? `The checkpoint of step ${savedAt} is good.` : "There is no checkpoint before it."}`,
      "A smaller optimizer.learning_rate, or optimizer.clip, usually prevents this.",
    );

  try {
    say([
      ...[notice, ...start.notices]
        .filter((text) => text !== "")
        .map((message) => ({ event: "notice", message }) as const),
      {
        event: "start",
        run: out,
        device,
        parameters: manifest.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
        examples: source.examples,
        step,
        steps: plan.steps,
      },
    ]);

    while (step < plan.steps && !watcher.stopping()) {
      const count = Math.min(pace.steps(), stepsAllowed(step, plan, { evaluateEvery, checkpointEvery }));
      const before = performance.now();
      const { losses, norms } = await trainer.advance(count, source.batch(plan.batchesAt(step + 1, count)));
      pace.took(count, performance.now() - before);

      const made = Array.from(losses, (value, index) => {
        return { event: "step", step: step + 1 + index, loss: value, gradient_norm: norms[index] ?? 0 } as const;
      });
      const bad = made.find((event) => !Number.isFinite(event.loss));
      say(bad === undefined ? made : made.slice(0, made.indexOf(bad)));
      if (bad !== undefined) return diverged(`The loss became ${bad.loss} at step ${bad.step}`);
      step += count;
      loss = losses.at(-1) ?? loss;

      if (isDue(step, evaluateEvery) || step === plan.steps) {
        await evaluate();
        say([{ event: "epoch", epoch: plan.epochOf(step), step, metrics }]);
      }
      if (isDue(step, checkpointEvery) && !save()) return diverged(`The weights became infinite by step ${step}`);
    }

    const interrupted = step < plan.steps;
    if (!save()) return diverged(`The weights became infinite by step ${step}`);
    if (!interrupted && metrics === nothing) await evaluate();
    const predictions = interrupted ? [] : await evaluator.predictions(trainer.parameters(), shownPredictions);
    if (!interrupted) await writeEnd(disk, out, artifact, trainer.tensors("parameter"));
    const done: DoneEvent = {
      event: "done",
      run: out,
      step,
      loss: loss ?? Number.NaN,
      metrics,
      predictions,
      interrupted,
    };
    say([done]);
    return { ok: true, done };
  } finally {
    record.close();
  }
}

function bytesOf(batch: ReadonlyMap<string, { readonly data: { readonly byteLength: number } }>): number {
  return [...batch.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}
