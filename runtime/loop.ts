/** The training loop, from a request to a finished run directory. It may run in any thread. */
import { join } from "node:path";
import { portionSizeOf } from "../schema/batches.js";
import type { NormalTrain } from "../schema/normal.js";
import { answersOf, glimpsed } from "./ask.js";
import { writeCheckpoint } from "./checkpoint.js";
import { writeConditions } from "./conditions.js";
import { shortest } from "./data/rows.js";
import { runFiles, writeStart } from "./directory.js";
import { disk } from "./disk.js";
import { divergence } from "./divergence.js";
import { conclude } from "./ending.js";
import { watchedParts } from "./evaluate.js";
import type { TrainEvent, TrainRequest } from "./events.js";
import { lock } from "./lock.js";
import { openMetrics } from "./metrics.js";
import { failed, type TrainOutcome, wrongInput } from "./outcome.js";
import { isDue, milestones, openPace, stepsAllowed } from "./pace.js";
import { afterEvaluation } from "./plateau.js";
import { type Prepared, prepare } from "./prepare.js";
import type { Checked } from "./problem.js";
import { findStart, type Start } from "./resume.js";
import { halfNotices, scaleOfStep, skipNotice, skippedSoFar } from "./said-of-scaling.js";
import type { Device } from "./session.js";
import { carriesStates } from "./streams.js";
import { feedsOf } from "./tensors.js";
import type { Reported, Trainer } from "./trainer.js";
import { trajectoryHash } from "./trajectory.js";
import { isExhausted, remember } from "./watch.js";

/** Norms of gradients that are at hand when a run diverges. */
const rememberedNorms = 50;

export interface Watcher {
  /** One burst of events, in order. */
  readonly emit: (events: readonly TrainEvent[]) => void;
  /** Asked between calls of the session: true saves a checkpoint and ends the run. */
  readonly stopping: () => boolean;
}

export async function runTraining(request: TrainRequest, watcher: Watcher): Promise<TrainOutcome> {
  const preparation = await prepare(request);
  if (!preparation.ok) return preparation.outcome;
  const { prepared } = preparation;
  return trainLocked({ ...request, spec: prepared.spec }, prepared, watcher);
}

/** Trains where no other process does. */
export async function trainLocked(request: TrainRequest, prepared: Prepared, watcher: Watcher): Promise<TrainOutcome> {
  disk.makeFolder(request.out);
  const locked = lock(request.out);
  if (!locked.ok) return failed(`The run directory "${request.out}" is in use: ${locked.message}`);
  try {
    const begun = await begin(request, prepared);
    return begun.ok ? await trainFrom(begun.begun, request, prepared, watcher) : wrongInput(begun.problems);
  } finally {
    locked.release();
  }
}

/** A run at its start, whose tensors the trainer alone holds: they are let go as it replaces them. */
interface Begun extends Pick<Start, "step" | "loss" | "memory" | "notices"> {
  readonly trainer: Trainer;
}

async function begin(request: TrainRequest, prepared: Prepared): Promise<Checked<{ readonly begun: Begun }>> {
  const found = findStart(request, prepared);
  if (!found.ok) return found;
  const { artifact, source } = prepared;
  const signature = source.signature(request.spec.train);
  writeStart(disk, request.out, request.spec, request.folder, artifact, { metadata: source.metadata, signature });
  const trainer = prepared.openTrainer(found.start);
  const { step, loss, memory, notices } = found.start;
  return { ok: true, begun: { step, loss, memory, notices, trainer } };
}

