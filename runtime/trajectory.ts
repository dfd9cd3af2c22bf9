/** What the numbers of a run depend on, so that a run is only resumed as the same run. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NormalSpec } from "../schema/normal.js";
import { child } from "../schema/pointer.js";
import type { RunState } from "./checkpoint.js";
import { mapDataFiles } from "./data/index.js";
import { runFiles } from "./directory.js";
import type { RunProblem } from "./problem.js";

/**
 * The spec without what may change between a run and its resumption: its name, its length, how often it saves and evaluates,
 * what it reports, and what it watches to end early or to keep.
 */
function trajectory({ seed, data, cells, model, loss, regularization, optimizer, train }: NormalSpec) {
  const { batch_size, accumulate, memory, shuffle, evaluate_every, steps, epochs } = train;
  // Where evaluations let the learning rate fall, their steps matter; by default they follow from the length.
  const evaluations =
    optimizer.schedule.type === "plateau" ? { evaluate_every: evaluate_every ?? { steps, epochs } } : {};
  // Processes that share every step do not change its numbers.
  const averages = "average_every" in train.distributed ? { distributed: train.distributed } : {};
  const halves = train.precision === "float32" ? {} : { precision: train.precision };
  // Where the data lies does not matter: its digest says what it holds.
  return {
    seed,
    data: mapDataFiles(data, () => ""),
    cells,
    model,
    loss,
    regularization,
    optimizer,
    train: { batch_size, accumulate, memory, shuffle, ...evaluations, ...averages, ...halves },
  };
}

export function trajectoryHash(spec: NormalSpec): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(trajectory(spec))))
    .digest("hex");
}

/** Why a checkpoint does not belong to this spec and data; none when it does. `out` holds the spec that it was made with. */
export function differences(state: RunState, spec: NormalSpec, digest: string, out: string): readonly RunProblem[] {
  const hint = `Leave --resume out to start anew, or train into another directory with --out.`;
  const at = `checkpoint at step ${state.step}`;
  if (state.spec !== trajectoryHash(spec)) {
    const changes = changedMembers(out, spec).map(({ path, was, is }) => ({
      code: "resume-spec",
      path,
      message: `The ${at} was made with another spec: ${path} was ${was} and is ${is}.`,
      hint,
    }));
    if (changes.length > 0) return changes;
    return [{ code: "resume-spec", path: "", message: `The ${at} was made with another spec.`, hint }];
  }
  if (state.data === digest) return [];
  return [{ code: "resume-data", path: "/data", message: `The data has changed since the ${at}.`, hint }];
}

interface Change {
  readonly path: string;
  readonly was: string;
  readonly is: string;
}

function changedMembers(out: string, spec: NormalSpec): readonly Change[] {
  let recorded: NormalSpec;
  try {
    recorded = JSON.parse(readFileSync(join(out, runFiles.spec), "utf8"));
    return [...changes(sorted(trajectory(recorded)), sorted(trajectory(spec)), "")].slice(0, 5);
  } catch {
    // The checkpoint alone is what counts: a recorded spec that cannot be read only makes the message shorter.
    return [];
  }
}

function* changes(was: unknown, is: unknown, path: string): Generator<Change> {
  if (isPart(was) && isPart(is) && Array.isArray(was) === Array.isArray(is)) {
    const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
    for (const key of keys) yield* changes(was[key], is[key], child(path, key));
  } else if (was !== is) yield { path, was: short(was), is: short(is) };
}

function isPart(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function short(value: unknown): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The same value with the members of its objects in order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPart(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
}
