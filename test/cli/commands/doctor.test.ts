import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkFolder, checkMemory, checkNode } from "../../../cli/commands/doctor/system.js";
import { records, rnnx } from "../../support/spawn.js";

interface CheckRecord {
  readonly name: string;
  readonly state: string;
  readonly hint: string;
}

test("a machine that runs these tests passes, and every problem has a fix", { timeout: 60_000 }, async () => {
  const { code, stdout } = await rnnx("doctor", "--json");
  const [result] = records(stdout);
  expect(code).toBe(0);
  expect(result).toMatchObject({ event: "result", healthy: true });
  const checks = result?.checks as readonly CheckRecord[];
  expect(checks.map(({ name }) => name)).toEqual([
    ...["rnnx", "node", "cores", "memory", "folder", "onnxruntime", "cpu", "cuda", "webgpu"],
  ]);
  expect(checks.find(({ name }) => name === "cpu")?.state).toBe("good");
  for (const { state, hint } of checks) expect(hint === "").toBe(state === "good");
});

test("an old Node, low memory and an unwritable folder are reported", () => {
  expect(checkNode("18.20.0")).toMatchObject({ state: "bad" });
  expect(checkMemory(2 ** 31, 2 ** 20)).toMatchObject({ state: "poor", message: "1 MiB of 2 GiB free" });
  const folder = mkdtempSync(join(tmpdir(), "rnnx-doctor-test-"));
  expect(checkFolder(folder).state).toBe("good");
  expect(checkFolder(join(folder, "absent"))).toMatchObject({ state: "bad" });
});
