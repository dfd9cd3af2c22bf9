/**
 * The promise of equality, over random specs of the whole vocabulary: one update of a batch is the same in micro-batches,
 * on several ranks, in any number of steps per call, with `"memory": "low"` and after an interruption; and an evaluation
 * is the same in batches of any size. RNNX_EQUAL_RUNS is the number of specs, RNNX_EQUAL_SEED their seed.
 */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CompileOptions, compile } from "../../../compiler/compile.js";
import { createEvaluator, type EvaluationSharding } from "../../../runtime/evaluation/evaluator.js";
import { openSession } from "../../../runtime/sessions/session.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { type Compiled, drawParameters, train } from "../../support/artifacts.js";
import { open } from "../../support/programs.js";
import { BATCH, examples, randomSpec, vocabulary } from "../../support/random-specs.js";
import { normal } from "../../support/read-spec.js";
import { trainShared } from "../../support/shared-steps.js";
import { sharedFolder } from "../../support/temporary-folder.js";
import { losses, run, weightsOf } from "../../support/training-runs.js";

/** As many as the longest list of the vocabulary, so that every name has its turn. */
const RUNS = Number(process.env.RNNX_EQUAL_RUNS ?? Math.max(...Object.values(vocabulary).map(({ length }) => length)));
const SEED = Number(process.env.RNNX_EQUAL_SEED ?? 5);
const STEPS = 4;
/** Refusals of what cannot be divided. */
const REFUSALS = [
  ...["accumulate-loss", "distributed-loss", "split-activity", "accumulate-batch-norm", "distributed-batch-norm"],
  "memory-steps",
];

/**
 * True for a spec of a cell that is divided by its stabilizer: the gradients of its gates are differences of equal
 * numbers, whose rounding errors Adam enlarges.
 */
const isStabilized = (title: string) => /"cell":"(slstm|mlstm|rwkv)"/.test(title);

/**
 * The bias of keys adds one number to all scores of a query: its gradient is a rounding error, which Adam enlarges where
 * sums have another order.
 */
const isKeyBias = (name: string) => name.endsWith("/bk");

function expectClose(actual: readonly number[], expected: readonly number[], title: string) {
  expect(actual.length, title).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  const differences = expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)));
  expect(Math.max(...differences) / scale, title).toBeLessThan(isStabilized(title) ? 1e-4 : 1e-5);
}

type Spec = Readonly<Record<string, unknown>>;

/** The spec with settings of its training; null for a refusal. */
async function compiledWith(spec: Spec, settings: object, options: CompileOptions = {}): Promise<Compiled | null> {
  const opened = await open({ ...spec, train: { batch_size: BATCH, ...settings } });
  const result = await compile(opened.spec, opened.signature, { origins: opened.origins, ...options });
  if (result.ok) return { ...opened, artifact: result.artifact };
  for (const { code, message } of result.problems) expect(REFUSALS, message).toContain(code);
  return null;
}

/** Losses, then weights by name. */
type Trained = Pick<Awaited<ReturnType<typeof train>>, "losses" | "parameters">;

async function trained(spec: Spec, settings: object): Promise<Trained | null> {
  const compiled = await compiledWith(spec, settings);
  return compiled === null ? null : train(compiled, [STEPS]);
}

async function trainedOnTwoRanks(spec: Spec): Promise<Trained | null> {
  const compiled = await compiledWith(spec, {}, { dataParallel: true });
  return compiled === null ? null : trainShared(compiled, STEPS, BATCH, [0, 2, BATCH], 1);
}

const folder = sharedFolder();

/** A run in its directory, perhaps interrupted and resumed. Its weights start from the seed. */
async function wholeRun(spec: Spec, name: string, interruptAt?: number): Promise<Trained> {
  const out = join(folder, name);
  const settings = { steps: STEPS, batch_size: BATCH, shuffle: false, steps_per_call: 1 };
  const request: TrainRequest = {
    spec: (await normal({ ...spec, train: settings })).spec,
    folder: ".",
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  };
  const first = await run(request, (events) => interruptAt !== undefined && losses(events).length >= interruptAt);
  const last = interruptAt === undefined ? first : await run({ ...request, resume: true });
  if (!last.outcome.ok) throw new Error(JSON.stringify(last.outcome.error));
  const events = interruptAt === undefined ? first.events : [...first.events, ...last.events];
  const weights = [...weightsOf(out)].map(([parameter, { data }]) => [parameter, [...data]] as const);
  return { losses: losses(events), parameters: Object.fromEntries(weights) };
}

