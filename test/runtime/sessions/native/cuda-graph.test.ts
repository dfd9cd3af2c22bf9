/**
 * Training steps as CUDA graphs: every gallery spec is captured, and a step is one launch. It needs the build (npm run build) and
 * the CUDA provider over its stand-ins, where kernels compute nothing: scripts/fetch-cuda-provider.mjs writes them to a folder,
 * which RNNX_CUDA_PROVIDER names. The numbers of these steps are compared in specialize.test.ts, on the CPU.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const provider = process.env.RNNX_CUDA_PROVIDER ?? "";
const root = join(import.meta.dirname, "../../../..");
const specs = join(root, "specs");
const isReady = provider !== "" && existsSync(join(root, "dist/compiler/compile.js"));
const skipped = isReady ? "" : " (skipped: RNNX_CUDA_PROVIDER names no folder, or dist is not built)";

interface Training {
  readonly spec: string;
  readonly error?: string;
  readonly notices: readonly string[];
  /** A step's, by the name of the function of CUDA. */
  readonly calls: Readonly<Record<string, number>>;
  readonly kernels: number;
  readonly estimate: number;
}

function train(precision: unknown): readonly Training[] {
  const files = readdirSync(specs).filter((file) => file.endsWith(".json"));
  const settings = files.map((file) => JSON.stringify({ spec: join(specs, file), precision }));
  const { stdout } = spawnSync(process.execPath, [join(root, "test/support/cuda-training.mjs"), ...settings], {
    env: { ...process.env, LD_LIBRARY_PATH: join(provider, "stand-ins") },
    encoding: "utf8",
  });
  const trainings: readonly Training[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(trainings.length).toBeGreaterThan(10);
  return trainings;
}

test.skipIf(!isReady).each(["float32", { type: "float16", loss_scale: { initial: 1024, growth_interval: 100 } }])(
  `one launch and one synchronization a step, in %j${skipped}`,
  (precision) => {
    for (const { spec, error, notices, calls, kernels, estimate } of train(precision)) {
      expect(error, spec).toBeUndefined();
      expect(
        notices.filter((text) => text.includes("CUDA graph")),
        spec,
      ).toEqual([]);
      expect(calls, spec).toMatchObject({ cudaGraphLaunch: 1, cudaStreamSynchronize: 1, "copy device-host": 1 });
      expect(calls["kernel launch"], spec).toBe(0);
      expect(calls["copy device-device"], spec).toBe(0);
      // ONNX Runtime fuses some operators.
      expect(Math.abs(estimate - kernels) / kernels, `${spec}: ${kernels} kernels, estimated ${estimate}`).toBeLessThan(
        0.25,
      );
    }
  },
  1_200_000,
);
