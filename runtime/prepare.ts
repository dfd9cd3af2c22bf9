/** What a training needs before it touches the disk: the data, the compiled model, first weights, a device. */
import type { InferenceSession } from "onnxruntime-node";
import type { Artifact } from "../compiler/artifact.js";
import type { Signature } from "../compiler/signature.js";
import type { NormalSpec } from "../schema/normal.js";
import { openData } from "./data/index.js";
import type { DataSource } from "./data/source.js";
import { foreignDirectory } from "./directory.js";
import type { TrainRequest } from "./events.js";
import type { Imported, Model } from "./import/index.js";
import { unlike } from "./likeness.js";
import { fitIntoMemory } from "./limits.js";
import { type Schedule, schedule } from "./order.js";
import { failed, type TrainOutcome, wrongInput } from "./outcome.js";
import { ownPlaces } from "./places.js";
import { type Checked, refuse } from "./problem.js";
import { outOfRange } from "./ranges.js";
import type { Tensors } from "./safetensors.js";
import { openSampler, planSamples, type SamplePlan, type Sampler } from "./sampler.js";
import { type Device, openSession } from "./session.js";
import { asRecorded, settle } from "./settle.js";
import { type Init, readInitial } from "./start.js";
import { carriesStates, streamSchedule } from "./streams.js";
import { readTrained, type Standing, standingOf } from "./trained.js";

export interface Prepared {
  /** The request's, with its batches settled. */
  readonly spec: NormalSpec;
  readonly source: DataSource;
  readonly artifact: Artifact;
  readonly plan: Schedule;
  /** The weights of `--init`, by public name. */
  readonly initial: Tensors;
  /** Where the training of a model file stands that this run goes on with; null for a run of its own. */
  readonly standing: Standing | null;
  readonly training: InferenceSession;
  readonly evaluation: InferenceSession;
  /** Null where the spec asks for no samples. */
  readonly sampler: Sampler | null;
  readonly device: Device;
  /** What the user should hear before the run starts. */
  readonly notices: readonly string[];
}

export type Preparation =
  | { readonly ok: true; readonly prepared: Prepared }
  | { readonly ok: false; readonly outcome: TrainOutcome };

/** All that is known of a training before it computes anything. */
export interface Planned
  extends Pick<Prepared, "spec" | "source" | "artifact" | "plan" | "initial" | "standing" | "notices"> {
  readonly signature: Signature;
  readonly samples: SamplePlan | null;
}

export type Planning = { readonly ok: true; readonly planned: Planned } | Extract<Preparation, { ok: false }>;

export async function planTraining(request: TrainRequest): Promise<Planning> {
  const { folder, out, init, without } = request;
  const read = request.from === undefined ? null : await readTrained(request.from);
  if (read?.ok === false) return { ok: false, outcome: wrongInput(read.problems) };
  const trained = read?.trained ?? null;
  const opened = await openData(request.spec, folder, trained?.metadata);
  if (!opened.ok) return { ok: false, outcome: wrongInput(opened.problems) };
  const { source } = opened;
  const asked = request.resume ? asRecorded(request.spec, out) : request.spec;
  const { spec, notices } = await settle(asked, source, request.memory);
  const signature = source.signature(spec.train);
  const strange = trained === null ? [] : unlike(trained.signature, signature);
  if (strange.length > 0) return { ok: false, outcome: wrongInput(strange) };

  const { compile } = await import("../compiler/compile.js");
  const compiled = await compile(spec, signature, { origins: ownPlaces(spec), without });
  if (!compiled.ok) return { ok: false, outcome: wrongInput(compiled.problems) };
  const { artifact, memoryAt } = compiled;
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
  const fit = fitIntoMemory(spec.train, planned.plan.batchSize, memoryAt);
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
      plan,
      samples: sampled.samples,
      initial: initial.tensors,
      standing,
      notices: [...notices, ...fit.notices, ...initial.notices],
    },
  };
}

export async function prepare(request: TrainRequest): Promise<Preparation> {
  const planning = await planTraining(request);
  if (!planning.ok) return planning;
  const { spec, source, artifact, plan, samples, initial, standing, notices } = planning.planned;
  const { parameters } = artifact.manifest;
  const elements = parameters.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const training = await openSession(artifact.train, request.device, elements * plan.batchSize);
  if (!training.ok) return { ok: false, outcome: failed(training.message, training.hint) };
  const evaluation = await openSession(artifact.eval, training.device, elements * plan.batchSize);
  if (!evaluation.ok) return { ok: false, outcome: failed(evaluation.message, evaluation.hint) };

  return {
    ok: true,
    prepared: {
      spec,
      source,
      artifact,
      plan,
      initial,
      standing,
      training: training.session,
      evaluation: evaluation.session,
      sampler: samples && (await openSampler(spec, artifact, samples)),
      device: training.device,
      notices: [training.notice, ...notices].filter((text) => text !== ""),
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
