/**
 * The promise of equality, over random specs: one update of a batch is the same in micro-batches, on several ranks, in
 * any number of steps per call, with `"memory": "low"` and after an interruption; and an evaluation is the same in
 * batches of any size. RNNX_EQUAL_RUNS is the number of specs, RNNX_EQUAL_SEED their seed.
 */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEvaluator, type EvaluationSharding } from "../../../runtime/evaluation/evaluator.js";
import { openSession } from "../../../runtime/sessions/session.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { build, drawParameters, train } from "../../support/artifacts.js";
import { normal } from "../../support/read-spec.js";
import { trainShared } from "../../support/shared-steps.js";
import { sharedFolder } from "../../support/temporary-folder.js";
import { losses, run, weightsOf } from "../../support/training-runs.js";

const RUNS = Number(process.env.RNNX_EQUAL_RUNS ?? 3);
const SEED = Number(process.env.RNNX_EQUAL_SEED ?? 5);

const [BATCH, TIME, STEPS] = [6, 5, 4];
/** Refusals of what cannot be divided. */
const REFUSALS = ["accumulate-loss", "distributed-loss", "split-activity", "accumulate-batch-norm"];

const examples = Array.from({ length: 2 * BATCH }, (_, row) => row);
const grid = <T>(entry: (row: number, step: number) => T) =>
  examples.map((row) => Array.from({ length: TIME }, (_, step) => entry(row, step)));
const inputs = grid((row, step) => [Math.sin(row + 2 * step), Math.cos(row * step)]);
const classAt = (row: number, step: number) => (row * row + step) % 3;
const lengths = examples.map((row) => 1 + ((row * 3) % TIME));
const longLengths = examples.map((row) => TIME - (row % 2));

const optional = <T>(value: T) => fc.constantFrom<T | undefined>(undefined, value);
const reduction = fc.constantFrom("mean", "sum");
const rate = fc.constantFrom(0, 0.3);

const classLosses = fc.oneof(
  fc.record({
    type: fc.constant("sequence_loss"),
    average_across_timesteps: fc.boolean(),
    average_across_batch: fc.boolean(),
    class_weights: optional([1, 2, 0.5]),
  }),
  fc.record({
    type: fc.constant("cross_entropy"),
    reduction,
    label_smoothing: fc.constantFrom(0, 0.1),
    class_weights: optional([1, 2, 0.5]),
  }),
  fc.record({ type: fc.constant("sampled_softmax"), samples: fc.constant(2), reduction }),
);
const numberLosses = fc.record({
  type: fc.constantFrom("squared_error", "absolute_error", "huber", "binary_cross_entropy"),
  reduction,
});

/** A loss, with the targets and the last layers that it needs. */
const objective = fc.oneof(
  fc.record({
    loss: classLosses,
    outputs: fc.constant(3),
    targets: fc.constant(grid(classAt)),
    last: fc.constant(false),
  }),
  fc.record({
    loss: classLosses.filter(({ type }) => type !== "sequence_loss"),
    outputs: fc.constant(3),
    targets: fc.constant(examples.map((row) => classAt(row, 1))),
    last: fc.constant(true),
  }),
  fc.record({
    loss: numberLosses,
    outputs: fc.constant(1),
    targets: fc.constant(grid((row, step) => [classAt(row, step) / 2])),
    last: fc.constant(false),
  }),
  fc.record({
    loss: numberLosses,
    outputs: fc.constant(1),
    targets: fc.constant(examples.map((row) => [classAt(row, 1) / 2])),
    last: fc.constant(true),
  }),
  fc.record({
    loss: fc.record({ type: fc.constant("ctc"), reduction, zero_infinity: fc.boolean() }),
    outputs: fc.constant(3),
    targets: fc.constant(examples.map((row) => [1 + (row % 2), 2 - (row % 2)])),
    last: fc.constant(false),
  }),
);

const randomSpec = fc
  .record({
    objective,
    masked: fc.boolean(),
    weighted: fc.boolean(),
    cell: fc.record({
      cell: fc.constantFrom("lstm", "gru", "rnn", "indrnn", "mingru"),
      hidden_size: fc.constant(3),
      layers: fc.constantFrom(1, 2),
      bidirectional: optional("concat"),
      layer_norm: fc.boolean(),
      zoneout: rate,
      dropout: fc.record({ input: rate, output: rate, state: rate, variational: fc.boolean() }),
    }),
    dropout: rate,
    norm: fc.constantFrom(
      undefined,
      { layer: "layer_norm", epsilon: 0.1 },
      { layer: "group_norm", groups: 3, epsilon: 0.1 },
      { layer: "batch_norm", epsilon: 0.1 },
    ),
    pool: fc.constantFrom("max", "mean", "last", undefined),
    regularization: fc.constantFrom(undefined, { l2: 0.01 }, { l1: 0.01, activity: 0.1 }, { activity: 0.2 }),
    optimizer: fc.constantFrom(
      { type: "sgd", learning_rate: 0.05 },
      { type: "momentum", learning_rate: 0.02, clip: { global_norm: 1 } },
      { type: "sgd", learning_rate: 0.05, average: { decay: 0.8 } },
    ),
  })
  .map(
    ({
      objective: { loss, outputs, targets, last },
      masked,
      weighted,
      cell,
      dropout,
      norm,
      pool,
      optimizer,
      ...rest
    }) => {
      const isCtc = loss.type === "ctc";
      const weights = last ? examples.map((row) => 0.5 + (row % 3)) : grid((row, step) => 0.5 + ((row + step) % 3));
      // Rows of equal outputs, which relu makes of zeros, have an ill-conditioned layer normalization.
      const reader = { layer: "rnn", ...cell, layer_norm: cell.layer_norm && cell.cell !== "indrnn" };
      const isSum =
        ("reduction" in loss && loss.reduction === "sum") ||
        ("average_across_batch" in loss && !(loss.average_across_batch && loss.average_across_timesteps));
      return {
        seed: 3,
        data: {
          type: "arrays",
          inputs,
          targets,
          ...(masked && { lengths: isCtc ? longLengths : lengths }),
          ...(weighted && !isCtc && { weights }),
        },
        model: [
          { layer: "dropout", rate: dropout },
          last && pool === undefined ? { ...reader, return: "last" } : reader,
          ...(norm === undefined ? [] : [norm]),
          ...(last && pool !== undefined ? [{ layer: "pool", mode: pool }] : []),
          { layer: "dense", size: outputs },
        ],
        loss,
        ...rest,
        // Small steps: large ones of a sum of losses amplify rounding.
        optimizer: { ...optimizer, learning_rate: optimizer.learning_rate / (isSum ? 10 : 1) },
      };
    },
  );

