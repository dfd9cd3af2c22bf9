/** The benchmark: it times a step, finds only installed frameworks, and compares small numbers fairly. Speed is not asserted. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const run = (script: string, ...flags: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`bench/${script}`, ...flags], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
const sizes = ["layers=2", "hidden=4", "batch=2", "time=3", "vocabulary=5", "steps=2"].map((size) => `--${size}`);

test.each([[[]], [["--cell", "gru"]], [["--cell", "own_lstm"]], [["--samples", "3"]], [["--disable-pass", "hoist"]]])(
  "a step with %j is timed, and its process described",
  (flags) => {
    const line = JSON.parse(run("train-step.mjs", ...sizes, "--calls", "1", "--threads", "1", ...flags));
    expect(line).toMatchObject({ layers: 2, hidden: 4, vocabulary: 5 });
    for (const key of ["median_ms", "compile_ms", "session_ms", "nodes", "peak_mib"])
      expect(line[key]).toBeGreaterThan(0);
    expect(line.nodes_per_loop_step.length).toBeGreaterThan(0);
  },
);

test("a step of a transformer is timed", () => {
  const line = JSON.parse(
    run("train-step.mjs", ...sizes, "--hidden", "8", "--calls", "1", "--threads", "1", "--model", "transformer"),
  );
  expect(line).toMatchObject({ model: "transformer", layers: 2, vocabulary: 5 });
  expect(line.median_ms).toBeGreaterThan(0);
});

test("frameworks that are not installed are left out, and each runs in its default environment", async () => {
  const { findFrameworks, frameworkSteps } = await import("../bench/frameworks.mjs" as string);
  expect(findFrameworks(["no-such-python"], "/no/such/folder")).toEqual([]);
  expect(readFileSync("bench/frameworks.mjs", "utf8")).not.toMatch(/^const env = .*OMP_/m);
  expect(frameworkSteps({ name: "tfjs" }, { layers: 3, hidden: 512, batch: 50, time: 50 }, 8)).toBe(0);
});