async function trainFrom(
  start: Begun,
  request: TrainRequest,
  prepared: Prepared,
  watcher: Watcher,
): Promise<TrainOutcome> {
  const { spec, out } = request;
  const { source, artifact, plan, batches, sampler, evaluator } = prepared;
  const { manifest } = artifact;
  const { trainer } = start;
  const every = milestones(spec.train, plan);
  const pace = openPace(perCall(spec.train, prepared.device), bytesOf(batches(1, 1)));
  const record = openMetrics(join(out, runFiles.metrics), start.step);
  const atOnce = portionSizeOf(spec.train, plan.batchSize);
  const watched = watchedParts(source.splits, carriesStates(manifest));
  const identity = { seed: spec.seed, spec: trajectoryHash(spec), data: source.digest };

  let { step, loss, memory } = start;
  let spent = { updates: 0, seconds: 0 };
  let savedAt = start.step === 0 ? undefined : start.step;
  let norms: readonly number[] = [];
  let saidOfSkips = false;

  const say = (events: readonly TrainEvent[]) => {
    record.append(events);
    watcher.emit(events);
  };
  const evaluate = async () => {
    const metrics = await evaluator.splitMetrics(await trainer.parameters(), watched, atOnce);
    say([{ event: "epoch", epoch: plan.epochOf(step), step, metrics }]);
    const byInterval = isDue(step, every.evaluateEvery);
    memory = remember(spec.train, memory, { step, metrics }, byInterval);
    if (byInterval) memory = { ...memory, plateau: afterEvaluation(spec.optimizer.schedule, memory.plateau, metrics) };
    if (request.glimpses === true) {
      const { part, examples } = glimpsed(source.splits);
      const asked = { evaluator, parameters: await trainer.parameters(), spec, source };
      say([{ event: "glimpse", step, part, answers: await answersOf(asked, examples) }]);
    }
  };
  /** Why no checkpoint could be saved; undefined when it was. */
  const save = async (): Promise<TrainOutcome | undefined> => {
    if (savedAt === step) return undefined;
    record.sync();
    const state = { format: 1 as const, step, loss, ...identity, memory };
    const parameters = await trainer.tensors("parameter");
    const slots = await trainer.tensors("slot");
    const checkpoint = { state, parameters, slots, states: await trainer.tensors("state") };
    const written = writeCheckpoint(disk, join(out, runFiles.checkpoints), checkpoint, spec.train);
    if (!written.ok) {
      const message = `The checkpoint of step ${step} could not be written: ${written.reason}. ${lastGood()}`;
      return failed(message, "When there is room for it, the same command with --resume goes on.");
    }
    savedAt = step;
    say([{ event: "checkpoint", step, path: written.path }]);
    return undefined;
  };
  const lastGood = () =>
    savedAt === undefined ? "There is no checkpoint before it." : `The checkpoint of step ${savedAt} is good.`;

  try {
    say(startEvents(start, request, prepared));

    while (step < plan.steps && !isExhausted(spec.train, memory) && !watcher.stopping()) {
      const count = Math.min(pace.steps(), stepsAllowed(step, plan, every));
      if (plan.restartsAt(step + 1)) trainer.restart();
      const before = performance.now();
      const rateScale = memory.plateau?.scale ?? 1;
      const made = await trainer.advance(step + 1, count, rateScale);
      const took = performance.now() - before;
      pace.took(count, took);
      spent = { updates: spent.updates + count, seconds: spent.seconds + took / 1000 };

      const { losses, unsound } = made;
      say(stepEvents(step + 1, unsound !== null && "update" in unsound ? unsound.update : losses.length, made));
      const skip: TrainEvent | undefined = saidOfSkips ? undefined : skipNotice(step + 1, made.scaling);
      if (skip !== undefined) say([skip]);
      saidOfSkips ||= skip !== undefined;
      if (unsound !== null) {
        const signature = source.signature(spec.train);
        const diverged = { trainer, step, made: { ...made, unsound }, rateScale, batch: batches, norms };
        const { message, hint, source: place } = await divergence(spec, signature, diverged);
        return failed(`${message}. ${lastGood()}`, hint, place);
      }
      step += count;
      loss = losses.at(-1) ?? loss;
      norms = [...norms, ...made.norms].slice(-rememberedNorms);

      if (sampler !== null && isDue(step, every.sampleEvery))
        say([{ event: "sample", step, text: await sampler.sample(step, feedsOf(await trainer.tensors("parameter"))) }]);
      if (isDue(step, every.evaluateEvery) || step === plan.steps) await evaluate();
      const due = [every.checkpointEvery, every.keepEvery].some((interval) => isDue(step, interval));
      const unsaved = due || memory.best?.step === step ? await save() : undefined;
      if (unsaved !== undefined) return unsaved;
    }

    const unsaved = await save();
    if (unsaved !== undefined) return unsaved;
    const early = isExhausted(spec.train, memory);
    if (early && step < plan.steps) say([stoppedEarly(spec.train, step)]);
    const parameters = await trainer.tensors("parameter");
    const interrupted = step < plan.steps && !early;
    const { notices, done } = await conclude(request, prepared, evaluator, {
      step,
      loss,
      memory,
      parameters,
      skipped: await skippedSoFar(spec.train.precision, trainer),
      interrupted,
    });
    writeConditions(disk, out, { device: prepared.device, ...spent });
    say([...notices, done]);
    return { ok: true, done };
  } finally {
    record.close();
  }
}

function startEvents(
  { step, notices }: Begun,
  { out, spec }: TrainRequest,
  { artifact, source, plan, device, notices: before }: Prepared,
): readonly TrainEvent[] {
  const said = [...before, ...notices, ...halfNotices(spec.train.precision, device)];
  const sizes = artifact.manifest.parameters.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  return [
    ...said.map((message) => ({ event: "notice", message }) as const),
    { event: "start", run: out, device, parameters, examples: source.examples, step, steps: plan.steps },
  ];
}

/** WebGPU's steps are laid out one after the other: a call of many would be a model of many. */
function perCall({ steps_per_call }: NormalTrain, device: Device): NormalTrain["steps_per_call"] {
  return steps_per_call === "auto" && device === "webgpu" ? 1 : steps_per_call;
}

function stoppedEarly({ early_stopping }: NormalTrain, step: number): TrainEvent {
  const { metric = "", patience = 0 } = early_stopping ?? {};
  const message = `The ${metric} of the validation part has not become better in ${patience} evaluations: the run ends at step ${step}.`;
  return { event: "notice", message };
}

function stepEvents(first: number, count: number, { losses, norms, rates, scaling }: Reported): readonly TrainEvent[] {
  return Array.from(losses.subarray(0, count), (loss, index) => ({
    event: "step",
    step: first + index,
    loss,
    gradient_norm: norms[index] ?? 0,
    learning_rate: shortest(rates[index] ?? 0),
    ...scaleOfStep(scaling, index),
  }));
}

function bytesOf(batch: ReadonlyMap<string, { readonly data: { readonly byteLength: number } }>): number {
  return [...batch.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}