/** JSON leaves out what is undefined. */
const toJson = (value: unknown): Readonly<Record<string, unknown>> => JSON.parse(JSON.stringify(value));

function expectClose(actual: readonly number[], expected: readonly number[], title: string) {
  expect(actual.length, title).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  const differences = expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)));
  expect(Math.max(...differences) / scale, title).toBeLessThan(1e-5);
}

const folder = sharedFolder();
let runCount = 0;

/** Trains in this thread, perhaps in two runs. @returns null for a refusal. */
async function trained(spec: object, settings: object, interruptAt?: number) {
  const out = join(folder, `run${runCount++}`);
  const read = await normal({ ...spec, train: { steps: STEPS, batch_size: BATCH, shuffle: false, ...settings } });
  const request: TrainRequest = {
    spec: read.spec,
    folder: ".",
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  };
  const first = await run(request, (events) => interruptAt !== undefined && losses(events).length >= interruptAt);
  const last = interruptAt === undefined ? first : await run({ ...request, resume: true });
  if (!last.outcome.ok && last.outcome.error.kind === "input") {
    expect(REFUSALS).toContain(last.outcome.error.problems[0]?.code);
    return null;
  }
  if (!last.outcome.ok) throw new Error(JSON.stringify(last.outcome.error));
  const events = interruptAt === undefined ? first.events : [...first.events, ...last.events];
  const weights = [...weightsOf(out)].flatMap(([, { data }]) => [...data]);
  return { losses: losses(events), weights };
}

/** The metrics of a model over all examples, in batches of a size, on some ranks. */
async function evaluations(spec: object) {
  const { artifact, source } = await build({ ...spec, train: { batch_size: BATCH } });
  const opened = await openSession(artifact.eval, "cpu", 1);
  if (!opened.ok) throw new Error(opened.error.message);
  const { session } = opened.value;
  const parameters = drawParameters(artifact.manifest.parameters);
  const all = Uint32Array.from(examples);
  const evaluate = async (size: number, sharding?: EvaluationSharding) => {
    const evaluator = await createEvaluator(session, artifact.manifest, source, sharding);
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

test(
  "weights and evaluations are equal, however a run is cut",
  async () => {
    const divided = { runs: 0, refusals: 0 };
    for (const [index, drawn] of fc.sample(randomSpec, { numRuns: RUNS, seed: SEED }).entries()) {
      const spec = toJson(drawn);
      const { data: _, ...shown } = spec;
      const title = (change: string) => `spec ${index}, ${change}: ${JSON.stringify(shown)}`;
      const expected = await trained(spec, { steps_per_call: 1 });
      if (expected === null) throw new Error(title("refused"));
      const changes = {
        "4 steps per call": await trained(spec, { steps_per_call: 4 }),
        "memory low": await trained(spec, { memory: "low", steps_per_call: 2 }),
        resumed: await trained(spec, { steps_per_call: 1 }, 2),
        "accumulate 2": await trained(spec, { accumulate: 2 }),
        "accumulate 3": await trained(spec, { accumulate: 3 }),
      };
      for (const [change, result] of Object.entries(changes)) {
        divided[result === null ? "refusals" : "runs"]++;
        if (result === null) continue;
        expectClose(result.losses, expected.losses, title(`losses with ${change}`));
        expectClose(result.weights, expected.weights, title(`weights with ${change}`));
      }
      if (changes["accumulate 2"] !== null) {
        const settings = { ...spec, train: { batch_size: BATCH } };
        const one = await train(await build(settings), [STEPS]);
        const ranks = await trainShared(await build(settings, { dataParallel: true }), STEPS, BATCH, [0, 2, BATCH], 1);
        expectClose(ranks.losses, one.losses, title("losses of 2 ranks"));
        for (const [name, entries] of Object.entries(one.parameters))
          expectClose(ranks.parameters[name] ?? [], entries, title(`${name} of 2 ranks`));
      }
      const { whole, ...cuts } = await evaluations(spec);
      for (const [cut, metrics] of Object.entries(cuts))
        expectClose(Object.values(metrics), Object.values(whole), title(`evaluation, ${cut}`));
    }
    expect(divided.runs).toBeGreaterThan(3 * RUNS);
  },
  60_000 + RUNS * 60_000,
);
