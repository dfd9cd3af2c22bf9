/**
 * Mutation testing: changes one operator at a time in a copy of the program, and looks whether a test notices.
 * `node test/stress/mutants.mjs --count 40 --skip 20 --seed 1`, a sample of all mutants; `npm run build` first. A signal to it lets the mutant
 * that is being tried be the last.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { flagsOf } from "../../scripts/flags.mjs";
import { root } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const { count, skip, seed } = flagsOf(import.meta.filename, { count: 40, skip: 0, seed: 1 });

/** Files, with the tests that hold them. */
const subjects = [
  ["runtime/run/checkpoint.ts", ["test/runtime/run/checkpoint.test.ts"]],
  ["runtime/tensors/safetensors.ts", ["test/runtime/tensors/safetensors.test.ts"]],
  ["compiler/autodiff/reverse.ts", ["test/compiler/autodiff"]],
  ["compiler/autodiff/scan.ts", ["test/compiler/autodiff"]],
  ["compiler/autodiff/cotangents.ts", ["test/compiler/autodiff"]],
];
const swaps = [
  [" === ", " !== "],
  [" !== ", " === "],
  [" < ", " <= "],
  [" > ", " >= "],
  [" >= ", " > "],
  [" + ", " - "],
  [" * ", " + "],
  [" && ", " || "],
  [" || ", " && "],
  ["true", "false"],
  ["false", "true"],
  ["return undefined", "return null as never"],
  [".slice(0, ", ".slice(1, "],
  ["(0)", "(1)"],
  ["!", ""],
];

function mutantsOf(text) {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    // Comments, imports, types and messages are no program.
    if (/^\s*(\/\/|\/?\*|import |export (type|interface)|readonly |\| \{ readonly )|\bthrow\b|`/.test(line)) return [];
    return swaps.flatMap(([from, to]) => {
      if (from === "!" && !/!\w/.test(line)) return [];
      const at = from === "!" ? line.search(/!\w/) : line.indexOf(from);
      if (at < 0) return [];
      const changed = line.slice(0, at) + to + line.slice(at + from.length);
      return [
        { line: index + 1, from, to, text: [...lines.slice(0, index), changed, ...lines.slice(index + 1)].join("\n") },
      ];
    });
  });
}

const copy = mkdtempSync(join(tmpdir(), "rnnx-mutants-"));
process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const part of ["schema", "compiler", "runtime", "test", "specs", "dist", "package.json", "vitest.config.ts"])
  cpSync(join(root, part), join(copy, part), { recursive: true });
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));

let ending = false;
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    ending = true;
  });

/** Told by a process beside this one, which stays open to signals. A mutant that never ends is noticed too. */
const passes = (tests) =>
  new Promise((resolve) => {
    const child = spawn("npx", ["vitest", "run", "--bail", "1", ...tests], {
      cwd: copy,
      timeout: 600_000,
      stdio: "ignore",
    });
    child.on("close", (code) => resolve(code === 0));
  });
const all = subjects.flatMap(([file, tests]) =>
  mutantsOf(readFileSync(join(root, file), "utf8")).map((mutant) => ({ file, tests, ...mutant })),
);
const generator = xoroshiro128plus(seed);
const chosen = all.map((mutant) => ({ mutant, key: generator.next() })).sort((a, b) => a.key - b.key);
let [killed, survived] = [0, 0];
for (const { mutant } of chosen.slice(skip, skip + count)) {
  if (ending) break;
  const { file, tests, line, from, to, text } = mutant;
  writeFileSync(join(copy, file), text);
  if (await passes(tests)) {
    survived++;
    console.error(`${file}:${line} "${from}" as "${to}" is noticed by no test`);
  } else killed++;
  console.error(`${killed} of ${killed + survived}`);
  writeFileSync(join(copy, file), readFileSync(join(root, file)));
}
report("mutants", { of: all.length, tried: killed + survived, killed, survived });
