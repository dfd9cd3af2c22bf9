/** What the numbers of a run depend on, so that a run is only resumed as the same run. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { child } from "../../schema/json-pointer.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { mapDataFiles } from "../data/index.js";
import type { RunProblem } from "../problem.js";
import type { RunState } from "../run/checkpoint.js";
import { runFiles } from "../run/layout.js";

/**
 * The spec without what may change between a run and its resumption: its name, its length, how often it saves and evaluates,
 * what it reports, and what it watches to end early or to keep.
 */
function fingerprintFields({ seed, data, cells, model, loss, regularization, optimizer, train }: NormalSpec) {
  const { batch_size, accumulate, memory, shuffle, evaluate_every, steps, epochs } = train;
  // Where evaluations let the learning rate fall, their steps matter; by default they follow from the length.
  const evaluationFields =
    optimizer.schedule.type === "plateau" ? { evaluate_every: evaluate_every ?? { steps, epochs } } : {};
  // Processes that share every step do not change its numbers.
  const distributedFields = "average_every" in train.distributed ? { distributed: train.distributed } : {};
  const precisionFields = train.precision === "float32" ? {} : { precision: train.precision };
  // Where the data lies does not matter: its digest says what it holds.
  return {
    seed,
    data: mapDataFiles(data, () => ""),
    cells,
    model,
    loss,
    regularization,
    optimizer,
    train: { batch_size, accumulate, memory, shuffle, ...evaluationFields, ...distributedFields, ...precisionFields },
  };
}

export function specFingerprint(spec: NormalSpec): string {
  return createHash("sha256")
    .update(JSON.stringify(sortKeys(fingerprintFields(spec))))
    .digest("hex");
}

/** Why a checkpoint does not belong to this spec and data; none when it does. `out` holds the spec that it was made with. */
export function checkFingerprint(
  state: RunState,
  spec: NormalSpec,
  digest: string,
  out: string,
): readonly RunProblem[] {
  const hint = `Leave --resume out to start anew, or train into another directory with --out.`;
  const checkpointName = `checkpoint at step ${state.step}`;
  if (state.spec !== specFingerprint(spec)) {
    const changes = changedFields(out, spec).map(({ path, before, after }) => ({
      code: "resume-spec",
      path,
      message: `The ${checkpointName} was made with another spec: ${path} was ${before} and is ${after}.`,
      hint,
    }));
    if (changes.length > 0) return changes;
    return [{ code: "resume-spec", path: "", message: `The ${checkpointName} was made with another spec.`, hint }];
  }
  if (state.data === digest) return [];
  return [{ code: "resume-data", path: "/data", message: `The data has changed since the ${checkpointName}.`, hint }];
}

interface Change {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

function changedFields(out: string, spec: NormalSpec): readonly Change[] {
  let recordedSpec: NormalSpec;
  try {
    recordedSpec = JSON.parse(readFileSync(join(out, runFiles.spec), "utf8"));
    return [...diff(sortKeys(fingerprintFields(recordedSpec)), sortKeys(fingerprintFields(spec)), "")].slice(0, 5);
  } catch {
    // The checkpoint alone is what counts: a recorded spec that cannot be read only makes the message shorter.
    return [];
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

/** The same value with the members of its objects in order of their names. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isContainer(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sortKeys(member)]));
}
