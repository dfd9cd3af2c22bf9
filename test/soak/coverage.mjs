/** What the tests of the schema and the compiler reach of them: `npm run coverage`. Minutes. The whole report is left in coverage/. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { report } from "./report.mjs";
import { root } from "./training.mjs";

const folders =
  "autodiff bad-inputs compile elaborate emit export flips graph ir language ops passes portability schema".split(" ");
const args = ["vitest", "run", "--coverage", ...folders.map((folder) => `test/${folder}/`)];
const { status } = spawnSync("npx", args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
const { total } = JSON.parse(readFileSync(join(root, "coverage/coverage-summary.json"), "utf8"));
const { branches, lines } = total;
report("coverage", { branches: branches.pct, of: branches.total, lines: lines.pct });
process.exitCode = status ?? 1;
