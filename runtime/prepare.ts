/** What a training needs before it touches the disk: the data, the compiled model, first weights, a device. */
import type { Artifact } from "../compiler/artifact.js";
import type { BoundModels } from "../compiler/compile.js";
import type { Signature } from "../compiler/signature.js";
import { portionSizeOf } from "../schema/batches.js";
import type { NormalSpec } from "../schema/normal.js";
import { type BatchesOf, openBatches } from "./batches.js";
import type { TrainerStart } from "./carried.js";
import { openComputing } from "./computing.js";
import { openData } from "./data/index.js";
import type { DataSource } from "./data/source.js";
import { foreignDirectory } from "./directory.js";
import { type Evaluator, openEvaluator } from "./evaluate.js";
import type { TrainRequest } from "./events.js";
import type { Imported, Model } from "./import/index.js";
import { unlike } from "./likeness.js";
import { fitIntoMemory } from "./limits.js";
import { type Schedule, schedule } from "./order.js";
import { failed, type RunFailure, wrongInput } from "./outcome.js";
import { ownPlaces } from "./places.js";
import { type Checked, refuse } from "./problem.js";
import { outOfRange } from "./ranges.js";
import type { Tensors } from "./safetensors.js";
import { openSampler, planSamples, type SamplePlan, type Sampler } from "./sampler.js";
import { type Device, loadOf } from "./session.js";
import { asRecorded, type Settled, settle } from "./settle.js";
import { type Init, readInitial } from "./start.js";
import { carriesStates, streamSchedule } from "./streams.js";
import { readTrained, type Standing, standingOf } from "./trained.js";
import { openTrainer, type Trainer } from "./trainer.js";

/** A training that can begin: all that is known of it, and what computes. */
export interface Prepared {
  /** The request's, with its batches settled. */
  readonly spec: NormalSpec;
  readonly source: DataSource;
  readonly artifact: Artifact;
  readonly plan: Schedule;
  readonly batches: BatchesOf;
  /** The weights of `--init`, by public name. */
  readonly initial: Tensors;
  /** Where the training of a model file stands that this run goes on with; null for a run of its own. */
  readonly standing: Standing | null;
  /** A trainer with the tensors of a start. */
  readonly openTrainer: (start: TrainerStart) => Trainer;
  readonly evaluator: Evaluator;
  /** Null where the spec asks for no samples. */
  readonly sampler: Sampler | null;
  readonly device: Device;
  /** What the user should hear before the run starts. */
  readonly notices: readonly string[];
}

export type Preparation =
  | { readonly ok: true; readonly prepared: Prepared }
  | { readonly ok: false; readonly outcome: RunFailure };

/** All that is known of a training before it computes anything. */
export interface Planned
  extends Pick<Prepared, "spec" | "source" | "artifact" | "plan" | "batches" | "initial" | "standing" | "notices"> {
  readonly signature: Signature;
  readonly models: BoundModels;
  readonly samples: SamplePlan | null;
  /** Of a batch, as `loadOf` says it. */
  readonly load: number;
}

export type Planning = { readonly ok: true; readonly planned: Planned } | Extract<Preparation, { ok: false }>;

/** How a training differs that several processes or threads share. */
export interface Sharing {
  readonly processes: number;
  /** Those of this machine, which share its memory. */
  readonly local: number;
  /** What the batches were settled as, or null where they could not be: afterwards the same for all processes. */
  readonly agree: (settled: Settled | null) => Settled | null;
  /** Whether the step is wanted in two halves. */
  readonly halves: boolean;
  /** Added to the seed of what is random in the model. */
  readonly seed: number;
}

const alone: Sharing = { processes: 1, local: 1, agree: (settled) => settled, halves: false, seed: 0 };

