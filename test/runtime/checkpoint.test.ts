import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  findCheckpoint,
  removeCheckpoints,
  removeUnfinished,
  writeCheckpoint,
} from "../../runtime/checkpoint.js";
import { type Disk, disk } from "../../runtime/disk.js";
import { blank } from "../../runtime/watch.js";
import { temporaryFolder } from "./folder.js";

function checkpointAt(step: number): Checkpoint {
  return {
    state: { format: 1, step, loss: 1 / step, seed: 3, spec: "aa", data: "bb", memory: blank },
    parameters: new Map([["W", { shape: [2], data: Float32Array.of(step, -1) }]]),
    slots: new Map([["W/m", { shape: [2], data: Float32Array.of(0, step) }]]),
    states: new Map([["rnn/0/h", { shape: [1, 2], data: Float32Array.of(step, 0) }]]),
  };
}

/** A disk whose process dies at one of its operations; a write may die half way. */
function dyingDisk(operations: number): Disk {
  let left = operations;
  const unless = (work: () => void) => {
    if (left-- <= 0) throw new Error("killed");
    work();
  };
  return {
    makeFolder: (path) => unless(() => disk.makeFolder(path)),
    write(path, bytes) {
      if (left === 0) disk.write(path, bytes.subarray(0, bytes.length / 2));
      unless(() => disk.write(path, bytes));
    },
    rename: (from, to) => unless(() => disk.rename(from, to)),
    syncFolder: (path) => unless(() => disk.syncFolder(path)),
    remove: (path) => unless(() => disk.remove(path)),
  };
}

describe("writing", () => {
  test("what is written is found, whole", () => {
    const folder = join(temporaryFolder(), "checkpoints");
    expect(writeCheckpoint(disk, folder, checkpointAt(20))).toBe(join(folder, "step-00000020"));
    expect(findCheckpoint(folder)).toEqual({ newest: checkpointAt(20), damaged: [] });
    expect(readdirSync(join(folder, "step-00000020")).sort()).toEqual([
      "files.json",
      "optimizer.safetensors",
      "state.json",
      "states.safetensors",
      "weights.safetensors",
    ]);
  });

  test("the last two stay", () => {
    const folder = temporaryFolder();
    for (const step of [5, 10, 15, 100_000_000]) writeCheckpoint(disk, folder, checkpointAt(step));
    expect(readdirSync(folder).sort()).toEqual(["step-00000015", "step-100000000"]);
    expect(findCheckpoint(folder).newest?.state.step).toBe(100_000_000);
  });

  test("killed at any moment, the newest whole one is found, and the next write goes through", () => {
    let died = 0;
    for (let operations = 0; ; operations++) {
      const folder = temporaryFolder();
      for (const step of [10, 20]) writeCheckpoint(disk, folder, checkpointAt(step));
      let finished = true;
      try {
        writeCheckpoint(dyingDisk(operations), folder, checkpointAt(30));
      } catch {
        finished = false;
        died++;
      }
      const { newest, damaged } = findCheckpoint(folder);
      expect(damaged).toEqual([]);
      expect([20, 30]).toContain(newest?.state.step);
      if (finished) expect(newest?.state.step).toBe(30);

      removeUnfinished(disk, folder);
      expect(readdirSync(folder).filter((name) => !/^step-\d+$/.test(name))).toEqual([]);
      writeCheckpoint(disk, folder, checkpointAt(40));
      expect(findCheckpoint(folder).newest).toEqual(checkpointAt(40));
      expect(readdirSync(folder)).toHaveLength(2);
      if (finished) break;
    }
    // Folder, leftovers, folder, four files, sync, old one, rename, sync, the oldest one.
    expect(died).toBe(13);
  });
});

describe("damage", () => {
  test("a change of any byte of any file is noticed, and the one before is taken", () => {
    const folder = temporaryFolder();
    for (const step of [10, 20]) writeCheckpoint(disk, folder, checkpointAt(step));
    const newest = join(folder, "step-00000020");
    for (const name of readdirSync(newest)) {
      const path = join(newest, name);
      const whole = readFileSync(path);
      for (let at = 0; at < whole.length; at++) {
        const changed = Uint8Array.from(whole);
        changed[at] = (changed[at] ?? 0) ^ 1;
        writeFileSync(path, changed);
        const found = findCheckpoint(folder);
        expect(found.newest?.state.step).toBe(10);
        expect(found.damaged).toEqual([{ path: newest, reason: "its files are not those that were written" }]);
      }
      writeFileSync(path, whole);
    }
    expect(findCheckpoint(folder).newest?.state.step).toBe(20);
  });

  test("a missing file is named", () => {
    const folder = temporaryFolder();
    const path = writeCheckpoint(disk, folder, checkpointAt(20));
    disk.remove(join(path, "state.json"));
    expect(findCheckpoint(folder)).toEqual({ newest: undefined, damaged: [{ path, reason: "state.json is missing" }] });
  });

  test("a damaged checkpoint is replaced when its step is reached again, and does not push good ones out", () => {
    const folder = temporaryFolder();
    for (const step of [10, 20]) writeCheckpoint(disk, folder, checkpointAt(step));
    disk.remove(join(folder, "step-00000020", "state.json"));
    writeCheckpoint(disk, folder, checkpointAt(15));
    expect(readdirSync(folder).sort()).toEqual(["step-00000010", "step-00000015", "step-00000020"]);
    writeCheckpoint(disk, folder, checkpointAt(20));
    expect(findCheckpoint(folder)).toEqual({ newest: checkpointAt(20), damaged: [] });
  });

  test("there may be nothing at all", () => {
    expect(findCheckpoint(join(temporaryFolder(), "none"))).toEqual({ newest: undefined, damaged: [] });
  });
});

test("only checkpoints are removed from the folder", () => {
  const folder = temporaryFolder();
  for (const step of [10, 20]) writeCheckpoint(disk, folder, checkpointAt(step));
  for (const name of ["step-1", "notes.partial", "mine"]) mkdirSync(join(folder, name));
  mkdirSync(join(folder, "step-00000030.partial"));
  removeCheckpoints(disk, folder);
  expect(readdirSync(folder).sort()).toEqual(["mine", "notes.partial", "step-1"]);
});
