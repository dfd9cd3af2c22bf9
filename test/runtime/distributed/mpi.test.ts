/** Distributed training with MPI launchers: results of a single process, a single reporter, and killed processes. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findLatestCheckpoint } from "../../../runtime/run/checkpoint.js";
import { type ProcessResult, rnnx } from "../../support/spawn.js";
import { type Launcher, launchers, mpirun } from "./launchers.js";
import {
  args,
  dropoutSpec,
  eventsOfKind,
  expectClose,
  lossesOf,
  metricsOf,
  out,
  specs,
  waitUntil,
  write,
} from "./sharing.js";

/** The processes of a launch, by the run directory on their command line. */
const {
  ranksOf,
}: { readonly ranksOf: (directory: string) => readonly { readonly pid: number; readonly rank: number }[] } =
  await import("../../support/training-processes.mjs" as string);

const [first] = launchers;
if (first === undefined) console.warn("No MPI launcher (mpirun.openmpi, mpirun.mpich): its tests are skipped.");

// Several processes on few cores start slowly.
describe.skipIf(first === undefined)("several processes", { timeout: 240_000 }, () => {
  const launcher = first as Launcher;
  let singleProcess: ProcessResult;
  beforeAll(async () => {
    singleProcess = await rnnx(...args(specs.dropout, "alone"));
    expect(singleProcess.code, singleProcess.stderr).toBe(0);
  });

  test.each(launchers)("train like a single process, under $name", async (started) => {
    const shared = await mpirun(started, 3, args(specs.dropout, `three ${started.name}`)).ended;
    expect(shared.code, shared.stderr).toBe(0);
    expectClose(lossesOf(shared), lossesOf(singleProcess));
    // Only rank 0 reports, and distributed evaluations are equal.
    expect(eventsOfKind(shared, "start")).toMatchObject([{ ranks: 3 }]);
    expect(eventsOfKind(shared, "evaluation")).toHaveLength(2);
    expectClose(metricsOf(shared), metricsOf(singleProcess));
    expect(eventsOfKind(shared, "done")[0]?.predictions).toEqual(eventsOfKind(singleProcess, "done")[0]?.predictions);
    expect(eventsOfKind(shared, "throughput").at(-1)).toMatchObject({ ranks: 3, communication: expect.any(Number) });
  });

  test("states continue from checkpoints, with any number of processes", async () => {
    const uninterrupted = await rnnx(...args(specs.stateful, "whole"));
    const stopped = await mpirun(launcher, 2, args(specs.stateful, "carried", "--steps", "4")).ended;
    expect(stopped.code, stopped.stderr).toBe(0);
    const resumed = await rnnx(...args(specs.stateful, "carried", "--steps", "6", "--resume"));
    expect(resumed.code, resumed.stderr).toBe(0);
    // With three processes, one has no rows of a batch of two.
    const resumedAgain = await mpirun(launcher, 3, args(specs.stateful, "carried", "--resume")).ended;
    expect(resumedAgain.code, resumedAgain.stderr).toBe(0);
    expectClose([stopped, resumed, resumedAgain].flatMap(lossesOf), lossesOf(uninterrupted));
  });

  test("averaging every step of plain gradient descent equals synchronous training; averaging less often does not", async () => {
    const spec = write("averaging", {
      ...dropoutSpec,
      model: [dropoutSpec.model[0], { ...dropoutSpec.model[1], dropout: {} }, dropoutSpec.model[2]],
      optimizer: { type: "sgd", learning_rate: 0.5 },
      train: { steps: 8, batch_size: 4, evaluate_every: 100 },
    });
    const averageEvery = (interval: number) => ["--set", `train.distributed={"average_every":${interval}}`];
    const expected = await rnnx(...args(spec, "one"));
    const everyStep = await mpirun(launcher, 2, args(spec, "each", ...averageEvery(1))).ended;
    const occasional = await mpirun(launcher, 2, args(spec, "seldom", ...averageEvery(4))).ended;
    expect(everyStep.code, everyStep.stderr).toBe(0);
    expectClose(lossesOf(everyStep), lossesOf(expected));
    expect(occasional.code, occasional.stderr).toBe(0);
    const differences = lossesOf(occasional).map((loss, index) => Math.abs(loss - (lossesOf(expected)[index] ?? 0)));
    expect(Math.max(...differences)).toBeGreaterThan(1e-5);
  });

  test.each(launchers)(
    "end when one of them is killed, and go on from the checkpoint, under $name",
    async (started) => {
      const run = `killed ${started.name}`;
      const running = mpirun(started, 2, args(specs.dropout, run, "--steps", "1000000"));
      await waitUntil(() => running.output().includes('"checkpoint"'));
      const victim = ranksOf(out(run)).find(({ rank }) => rank === 1);
      process.kill(victim?.pid ?? Number.NaN, "SIGKILL");
      const { code } = await running.ended;
      expect(code).not.toBe(0);
      expect(ranksOf(out(run))).toEqual([]);
      // More may be saved than was reported: the launcher ends when it loses a process.
      const lastCheckpoint = findLatestCheckpoint(join(out(run), "checkpoints")).latest?.state.step ?? Number.NaN;
      const checkpointSteps = [...running.output().matchAll(/"checkpoint","step":(\d+)/g)].map(([, step]) =>
        Number(step),
      );
      expect(lastCheckpoint).toBeGreaterThanOrEqual(Math.max(...checkpointSteps));
      const resumed = await rnnx(...args(specs.dropout, run, "--steps", `${lastCheckpoint + 3}`, "--resume"));
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(eventsOfKind(resumed, "step").map(({ step }) => step)).toEqual([
        lastCheckpoint + 1,
        lastCheckpoint + 2,
        lastCheckpoint + 3,
      ]);
    },
  );

  test("report a problem of the spec or its data once", async () => {
    for (const started of launchers) {
      const invalid = await mpirun(started, 2, args(specs.dropout, "wrong", "--set", "train.batch_sise=3")).ended;
      expect(invalid.code).toBe(2);
      expect(eventsOfKind(invalid, "error")).toHaveLength(1);
    }
    const missingData = ["--set", 'data={"type":"text","file":"lost.txt","window":3}'];
    const missing = await mpirun(launcher, 2, args(specs.dropout, "missing", ...missingData)).ended;
    expect(missing.code).toBe(2);
    expect(eventsOfKind(missing, "error")).toHaveLength(1);
  });

  test.skipIf(launchers.length < 2)("refuse a library of another launcher", async () => {
    const [firstLauncher, second] = launchers as readonly [Launcher, Launcher];
    const library = firstLauncher.name === "Open MPI" ? "libmpi.so.40" : "libmpich.so.12";
    const rejected = await mpirun(second, 2, args(specs.dropout, "other"), { RNNX_MPI_LIBRARY: library }).ended;
    expect(rejected.code).not.toBe(0);
    expect(eventsOfKind(rejected, "error")[0]?.message).toBe(
      `${second.name} started 2 processes, but the MPI library reports 1: launcher and library do not match.`,
    );
  });
});