export async function planTraining(request: TrainRequest, sharing: Sharing = alone): Promise<Planning> {
  const { folder, out, init, without } = request;
  const read = request.from === undefined ? null : await readTrained(request.from);
  const trained = read?.ok ? read.trained : null;
  const opened = read?.ok === false ? read : await openData(request.spec, folder, trained?.metadata);
  const asked = request.resume ? asRecorded(request.spec, out) : request.spec;
  const settled = sharing.agree(opened.ok ? await settle(asked, opened.source, request.memory) : null);
  if (!opened.ok) return { ok: false, outcome: wrongInput(opened.problems) };
  if (settled === null) return { ok: false, outcome: failed("The data could not be opened.") };
  const { source } = opened;
  const { spec, notices } = settled;
  const signature = source.signature(spec.train);
  const strange = trained === null ? [] : unlike(trained.signature, signature);
  if (strange.length > 0) return { ok: false, outcome: wrongInput(strange) };

  const { compile } = await import("../compiler/compile.js");
  const own = sharing.seed === 0 ? spec : { ...spec, seed: spec.seed + sharing.seed };
  const target = request.device === "webgpu" ? ({ target: "webgpu" } as const) : {};
  const options = { origins: ownPlaces(spec), without, shared: sharing.halves, ...target };
  const compiled = await compile(own, signature, options);
  if (!compiled.ok) return { ok: false, outcome: wrongInput(compiled.problems) };
  const { artifact, memoryAt, models } = compiled;
  const { parameters } = artifact.manifest;

  const initial = await initialOf(init, { spec, parameters });
  const goingOn = await standingOf(trained, artifact.manifest);
  const planned = planOf(spec, source, artifact);
  const sampled = planSamples(spec, source);
  const problems = [
    ...outOfRange(spec, signature, artifact.manifest, source),
    ...[initial, goingOn].flatMap((checked) => (checked.ok ? [] : checked.problems)),
    ...[planned, sampled].flatMap((checked) => (checked.ok ? [] : checked.problems)),
    ...foreignDirectory(out),
  ];
  if (!initial.ok || !goingOn.ok || !planned.ok || !sampled.ok || problems.length > 0)
    return { ok: false, outcome: wrongInput(problems) };
  const taken = (batch: number) => sharing.local * memoryAt(Math.ceil(batch / sharing.processes));
  const fit = fitIntoMemory(spec.train, planned.plan.batchSize, taken);
  if (fit.problems.length > 0 && request.force !== true) return { ok: false, outcome: wrongInput(fit.problems) };
  const { standing } = goingOn;
  // The spec says how many updates this run makes; they are counted from where the training stands.
  const plan = { ...planned.plan, steps: planned.plan.steps + (standing?.step ?? 0) };
  return {
    ok: true,
    planned: {
      spec,
      source,
      signature,
      artifact,
      models,
      plan,
      batches: openBatches(source, plan),
      samples: sampled.samples,
      load: loadOf(parameters, portionSizeOf(spec.train, plan.batchSize)),
      initial: initial.tensors,
      standing,
      notices: [...notices, ...fit.notices, ...initial.notices],
    },
  };
}

/** Prepares a training in this process alone. */
export async function prepare(request: TrainRequest): Promise<Preparation> {
  const planning = await planTraining(request);
  if (!planning.ok) return planning;
  const { samples, load, models, signature, ...planned } = planning.planned;
  const { spec, source, artifact, plan, batches } = planned;
  const { manifest } = artifact;
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const compiled = { artifact, models, load, threads: request.threads, steps: signature.steps };
  const opened = await openComputing(request.device, compiled, () => batches(1, 1));
  if (!opened.ok) return { ok: false, outcome: failed(opened.message, opened.hint) };
  const { training, evaluation, device, notice, fetch } = opened.computing;
  return {
    ok: true,
    prepared: {
      ...planned,
      openTrainer: (start) => openTrainer(training, manifest.train, stored, start, plan.batchSize, batches, fetch),
      evaluator: await openEvaluator(evaluation, manifest, source),
      sampler: samples && (await openSampler(spec, artifact, samples)),
      device,
      notices: [notice, ...planned.notices].filter((text) => text !== ""),
    },
  };
}

async function initialOf(init: Init | null, model: Model): Promise<Checked<Imported>> {
  return init === null ? { ok: true, tensors: new Map(), notices: [] } : readInitial(init, model);
}

function planOf({ train, seed }: NormalSpec, source: DataSource, { manifest }: Artifact): Checked<{ plan: Schedule }> {
  if (carriesStates(manifest)) return streamSchedule(train, source.splits.train);
  const plan = schedule(train, seed, source.buckets ?? [source.splits.train]);
  const { length } = source.splits.train;
  const place = { code: "accumulate-batch", path: "/train/accumulate" };
  if (plan.examples === 0)
    return refuse({
      ...place,
      message: `There are fewer examples to train on than the ${train.accumulate} portions of a batch.`,
    });
  if (typeof train.batch_size === "number" || plan.examples === length) return { ok: true, plan };
  return refuse({
    ...place,
    message: `All ${length} examples in one batch do not fall into ${train.accumulate} equal portions.`,
    hint: 'Give a "batch_size": the last batch of an epoch then leaves out what is over.',
  });
}