/** The metrics of a model over all examples, in batches of a size, on some ranks. */
async function evaluations({ artifact, source }: Compiled) {
  const opened = await openSession(artifact.eval, "cpu", 1);
  if (!opened.ok) throw new Error(opened.error.message);
  const { session } = opened.value;
  const parameters = drawParameters(artifact.manifest.parameters);
  const all = Uint32Array.from(examples);
  const evaluate = async (size: number, sharding?: EvaluationSharding) => {
    const evaluator = await createEvaluator(session, artifact.manifest, source, sharding && { sharding });
    return evaluator.metrics(parameters, all, size);
  };
  /** What the other rank contributes, by the order of the sums. */
  const contributions: Float64Array[] = [];
  await evaluate(5, {
    rows: (batch) => batch.subarray(2),
    allReduce(sums) {
      contributions.push(sums.slice());
      return sums;
    },
  });
  const shared = await evaluate(5, {
    rows: (batch) => batch.subarray(0, 2),
    allReduce(sums) {
      const other = contributions.shift() ?? new Float64Array();
      return sums.map((sum, index) => sum + (other[index] ?? 0));
    },
  });
  return { whole: await evaluate(examples.length), ones: await evaluate(1), sevens: await evaluate(7), shared };
}

/** Each with the training that it has to equal; the whole runs are compared with each other. */
const changes: readonly (readonly [string, (spec: Spec) => Promise<Trained | null>])[] = [
  ["memory low", (spec) => trained(spec, { memory: "low", steps_per_call: 2 })],
  ["accumulate 2", (spec) => trained(spec, { accumulate: 2 })],
  ["2 ranks", trainedOnTwoRanks],
  ["accumulate 3", (spec) => trained(spec, { accumulate: 3 })],
];

test(
  "weights and evaluations are equal, however a run is cut",
  async () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < RUNS; index++) {
      const [spec] = fc.sample(randomSpec(index), { numRuns: 1, seed: SEED + index });
      if (spec === undefined) throw new Error("There is no spec.");
      const { data: _, ...shown } = spec;
      const title = (change: string) => `spec ${index}, ${change}: ${JSON.stringify(shown)}`;
      const compare = (change: string, actual: Trained | null, expected: Trained, isReordered = false) => {
        if (actual === null) return;
        counts.set(change, (counts.get(change) ?? 0) + 1);
        expectClose(actual.losses, expected.losses, title(`losses with ${change}`));
        for (const [name, entries] of Object.entries(expected.parameters))
          if (!isReordered || !isKeyBias(name))
            expectClose(actual.parameters[name] ?? [], entries, title(`${name} with ${change}`));
      };
      const compiled = await compiledWith(spec, {});
      if (compiled === null) throw new Error(title("refused"));
      const expected = await train(compiled, Array(STEPS).fill(1));
      compare("4 steps per call", await train(compiled, [STEPS]), expected);
      const [change, trainChanged] = changes[index % changes.length] ?? [];
      if (change !== undefined && trainChanged !== undefined) compare(change, await trainChanged(spec), expected, true);
      if (index % 5 === 4)
        compare("an interruption", await wholeRun(spec, `cut${index}`, 2), await wholeRun(spec, `whole${index}`));
      const { whole, ...cuts } = await evaluations(compiled);
      for (const [cut, metrics] of Object.entries(cuts))
        expectClose(Object.values(metrics), Object.values(whole), title(`evaluation, ${cut}`));
    }
    if (RUNS > changes.length * 3)
      for (const [change] of changes) expect(counts.get(change) ?? 0, change).toBeGreaterThan(1);
  },
  60_000 + RUNS * 20_000,
);
