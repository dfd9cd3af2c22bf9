/**
 * The test runner, with one process at work on each core. Each file has a process, so that a native runtime's threads
 * end with it; files of folders that only compute share processes.
 */
import { relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, by how their paths begin: begun last, one of them would keep one core busy while the others rest. */
const longest = [
  "test/gallery/characters",
  "test/docs/pages",
  "test/runtime/distributed/mpi",
  "test/gallery/tutorials",
  "test/runtime/export/gallery",
  "test/spec-key-effects",
  "test/bench",
  "test/package",
  "test/web/pages",
];

/**
 * Folders whose tests share processes, which import the compiler once. Their tests leave nothing behind: no mocked module, no server, no
 * changed environment variable or working directory.
 */
const sharingFolders = [
  "schema",
  "compiler",
  "runtime/data",
  "runtime/predict",
  "runtime/tensors",
  "views/charts",
  "views/tensorboard",
];
const sharing = sharingFolders.map((folder) => `test/${folder}/**/*.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const path = relative(project.config.root, moduleId);
      const found = longest.findIndex((beginning) => path.startsWith(beginning));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "shared", include: sharing, isolate: false } },
      { extends: true, test: { name: "isolated", include: ["test/**/*.test.ts"], exclude: sharing } },
    ],
    pool: "forks",
    maxWorkers: "100%",
    // Generated code of over a megabyte.
    server: { deps: { external: [/spec\.validator\.mjs$/] } },
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
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
