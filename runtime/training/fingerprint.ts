/** Fingerprint of a spec: the members that the results of a run depend on. A run is only resumed with the same ones. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { child } from "../../schema/json-pointer.js";
import { lossesWithDataWeights } from "../../schema/kinds/class-weights.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { mapDataFiles } from "../data/index.js";
import { formatInteger } from "../format.js";
import { hasFixedBatches } from "../memory/batch-size.js";
import type { RunProblem } from "../problem.js";
import { type RunState, readRunStates } from "../run/checkpoint.js";
import { runFiles } from "../run/layout.js";

/**
 * The spec without the members that may change when a run is resumed: its name, its length, its intervals, its reports,
 * and the metrics that it monitors. A metric that both runs monitor has to be the same, see `watchedMetricProblems`.
 */
function fingerprintFields(spec: NormalSpec) {
  const { seed, data, cells, layers, activations, model, losses, adapt, regularization, optimizer, train } = spec;
  const { schedule } = optimizer;
  const ownEquations = {
    ...(optimizer.type === "custom" && { optimizers: { [optimizer.name]: spec.optimizers[optimizer.name] } }),
    ...(schedule.type === "custom" && { schedules: { [schedule.name]: spec.schedules[schedule.name] } }),
  };
  const { batch_size, accumulate, memory, shuffle, evaluate_every, steps, epochs } = train;
  // With the plateau schedule the steps of the evaluations matter. By default they follow from the length of a run of
  // steps, but not from that of a run of epochs.
  const byDefault = epochs === null ? { steps } : { evaluate_every: "epoch" };
  const evaluationFields =
    optimizer.schedule.type !== "plateau" ? {} : evaluate_every === null ? byDefault : { evaluate_every };
  // Synchronous data parallelism does not change the results.
  const distributedFields = "average_every" in train.distributed ? { distributed: train.distributed } : {};
  const precisionFields = train.precision === "float32" ? {} : { precision: train.precision };
  // File names do not matter: the digests of the data and of models cover their contents.
  return {
    seed,
    data: mapDataFiles(data, () => ""),
    cells,
    layers,
    activations,
    model: model.map((layer) => (layer.layer === "onnx" ? { ...layer, file: "" } : layer)),
    losses,
    regularization,
    ...(adapt && { adapt }),
    optimizer,
    ...ownEquations,
    train: { batch_size, accumulate, memory, shuffle, ...evaluationFields, ...distributedFields, ...precisionFields },
  };
}

export function specFingerprint(spec: NormalSpec): string {
  return createHash("sha256")
    .update(JSON.stringify(sortKeys(fingerprintFields(spec))))
    .digest("hex");
}

/** Problems of a checkpoint that another spec or other data produced. `out` holds the spec that produced it. */
export function checkFingerprint(
  state: RunState,
  spec: NormalSpec,
  digest: string,
  out: string,
): readonly RunProblem[] {
  if (state.spec !== specFingerprint(spec)) return specProblems(state, spec, out);
  const metricProblems = watchedMetricProblems(state, spec, out);
  if (metricProblems.length > 0) return metricProblems;
  if (state.data === digest) return [];
  const message = `The data has changed since the checkpoint at step ${formatInteger(state.step)}.`;
  return [{ code: "resume-data", path: "/data", message, hint: resumeHint }];
}

/**
 * The same for the spec alone, without reading data. A spec whose batches or class weights are not resolved yet is left to
 * `checkFingerprint`.
 */
export function checkResumable(spec: NormalSpec, out: string): readonly RunProblem[] {
  if (!hasFixedBatches(spec.train) || lossesWithDataWeights(spec).length > 0) return [];
  const states = readRunStates(join(out, runFiles.checkpoints));
  const [latest] = states;
  const fingerprint = specFingerprint(spec);
  if (latest === undefined) return [];
  if (states.some((state) => state.spec === fingerprint)) return watchedMetricProblems(latest, spec, out);
  return specProblems(latest, spec, out);
}

const resumeHint = "Train into another directory with --out, or replace the run with --overwrite instead of --resume.";

function specProblems(state: RunState, spec: NormalSpec, out: string): readonly RunProblem[] {
  const changes = changedFields(out, spec);
  return changes.length > 0 ? changes.map((change) => changeProblem(state, change)) : [changeProblem(state)];
}

function changeProblem({ step }: RunState, change?: Change): RunProblem {
  const summary = `The checkpoint at step ${formatInteger(step)} belongs to another spec`;
  const { path = "", before, after } = change ?? {};
  if (path.endsWith("/sha256")) return otherModel(step, path);
  const message = change === undefined ? `${summary}.` : `${summary}: ${path} was ${before} and is ${after}.`;
  return { code: "resume-spec", path, message, hint: resumeHint };
}

/** The problem of a model whose file has changed. */
function otherModel(step: number, path: string): RunProblem {
  return {
    code: "resume-model",
    path: path.replace(/sha256$/, "file"),
    message: `The model has changed since the checkpoint at step ${formatInteger(step)}.`,
    hint: resumeHint,
  };
}

/** Changed definitions of the metrics that both specs watch: their best values in the checkpoint are of another one. */
function watchedMetricProblems(state: RunState, spec: NormalSpec, out: string): readonly RunProblem[] {
  const recorded = readSpec(out);
  if (recorded === undefined) return [];
  const before = watchedDefinitions(recorded);
  const after = watchedDefinitions(spec);
  return [...before].flatMap(([key, { name, ...definition }]) => {
    const other = after.get(key);
    if (other === undefined) return [];
    const { equations, reduce } = other;
    return [...diff(definition, { equations, reduce }, child("/metrics", name))].map((change) =>
      changeProblem(state, change),
    );
  });
}

/**
 * A spec's own metrics that early stopping, keep_best and the plateau schedule watch, by output and name. Progress in
 * another direction is not continued.
 */
function watchedDefinitions({ metrics, optimizer, train }: NormalSpec) {
  const { schedule } = optimizer;
  const watched = [train.early_stopping, train.keep_best, schedule.type === "plateau" ? schedule : null].map(
    (part) => part?.metric,
  );
  return new Map(
    (metrics ?? []).flatMap((metric) => {
      if (metric.type !== "custom") return [];
      const { name, equations, reduce, output } = metric;
      const isWatched = watched.includes(name) || watched.includes(`${output}/${name}`);
      return isWatched ? [[`${output}/${name}`, { name, equations, reduce }] as const] : [];
    }),
  );
}

interface Change {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

function changedFields(out: string, spec: NormalSpec): readonly Change[] {
  const recorded = readSpec(out);
  if (recorded === undefined) return [];
  return [...diff(sortKeys(fingerprintFields(recorded)), sortKeys(fingerprintFields(spec)), "")].slice(0, 5);
}

/** The recorded spec; undefined where it cannot be read, which only makes messages shorter. */
function readSpec(out: string): NormalSpec | undefined {
  try {
    return JSON.parse(readFileSync(join(out, runFiles.spec), "utf8"));
  } catch {
    return undefined;
  }
}

function* diff(was: unknown, is: unknown, path: string): Generator<Change> {
  if (isContainer(was) && isContainer(is) && Array.isArray(was) === Array.isArray(is)) {
    const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
    for (const key of keys) yield* diff(was[key], is[key], child(path, key));
  } else if (was !== is) yield { path, before: abbreviate(was), after: abbreviate(is) };
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function abbreviate(value: unknown): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The same value with the members of its objects sorted by name. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isContainer(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sortKeys(member)]));
}
