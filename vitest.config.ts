/** The test runner: a process for each file, so that a native runtime's threads end with it, and one at work on each core. */
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
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: "100%",
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
