/** Runs are replaced on request only. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "../../../support/spawn.js";

const train = (spec: string, out: string, ...flags: readonly string[]) =>
  rnnx("train", `specs/${spec}.json`, "--steps", "3", "--out", out, ...flags);

test("a run is replaced with --overwrite only, by its own spec and by another one", async () => {
  const out = join(temporaryFolder(), "run");
  expect((await train("hello", out)).code).toBe(0);
  const weights = readFileSync(join(out, "weights.safetensors"));
  for (const spec of ["hello", "hihello"]) {
    const { code, stdout } = await train(spec, out, "--json");
    expect(code).toBe(2);
    expect(records(stdout).at(-1)).toMatchObject({
      event: "error",
      diagnostics: [
        {
          code: "run-exists",
          message: `"${out}" holds a run of "hello", trained to step 3`,
          hint: "Continue it with --resume, train in another directory with --out, or replace it with --overwrite.",
        },
      ],
    });
    expect(readFileSync(join(out, "weights.safetensors"))).toEqual(weights);
  }
  const named = await rnnx("train", "--resume", out);
  expect(named.code).toBe(2);
  expect(named.stderr).toContain(`"${out}" is a run directory, not a spec`);
  expect(named.stderr).toContain(`rnnx train SPEC --out ${out} --resume`);
  expect((await train("hihello", out, "--dry-run")).code).toBe(0);
  expect((await train("hihello", out, "--overwrite")).code).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "spec.json"), "utf8")).name).toBe("hihello");
});

test.each([
  [["--resume", "--overwrite"], "--resume continues the run that --overwrite removes"],
  [["--dry-run", "--chart"], "--dry-run ignores --chart: it trains nothing"],
  [["--dry-run", "--tensorboard", "events"], "--dry-run ignores --tensorboard: it trains nothing"],
  [["--dry-run", "--mlflow", "mlruns"], "--dry-run ignores --mlflow: it trains nothing"],
] as const)("%j is refused", async (flags, message) => {
  const { code, stderr } = await train("hello", join(temporaryFolder(), "run"), ...flags);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
