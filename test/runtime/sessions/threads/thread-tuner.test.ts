/** The runner that settles its number of threads: sessions that add one to a parameter, and a clock of their own. */
import { Tensor } from "onnxruntime-common";
import { describe, expect, test } from "vitest";
import type { Ports } from "../../../../compiler/artifact.js";
import { type Runner, runInto } from "../../../../runtime/sessions/runner.js";
import {
  createThreadTuner,
  type ThreadChoice,
  type ThreadCount,
} from "../../../../runtime/sessions/threads/thread-tuner.js";
import { TRIAL_PAIRS } from "../../../../runtime/sessions/threads/trial-policy.js";

const scalar = { dtype: "float32", shape: [] } as const;
const ports: Ports = {
  inputs: [
    { name: "w", role: "parameter", ...scalar },
    { name: "step", role: "step", dtype: "int64", shape: [] },
    { name: "inputs", role: "data", dtype: "int32", shape: ["steps", "batch"] },
  ],
  outputs: [{ name: "next/w", role: "parameter", ...scalar }],
};
const STEPS_PER_CALL = 10;

/** Sessions of a machine: milliseconds of a call by the number of threads, and what one thread adds to every sum. */
function setUp(choice: ThreadChoice, callMs: { all: number; 1: number }, difference = 0, hasMemory = true) {
  let now = 0;
  let memory = hasMemory;
  const opened: ThreadCount[] = [];
  const released: ThreadCount[] = [];
  const computed: ThreadCount[] = [];
  const session = (threads: ThreadCount): Runner => ({
    async run(feeds) {
      now += callMs[threads as "all"];
      computed.push(threads);
      const sum = Number(feeds.w?.data[0]) + 1 + (threads === 1 ? difference : 0);
      return { "next/w": new Tensor("float32", Float32Array.of(sum), []) };
    },
    release: () => void released.push(threads),
  });
  const open = async (threads: ThreadCount) => {
    opened.push(threads);
    now += 100;
    return session(threads);
  };
  const tuner = createThreadTuner({
    ...{ ports, first: session("all"), counts: ["all", 1], choice, open, lastStep: 1e6 },
    hasMemory: () => memory,
    clock: () => now,
  });
  let weight = new Tensor("float32", Float32Array.of(0), []);
  let step = 0;
  const notices: string[] = [];
  const train = async (calls: number) => {
    for (let call = 0; call < calls; call++) {
      const inputs = new Tensor("int32", new Int32Array(STEPS_PER_CALL), [STEPS_PER_CALL, 1]);
      const feeds = { w: weight, step: new Tensor("int64", BigInt64Array.of(BigInt(step)), []), inputs };
      const outputs = await runInto(tuner, feeds, {});
      weight = outputs["next/w"] as typeof weight;
      step += STEPS_PER_CALL;
      notices.push(...tuner.takeNotices());
    }
    return { weight: weight.data[0], threads: tuner.threads() };
  };
  const { untriedNotices } = tuner;
  return { train, untriedNotices, opened, released, computed, notices, callMs, allowMemory: () => (memory = true) };
}

describe("the thread tuner", () => {
  test("uses the faster number where the results are the same, and says so once", async () => {
    const { train, opened, released, computed, notices } = setUp("equal", { all: 150, 1: 90 });
    expect(await train(8 + TRIAL_PAIRS)).toEqual({ weight: 8 + TRIAL_PAIRS, threads: 1 });
    expect(computed.filter((threads) => threads === 1)).toHaveLength(TRIAL_PAIRS);
    expect(await train(100)).toEqual({ weight: 108 + TRIAL_PAIRS, threads: 1 });
    expect(notices).toEqual([
      "A step takes 9 ms on 1 thread and 15 ms on all cores: the training continues on 1 thread. The results are the same.",
    ]);
    expect([opened, released]).toEqual([[1], ["all"]]);
  });

  test("keeps a number that is fast enough, and releases the other session", async () => {
    const { train, opened, released, notices } = setUp("equal", { all: 150, 1: 145 });
    expect(await train(100)).toEqual({ weight: 100, threads: "all" });
    expect([opened, released, notices]).toEqual([[1], [1], []]);
  });

  test("computes no step with other results, and names the flag that allows it", async () => {
    const { train, callMs, opened, notices } = setUp("equal", { all: 150, 1: 90 }, 1e-3);
    expect(await train(100)).toEqual({ weight: 100, threads: "all" });
    callMs.all = 900;
    expect(await train(1000)).toEqual({ weight: 1100, threads: "all" });
    expect(notices).toEqual([
      "Steps are 1.7 times as fast on 1 thread as on all cores at present, with other last digits. Use --threads auto to allow that.",
    ]);
    expect(opened).toEqual([1]);
  });

  test("auto allows other results", async () => {
    const { train, notices } = setUp("any", { all: 150, 1: 90 }, 0.5);
    const { weight, threads } = await train(8 + TRIAL_PAIRS + 2);
    expect(threads).toBe(1);
    expect(weight).toBe(8 + TRIAL_PAIRS + 2 * 1.5);
    expect(notices.join()).toContain("The last digits of the results differ.");
  });

  test("auto states once that the number stays, or that no other was tried", async () => {
    const { train, untriedNotices, notices } = setUp("any", { all: 150, 1: 145 });
    await train(2);
    expect(untriedNotices()).toEqual([
      "--threads auto tried no other number before the end: the training ran on all cores.",
    ]);
    await train(2000);
    expect(untriedNotices()).toEqual([]);
    expect(notices).toEqual([
      "A step takes 14.5 ms on 1 thread and 15 ms on all cores: the training stays on all cores.",
    ]);
    expect(setUp("equal", { all: 150, 1: 145 }).untriedNotices()).toEqual([]);
  });

  test("returns to all cores when they are free again", async () => {
    const { train, callMs, notices } = setUp("equal", { all: 150, 1: 90 });
    await train(100);
    callMs.all = 50;
    expect(await train(2000)).toEqual({ weight: 2100, threads: "all" });
    expect(notices).toHaveLength(2);
  });

  test("opens no second session without memory for it", async () => {
    const { train, opened, allowMemory } = setUp("equal", { all: 150, 1: 90 }, 0, false);
    await train(100);
    expect(opened).toEqual([]);
    allowMemory();
    expect(await train(10)).toEqual({ weight: 110, threads: 1 });
  });
});
