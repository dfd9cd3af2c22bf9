import * as system from "node:fs";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  findLatestCheckpoint,
  removeCheckpoints,
  removePartialCheckpoints,
  writeCheckpoint,
} from "../../../runtime/run/checkpoint.js";
import { initialProgress } from "../../../runtime/run/training-snapshot.js";
import { createDurableFs, durableFs, type SystemCalls } from "../../../runtime/storage/durable-fs.js";
import { failingFiles, failureModes } from "../../support/faults.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

function checkpointAt(step: number): Checkpoint {
  return {
    state: { format: 1, step, loss: 1 / step, seed: 3, spec: "aa", data: "bb", progress: initialProgress },
    parameters: new Map([["W", { shape: [2], data: Float32Array.of(step, -1) }]]),
    slots: new Map([["W/m", { shape: [2], data: Float32Array.of(0, step) }]]),
    states: new Map([["rnn/0/h", { shape: [1, 2], data: Float32Array.of(step, 0) }]]),
  };
}

const keeping = { keep_last: 2, keep_every: 0 };
const saveCheckpoint = (folder: string, step: number, retention = keeping, on = durableFs) =>
  writeCheckpoint(on, folder, checkpointAt(step), retention);

describe("writing", () => {
  test("a written checkpoint is read back", () => {
    const folder = join(temporaryFolder(), "checkpoints");
    expect(saveCheckpoint(folder, 20)).toEqual({ ok: true, value: join(folder, "step-00000020") });
    expect(findLatestCheckpoint(folder)).toEqual({ latest: checkpointAt(20), damaged: [] });
    expect(readdirSync(join(folder, "step-00000020")).sort()).toEqual([
      "files.json",
      "optimizer.safetensors",
      "state.json",
      "states.safetensors",
      "weights.safetensors",
    ]);
  });

  test("a model without stateful layers has no states file", () => {
    const folder = temporaryFolder();
    writeCheckpoint(durableFs, folder, { ...checkpointAt(20), states: new Map() }, keeping);
    expect(readdirSync(join(folder, "step-00000020"))).not.toContain("states.safetensors");
    expect(findLatestCheckpoint(folder).latest?.states).toEqual(new Map());
  });

  test("the best one is kept, as long as one of the last refers to it", () => {
    const folder = temporaryFolder();
    const metrics = { train: {}, validation: { loss: 1 }, test: {} };
    for (const step of [5, 10, 15, 20, 25]) {
      const progress = {
        ...initialProgress,
        best: { step: step < 25 ? 5 : 25, metrics, metric: "loss", mode: "min" as const, value: 1 },
      };
      const { state, ...tensors } = checkpointAt(step);
      writeCheckpoint(durableFs, folder, { state: { ...state, progress }, ...tensors }, keeping);
      const stepsKept = readdirSync(folder).map((name) => Number(name.slice(5)));
      expect(stepsKept).toEqual([...new Set([5, step - 5, step])].filter((value) => value > 0));
    }
  });

  test("a state of another format is not read", () => {
    const folder = temporaryFolder();
    const { state, ...tensors } = checkpointAt(20);
    writeCheckpoint(durableFs, folder, { state: { ...state, format: 2 as 1 }, ...tensors }, keeping);
    const { latest: newest, damaged } = findLatestCheckpoint(folder);
    expect([newest, damaged.length]).toEqual([undefined, 1]);
  });

  test("the last two are kept", () => {
    const folder = temporaryFolder();
    for (const step of [5, 10, 15, 100_000_000]) saveCheckpoint(folder, step);
    expect(readdirSync(folder).sort()).toEqual(["step-00000015", "step-100000000"]);
    expect(findLatestCheckpoint(folder).latest?.state.step).toBe(100_000_000);
  });

  test("the last keep_last are kept, and those of keep_every", () => {
    const folder = temporaryFolder();
    for (let step = 5; step <= 50; step += 5) saveCheckpoint(folder, step, { keep_last: 3, keep_every: 20 });
    expect(readdirSync(folder).map((name) => Number(name.slice(5)))).toEqual([20, 40, 45, 50]);
  });

  test.each(failureModes)(
    "%s at any call of the system: a whole one is found, and the next write goes through",
    (failure) => {
      const { files, calls } = failingFiles(failure, Number.POSITIVE_INFINITY);
      const complete = temporaryFolder();
      for (const step of [10, 20]) saveCheckpoint(complete, step);
      saveCheckpoint(complete, 30, keeping, createDurableFs(files));
      // A checkpoint is written by these calls only.
      expect(calls()).toBeGreaterThan(25);
      for (let call = 0; call < calls(); call++) {
        const folder = temporaryFolder();
        for (const step of [10, 20]) saveCheckpoint(folder, step);
        const writing = () => saveCheckpoint(folder, 30, keeping, createDurableFs(failingFiles(failure, call).files));
        if (failure === "killed") expect(writing).toThrow("killed");
        else {
          const saved = writing();
          expect(saved.ok ? "" : saved.error).toBe(failure === "EIO" ? "i/o error" : "no space left on device");
        }
        const { latest: newest, damaged } = findLatestCheckpoint(folder);
        expect(damaged).toEqual([]);
        expect([checkpointAt(20), checkpointAt(30)]).toContainEqual(newest);

        removePartialCheckpoints(durableFs, folder);
        expect(readdirSync(folder).filter((name) => !/^step-\d+$/.test(name))).toEqual([]);
        saveCheckpoint(folder, 40);
        expect(findLatestCheckpoint(folder)).toEqual({ latest: checkpointAt(40), damaged: [] });
        expect(readdirSync(folder)).toHaveLength(2);
      }
    },
  );

  test("a failed write leaves no partial folder", () => {
    const folder = temporaryFolder();
    saveCheckpoint(folder, 10, keeping, createDurableFs(failingFiles("ENOSPC", 12).files));
    expect(readdirSync(folder)).toEqual([]);
  });

  test("without enough free space no write is started", () => {
    const folder = temporaryFolder();
    const full = { ...durableFs, freeBytes: () => 1000 };
    expect(saveCheckpoint(folder, 10, keeping, full)).toEqual({
      ok: false,
      error: expect.stringMatching(/^it needs 4\d\.\d KiB, but .* has 1,000 B free$/),
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(durableFs.freeBytes(folder)).toBeGreaterThan(0);
  });
});

describe("damage", () => {
  test("a change of any byte of any file, and any cut, is found, and the checkpoint before is used", () => {
    const folder = temporaryFolder();
    for (const step of [10, 20]) saveCheckpoint(folder, step);
    const newest = join(folder, "step-00000020");
    for (const name of readdirSync(newest)) {
      const path = join(newest, name);
      const complete = readFileSync(path);
      for (let call = 0; call < complete.length; call++) {
        const changed = Uint8Array.from(complete);
        changed[call] = (changed[call] ?? 0) ^ (1 << (call % 8));
        for (const damage of [changed, complete.subarray(0, call)]) {
          writeFileSync(path, damage);
          const latest = findLatestCheckpoint(folder);
          expect(latest.latest?.state.step).toBe(10);
          expect(latest.damaged).toEqual([{ path: newest, reason: expect.stringContaining("files.json") }]);
        }
      }
      writeFileSync(path, complete);
    }
    expect(findLatestCheckpoint(folder).latest?.state.step).toBe(20);
  });

  test("the damaged file is named", () => {
    const folder = temporaryFolder();
    saveCheckpoint(folder, 20);
    writeFileSync(join(folder, "step-00000020", "optimizer.safetensors"), "");
    expect(findLatestCheckpoint(folder).damaged).toMatchObject([
      { reason: "optimizer.safetensors does not match files.json" },
    ]);
  });

  test("a missing file is named", () => {
    const folder = temporaryFolder();
    saveCheckpoint(folder, 20);
    const path = join(folder, "step-00000020");
    durableFs.remove(join(path, "state.json"));
    expect(findLatestCheckpoint(folder)).toEqual({
      newest: undefined,
      damaged: [{ path, reason: "state.json is missing" }],
    });
  });

  test("a damaged checkpoint is replaced when its step is reached again, and does not displace intact ones", () => {
    const folder = temporaryFolder();
    for (const step of [10, 20]) saveCheckpoint(folder, step);
    durableFs.remove(join(folder, "step-00000020", "state.json"));
    saveCheckpoint(folder, 15);
    expect(readdirSync(folder).sort()).toEqual(["step-00000010", "step-00000015", "step-00000020"]);
    saveCheckpoint(folder, 20);
    expect(findLatestCheckpoint(folder)).toEqual({ latest: checkpointAt(20), damaged: [] });
  });

  test("a missing folder has no checkpoints", () => {
    expect(findLatestCheckpoint(join(temporaryFolder(), "none"))).toEqual({ latest: undefined, damaged: [] });
  });
});

test("a new folder is synced in its parent, for any length of its name", () => {
  const synced: string[] = [];
  const openSync = (path: string) => {
    synced.push(path);
    if (synced.length > 9) throw new Error("it goes on and on");
    return system.openSync(".", "r");
  };
  const on = (first: string) =>
    createDurableFs({ ...system, mkdirSync: () => first, openSync } as unknown as SystemCalls);
  on("r").makeFolder("r");
  expect(synced.splice(0)).toEqual([process.cwd()]);
  on("runs").makeFolder("runs/a");
  expect(synced).toEqual([join(process.cwd(), "runs"), process.cwd()]);
});

test("only checkpoints are removed from the folder", () => {
  const folder = temporaryFolder();
  for (const step of [10, 20]) saveCheckpoint(folder, step);
  for (const name of ["step-1", "notes.partial", "mine"]) mkdirSync(join(folder, name));
  mkdirSync(join(folder, "step-00000030.partial"));
  removeCheckpoints(durableFs, folder);
  expect(readdirSync(folder).sort()).toEqual(["mine", "notes.partial", "step-1"]);
});
