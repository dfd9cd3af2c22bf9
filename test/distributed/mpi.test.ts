/** Trainings that MPI launchers start: the numbers of one process, one voice, and what happens when a process dies. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findCheckpoint } from "../../runtime/checkpoint.js";
import { type Ending, rnnx } from "../cli/spawn.js";
import { type Launcher, launchers, mpirun } from "./launchers.js";
import { args, dropping, expectClose, lossesOf, metricsOf, of, out, specs, until, write } from "./sharing.js";

/** The processes of a launch, by the run directory on their command line. */
const {
  ranksOf,
}: { readonly ranksOf: (directory: string) => readonly { readonly pid: number; readonly rank: number }[] } =
  await import("../soak/training.mjs" as string);

const [first] = launchers;
if (first === undefined) console.warn("No MPI launcher (mpirun.openmpi, mpirun.mpich): its tests are skipped.");

// Several processes on few cores start slowly.
describe.skipIf(first === undefined)("several processes", { timeout: 240_000 }, () => {
  const launcher = first as Launcher;
  let alone: Ending;
  beforeAll(async () => {
    alone = await rnnx(...args(specs.dropping, "alone"));
    expect(alone.code, alone.stderr).toBe(0);
  });

  test.each(launchers)("train as one does, under $name", async (started) => {
    const shared = await mpirun(started, 3, args(specs.dropping, `three ${started.name}`)).ended;
    expect(shared.code, shared.stderr).toBe(0);
    expectClose(lossesOf(shared), lossesOf(alone));
    // One voice: each thing is said once; and evaluations, which are shared too, say the same.
    expect(of(shared, "start")).toMatchObject([{ ranks: 3 }]);
    expect(of(shared, "epoch")).toHaveLength(2);
    expectClose(metricsOf(shared), metricsOf(alone));
    expect(of(shared, "done")[0]?.predictions).toEqual(of(alone, "done")[0]?.predictions);
    expect(of(shared, "throughput").at(-1)).toMatchObject({ ranks: 3, communication: expect.any(Number) });
  });

  test("states go on over checkpoints, with any number of processes", async () => {
    const whole = await rnnx(...args(specs.carrying, "whole"));
    const stopped = await mpirun(launcher, 2, args(specs.carrying, "carried", "--steps", "4")).ended;
    expect(stopped.code, stopped.stderr).toBe(0);
    const resumed = await rnnx(...args(specs.carrying, "carried", "--steps", "6", "--resume"));
    expect(resumed.code, resumed.stderr).toBe(0);
    // Of three processes one has no row of the batches of two.
    const rest = await mpirun(launcher, 3, args(specs.carrying, "carried", "--resume")).ended;
    expect(rest.code, rest.stderr).toBe(0);
    expectClose([stopped, resumed, rest].flatMap(lossesOf), lossesOf(whole));
  });

  test("average after every step of plain gradient descent, which is the same; and more seldom, which is not", async () => {
    const spec = write("averaging", {
      ...dropping,
      model: [dropping.model[0], { ...dropping.model[1], dropout: {} }, dropping.model[2]],
      optimizer: { type: "sgd", learning_rate: 0.5 },
      train: { steps: 8, batch_size: 4, evaluate_every: 100 },
    });
    const by = (every: number) => ["--set", `train.distributed={"average_every":${every}}`];
    const wanted = await rnnx(...args(spec, "one"));
    const each = await mpirun(launcher, 2, args(spec, "each", ...by(1))).ended;
    const seldom = await mpirun(launcher, 2, args(spec, "seldom", ...by(4))).ended;
    expect(each.code, each.stderr).toBe(0);
    expectClose(lossesOf(each), lossesOf(wanted));
    expect(seldom.code, seldom.stderr).toBe(0);
    const far = lossesOf(seldom).map((loss, index) => Math.abs(loss - (lossesOf(wanted)[index] ?? 0)));
    expect(Math.max(...far)).toBeGreaterThan(1e-5);
  });

  test.each(launchers)(
    "end when one of them is killed, and go on from the checkpoint, under $name",
    async (started) => {
      const run = `killed ${started.name}`;
      const running = mpirun(started, 2, args(specs.dropping, run, "--steps", "1000000"));
      await until(() => running.said().includes('"checkpoint"'));
      const victim = ranksOf(out(run)).find(({ rank }) => rank === 1);
      process.kill(victim?.pid ?? Number.NaN, "SIGKILL");
      const { code } = await running.ended;
      expect(code).not.toBe(0);
      expect(ranksOf(out(run))).toEqual([]);
      // What was saved may be more than was said: the launcher ends with the voice of the process that it loses.
      const saved = findCheckpoint(join(out(run), "checkpoints")).newest?.state.step ?? Number.NaN;
      const said = [...running.said().matchAll(/"checkpoint","step":(\d+)/g)].map(([, step]) => Number(step));
      expect(saved).toBeGreaterThanOrEqual(Math.max(...said));
      const resumed = await rnnx(...args(specs.dropping, run, "--steps", `${saved + 3}`, "--resume"));
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(of(resumed, "step").map(({ step }) => step)).toEqual([saved + 1, saved + 2, saved + 3]);
    },
  );

  test("say once what is wrong with a spec or its data, and end", async () => {
    for (const started of launchers) {
      const wrong = await mpirun(started, 2, args(specs.dropping, "wrong", "--set", "train.batch_sise=3")).ended;
      expect(wrong.code).toBe(2);
      expect(of(wrong, "error")).toHaveLength(1);
    }
    const lost = ["--set", 'data={"type":"text","file":"lost.txt","window":3}'];
    const missing = await mpirun(launcher, 2, args(specs.dropping, "missing", ...lost)).ended;
    expect(missing.code).toBe(2);
    expect(of(missing, "error")).toHaveLength(1);
  });

  test.skipIf(launchers.length < 2)("refuse a library that is not the launcher's", async () => {
    const [one, other] = launchers as readonly [Launcher, Launcher];
    const library = one.name === "Open MPI" ? "libmpi.so.40" : "libmpich.so.12";
    const refused = await mpirun(other, 2, args(specs.dropping, "other"), { RNNX_MPI_LIBRARY: library }).ended;
    expect(refused.code).not.toBe(0);
    expect(of(refused, "error")[0]?.message).toBe(
      `${other.name} started 2 processes, but the MPI library found here counts 1: the launcher and the library do not match.`,
    );
  });
});
