/** What the tests of the schema and the compiler reach of them: `npm run coverage`. Minutes. The whole report is left in coverage/. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const folders = ["bad-inputs", "compiler", "runtime/export", "schema", "spec-key-effects"];
const args = ["vitest", "run", "--coverage", ...folders.map((folder) => `test/${folder}/`)];
const { status } = spawnSync("npx", args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
const read = (name) => JSON.parse(readFileSync(join(root, "coverage", name), "utf8"));
const { branches, lines } = read("coverage-summary.json").total;
/** All but the operands of `??`, `&&` and `||`. */
const decisions = Object.values(read("coverage-final.json")).flatMap(({ branchMap, b }) =>
  Object.entries(branchMap).flatMap(([id, { type }]) => (type === "binary-expr" ? [] : b[id])),
);
const taken = decisions.filter((count) => count > 0).length;
const percent = (part, whole) => Math.round((1000 * part) / whole) / 10;
report("coverage", {
  branches: branches.pct,
  of: branches.total,
  decisions: percent(taken, decisions.length),
  lines: lines.pct,
});
process.exitCode = status ?? 1;
