/** Distributed training on threads of one process: collective operations, equal results, and aborted ranks. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { threadLaunches } from "../../../runtime/distributed/launcher.js";
import { launch, rnnx, root } from "../../support/spawn.js";
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

/** The result of an expression of `communicator` on each thread. */
async function runOnRanks(size: number, expression: string): Promise<readonly unknown[]> {
  const threads = new URL("../../../dist/runtime/distributed/shared-memory.js", import.meta.url);
  const code = `
    const { parentPort, workerData: { sharedMemory, rank, size } } = require("node:worker_threads");
    import(${JSON.stringify(threads.href)}).then(({ createThreadCommunicator }) => {
      const communicator = createThreadCommunicator(sharedMemory, rank, size);
      parentPort.postMessage((${expression})(communicator));
    });`;
  return Promise.all(
    threadLaunches(size).map(
      (workerData) =>
        new Promise((resolve, reject) => {
          new Worker(code, { eval: true, workerData }).on("message", resolve).on("error", reject);
        }),
    ),
  );
}

test("allReduce sums arrays of any length in the order of ranks; broadcast copies the bytes of rank 0", async () => {
  // Longer than a slot of the shared memory, and not a multiple of it.
  const sums = `(communicator) => {
    const values = Float32Array.from({ length: 600_001 }, (_, index) => (index % 1000) + communicator.rank * 0.25);
    communicator.allReduce(values);
    const few = Float64Array.of(communicator.rank, 0.1);
    communicator.allReduce(few);
    const bytes = new Uint8Array(3_000_000).fill(communicator.rank + 7);
    communicator.broadcast(bytes);
    const wrong = values.findIndex((value, index) => value !== 3 * (index % 1000) + 0.75);
    return [wrong, ...few, bytes.every((byte) => byte === 7), communicator.allReduceTime() >= 0];
  }`;
  expect(await runOnRanks(3, sums)).toEqual(Array(3).fill([-1, 3, 0.1 + 0.1 + 0.1, true, true]));
});

test("a rank that waits for an aborted one throws", async () => {
  const abandon =
    "(communicator) => { if (communicator.rank === 1) return communicator.abort(1); communicator.allReduce(new Float32Array(1)); }";
  await expect(runOnRanks(2, abandon)).rejects.toThrow("Another rank of this training has ended.");
});

describe("threads", { timeout: 120_000 }, () => {
  test("train like a single thread, with dropout and evaluation, and report once", async () => {
    const [singleProcess, shared] = [
      await rnnx(...args(specs.dropout, "one thread")),
      await rnnx(...args(specs.dropout, "three threads", "--ranks", "3")),
    ];
    expect(shared.code, shared.stderr).toBe(0);
    expectClose(lossesOf(shared), lossesOf(singleProcess));
    expect(eventsOfKind(shared, "start")).toMatchObject([{ ranks: 3 }]);
    expectClose(metricsOf(shared), metricsOf(singleProcess));
    expect(eventsOfKind(shared, "throughput").at(-1)).toMatchObject({ ranks: 3 });
  });

  test("resume from checkpoints of any number of ranks, bit-exact with the same number", async () => {
    const uninterrupted = await rnnx(...args(specs.stateful, "all", "--ranks", "2"));
    const begun = await rnnx(...args(specs.stateful, "parts", "--ranks", "2", "--steps", "4"));
    const resumed = await rnnx(...args(specs.stateful, "parts", "--ranks", "2", "--steps", "6", "--resume"));
    expect([begun, resumed].flatMap(lossesOf)).toEqual(lossesOf(uninterrupted).slice(0, 6));
    const resumedAgain = await rnnx(...args(specs.stateful, "parts", "--resume"));
    expect(resumedAgain.code, resumedAgain.stderr).toBe(0);
    expectClose(lossesOf(resumedAgain), lossesOf(uninterrupted).slice(6));
  });

  test.skipIf(!existsSync("/usr/bin/taskset"))("make the same weights on one core as on all", async () => {
    // Wide enough for multithreaded sessions, whose rounding would depend on the number of cores.
    const [oneHot, rnn, projection] = dropoutSpec.model;
    const spec = write("wide", {
      ...dropoutSpec,
      model: [oneHot, { ...rnn, cell: "lstm", hidden_size: 192 }, projection],
      train: { steps: 4, batch_size: 12 },
    });
    const fourRanks = await rnnx(...args(spec, "all cores", "--ranks", "4"));
    expect(fourRanks.code, fourRanks.stderr).toBe(0);
    const program = join(root, "bin/rnnx.js");
    execFileSync("taskset", ["-c", "0", process.execPath, program, ...args(spec, "one core", "--ranks", "4")], {
      stdio: "ignore",
    });
    const [allCores, oneCore] = ["all cores", "one core"].map((run) =>
      readFileSync(join(out(run), "weights.safetensors")),
    );
    expect(oneCore?.equals(allCores as Buffer)).toBe(true);
  });

  test("save and end on a signal", async () => {
    const running = launch(args(specs.dropout, "stopped", "--ranks", "2", "--steps", "1000000"));
    let stdout = "";
    running.process.stdout.on("data", (text: string) => {
      stdout += text;
    });
    await waitUntil(() => stdout.includes('"step"'));
    running.process.kill("SIGINT");
    const result = await running.result;
    expect(result.code).toBe(130);
    const { step } = eventsOfKind(result, "done")[0] as { step: number };
    const resumed = await rnnx(...args(specs.dropout, "stopped", "--steps", `${step + 2}`, "--resume"));
    expect(eventsOfKind(resumed, "step")[0]?.step).toBe(step + 1);
  });

  test("report a problem once", async () => {
    const missingData = ["--set", 'data={"type":"text","file":"lost.txt","window":3}'];
    const missing = await rnnx(...args(specs.dropout, "lost", "--ranks", "2", ...missingData));
    expect(missing.code).toBe(2);
    expect(eventsOfKind(missing, "error")).toHaveLength(1);
    const onGpu = await rnnx(...args(specs.dropout, "gpu", "--ranks", "2", "--device", "webgpu"));
    expect(onGpu.code).toBe(1);
    expect(eventsOfKind(onGpu, "error")[0]?.message).toContain(
      "--device webgpu does not support distributed training.",
    );
  });
});
