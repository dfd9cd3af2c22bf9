/** Evaluates a run: its model, with weights that it left, over every example of its own data or of other data of the kind. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { portionSizeOf } from "../schema/batches.js";
import type { NormalData, NormalSpec } from "../schema/normal.js";
import { findCheckpoint } from "./checkpoint.js";
import { openData } from "./data/index.js";
import type { DataSource } from "./data/source.js";
import type { Splits } from "./data/splits.js";
import { runFiles } from "./directory.js";
import { openEvaluator } from "./evaluate.js";
import type { SplitMetrics } from "./events.js";
import { unlike } from "./likeness.js";
import { failed, type RunFailure, wrongInput } from "./outcome.js";
import type { RunProblem } from "./problem.js";
import { outOfRange } from "./ranges.js";
import { openRun, readWeights, type Which } from "./run.js";
import type { Tensors } from "./safetensors.js";
import { loadOf, openSession, type RequestedDevice } from "./session.js";
import { feedsOf } from "./tensors.js";

export interface EvaluateRequest {
  /** The run directory. */
  readonly run: string;
  /** Data in place of the run's own, paths from the run directory; read with what the run learnt of its own. */
  readonly data: NormalData | null;
  /** One part, or null: every part of the run's own data; other data as a whole, as the part to test with. */
  readonly split: keyof Splits | null;
  readonly weights: Which;
  /** Weights of its shapes in place of the run's own. */
  readonly parameters?: Tensors;
  readonly device: RequestedDevice;
}

export type EvaluateOutcome =
  | {
      readonly ok: true;
      /** The step of the weights. */
      readonly step: number;
      /** How many examples each part has. */
      readonly examples: Readonly<Record<keyof Splits, number>>;
      readonly metrics: SplitMetrics;
      readonly notices: readonly string[];
    }
  | RunFailure;

export async function evaluateRun({
  run: folder,
  data,
  split,
  weights,
  parameters: given,
  device,
}: EvaluateRequest): Promise<EvaluateOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return wrongInput(opened.problems);
  const { run } = opened;
  const found = readWeights(run, weights);
  if (!found.ok) return wrongInput(found.problems);
  const { step } = found.weights;
  const parameters = given ?? found.weights.parameters;

  const whole = data !== null && split === null;
  const spec = { ...run.spec, data: data ?? run.spec.data };
  const read = await openData(whole ? undivided(spec) : spec, folder, run.metadata);
  if (!read.ok) return wrongInput(data === null ? read.problems : read.problems.map(asNamedByUser));
  const { source } = read;
  const unfit = [
    ...unlike(run.signature, source.signature(spec.train)),
    ...outOfRange(spec, run.signature, run.manifest, source),
  ];
  if (unfit.length > 0) return wrongInput(unfit);
  const parts = partsOf(source.splits, split, whole);
  if (split !== null && parts[split].length === 0) {
    const hint = "Parts are divided by data.split.";
    return wrongInput([{ code: "empty-split", path: "/data/split", message: `The data has no ${split} part.`, hint }]);
  }

  const model = readFileSync(join(folder, runFiles.eval));
  const { batch_size } = spec.train;
  const batchSize = portionSizeOf(spec.train, typeof batch_size === "number" ? batch_size : source.splits.train.length);
  const session = await openSession(model, device, loadOf(parameters.values(), batchSize));
  if (!session.ok) return failed(session.message, session.hint);
  const evaluator = await openEvaluator(session.session, run.manifest, source);
  const metrics = await evaluator.splitMetrics(feedsOf(parameters), parts, batchSize);
  const notices = [session.notice, ...(data === null ? changeOf(folder, source) : [])].filter((text) => text !== "");
  return { ok: true, step, examples: countsOf(parts), metrics, notices };
}

/** The files of other data are not named from the spec's folder. */
function asNamedByUser(problem: RunProblem): RunProblem {
  return problem.code === "file-missing" ? { ...problem, hint: "" } : problem;
}

/** Other data, all of it in one part. */
function undivided(spec: NormalSpec): NormalSpec {
  return { ...spec, data: { ...spec.data, split: { ...spec.data.split, train: 1, validation: 0, test: 0 } } };
}

function partsOf(splits: Splits, split: keyof Splits | null, whole: boolean): Splits {
  const none = new Uint32Array();
  if (whole) return { train: none, validation: none, test: splits.train };
  if (split === null) return splits;
  return { train: none, validation: none, test: none, [split]: splits[split] };
}

function countsOf({ train, validation, test }: Splits): Readonly<Record<keyof Splits, number>> {
  return { train: train.length, validation: validation.length, test: test.length };
}

/** Says when the data is no longer what was trained on. */
function changeOf(folder: string, { digest }: DataSource): readonly string[] {
  const { newest } = findCheckpoint(join(folder, runFiles.checkpoints));
  if (newest === undefined || newest.state.data === digest) return [];
  return ["The data has changed since the run: these metrics are of what it is now."];
}
