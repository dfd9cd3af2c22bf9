/** The test runner, with one process at work on each core. */
import { readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, by how their paths begin: begun last, one of them would keep one core busy while the others rest. */
const longest = [
  "test/docs/pages",
  "test/web/pages",
  "test/runtime/distributed",
  "test/package",
  "test/gallery/real-data",
  "test/gallery/characters",
  "test/runtime/training/equal-runs",
  "test/runtime/export/gallery",
  "test/spec-key-effects",
  "test/runtime/train.test",
  "test/parity",
  "test/cli/commands/init-data",
  "test/stress",
];

/**
 * Tests with a process of their own: they replace modules, change environment variables, start servers or browsers, or leave threads of a
 * native runtime behind. All others share processes, which import the compiler once and run it compiled; they leave nothing behind.
 */
const isolated = [
  "runtime/distributed/**/*",
  "runtime/import/missing-hdf5",
  "runtime/memory/small-machine",
  "runtime/training/webgpu",
  "library/train-anywhere",
  "views/dashboard/*",
  "views/mlflow/*",
  "web/**/*",
  "docs/*",
  "bench",
  "package",
].map((path) => `test/${path}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const path = relative(project.config.root, moduleId);
      const found = longest.findIndex((beginning) => path.startsWith(beginning));
      return found < 0 ? longest.length : found;
    };
    // A process goes on only to a next file that shares it.
    const group = ({ project }: TestSpecification) => (project.config.isolate ? 0 : 1);
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || place(a) - place(b));
  }
}

/** Enough for what tests write at the same time. */
const NEEDED_BYTES = 4 * 2 ** 30;

/** The folder of temporary files: memory where there is enough of it. Runs flush what they write, and tests would wait for the disk. */
function temporaryFolder(): string {
  const memory = "/dev/shm";
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= NEEDED_BYTES ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

const folder = temporaryFolder();
/** The start of the names of folders that no test removes itself: they are removed at the end of this run. */
const prefix = `r${process.pid}-`;
process.once("exit", () => {
  for (const name of readdirSync(folder).filter((each) => each.startsWith(prefix)))
    rmSync(join(folder, name), { recursive: true, force: true });
});

export default defineConfig({
  test: {
    env: { TMPDIR: folder, RNNX_TEMPORARY_PREFIX: prefix },
    projects: [
      { extends: true, test: { name: "isolated", include: isolated } },
      { extends: true, test: { name: "shared", include: ["test/**/*.test.ts"], exclude: isolated, isolate: false } },
    ],
    pool: "forks",
    maxWorkers: "100%",
    // Generated code of over a megabyte.
    server: { deps: { external: [/spec\.validator\.mjs$/] } },
    sequence: { sequencer: LongestFirst },
    // A machine that does other work takes up to ten times as long.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // `npm run coverage`
    coverage: {
      provider: "v8",
      include: ["schema/**/*.ts", "compiler/**/*.ts"],
      exclude: ["test/**"],
      reporter: ["text-summary", "json-summary", "json", "html"],
      reportsDirectory: "coverage",
      reportOnFailure: true,
    },
  },
});
