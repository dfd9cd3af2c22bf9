/** The test runner: a process for each file, so that a native runtime's threads end with it, and one at work on each core. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // `npm run coverage`
    coverage: {
      provider: "v8",
      include: ["schema/**/*.ts", "compiler/**/*.ts"],
      reporter: ["text-summary", "json-summary", "json", "html"],
      reportsDirectory: "coverage",
      reportOnFailure: true,
    },
  },
});
