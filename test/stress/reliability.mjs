/**
 * Runs soaks and writes their figures into docs/reliability.md: `npm run reliability -- kills steps`, by default those that take
 * minutes. `--record FILE` takes lines that soaks have printed before instead. `npm run build` first.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { flagsOf } from "../../scripts/flags.mjs";

const here = import.meta.dirname;
const records = join(here, "figures.json");
const page = join(here, "../../docs/reliability.md");

const programs = {
  kills: ["kills.mjs", "--count", "1000"],
  wide: ["kills.mjs", "--count", "150", "--hidden", "160"],
  steps: ["steps.mjs", "--count", "100000"],
  sessions: ["sessions.mjs", "--count", "5000"],
  processes: ["processes.mjs"],
  ranks: ["ranks.mjs", "--count", "20"],
  memory: ["memory.mjs"],
  data: ["data.mjs"],
  models: ["models.mjs", "--models", "1000"],
  coverage: ["coverage.mjs"],
  mutants: ["mutants.mjs", "--count", "100"],
  fuzz: ["../fuzz/run.mjs", "--count", "20000"],
};
const usual = ["processes", "sessions", "steps", "memory"];

const megabytes = (bytes) => `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;

/** The row of the table for the figures of each stress test. */
const rows = {
  kills: ({ kind, kills, runs, unusable, different, damaged, moved, interrupted }) => [
    `SIGKILL at random times of a run (an LSTM of ${kind}) that saves every other step, with its directory moved and another number of steps per call in between`,
    `${kills} kills (and ${interrupted} SIGTERM, ${moved} moves) in ${runs} runs: ${unusable} runs lost, ${damaged} damaged checkpoints, ${different} results that differ from an uninterrupted run`,
  ],
  steps: ({ steps, before, after, growth }) => [
    `${steps.toLocaleString("en")} steps of a small model`,
    `resident memory ${before} MiB after three tenths, ${after} MiB near the end: ${growth} %`,
  ],
  sessions: ({ sessions, before, after, growth }) => [
    `${sessions.toLocaleString("en")} sessions opened, run and released`,
    `resident memory ${before} MiB after a fifth, ${after} MiB at the end: ${growth} %`,
  ],
  processes: ({ processes, winners, refused }) => [
    `${processes} runs started at once in one run directory`,
    `${winners} trained, ${refused} were refused with the process that holds the lock`,
  ],
  ranks: ({ target, kills, quiet, late, orphans, unusable, different, slowest, furthest }) => [
    `SIGKILL of one of 2 to 4 processes at a random step under ${target}, then --resume with 2, 1 and 4`,
    `${kills} kills: ${quiet} jobs with exit code 0, ${late} that took 5 s to end (slowest ${slowest} ms), ${orphans} orphaned processes; ${unusable} runs lost, ${different} results that differ from one uninterrupted process (losses within ${furthest.toExponential(0)})`,
  ],
  memory: ({ models, within, worst }) => [
    `Estimated against measured peak memory of ${models} models`,
    `${within} within 20 %; largest error ${worst} %`,
  ],
  data: ({ kind, rows, columns, bytes, peak }) => [
    kind === "table"
      ? `Training on a CSV file of ${rows.toLocaleString("en")} rows and ${columns} columns, ${megabytes(bytes)}`
      : `Training on a text of ${megabytes(bytes)}`,
    `peak memory ${peak.toLocaleString("en")} MiB`,
  ],
  models: ({ models, trained, refused, failed, resumed, largest, failures }) => [
    `${models.toLocaleString("en")} random models over the whole vocabulary, trained for a few steps and exported; some interrupted and resumed`,
    `${trained} trained, ${refused} refused with a line of the spec, ${failed} that overflowed or amplify rounding, and ended with a message; ${failures} failures: largest difference of an exported form ${largest.toExponential(0)}, and ${resumed} resumed runs with the bits of the unbroken ones`,
  ],
  mutants: ({ of, tried, killed }) => [
    `Mutants of the gradient and of checkpoints: ${tried} of ${of}`,
    `${killed} detected by a test, ${Math.round((100 * killed) / tried)} %`,
  ],
  coverage: ({ branches, of, decisions, lines }) => [
    "Coverage of the schema and the compiler by their tests",
    `${branches} % of ${of.toLocaleString("en")} branches, ${decisions} % of the decisions among them, ${lines} % of the lines`,
  ],
  fuzz: ({ target, taken, refused, slowest, failures }) => [
    `Mutated files: ${target}`,
    `${(taken + refused).toLocaleString("en")} (${taken} accepted, ${refused} refused): ${failures} failures, slowest ${slowest} ms`,
  ],
};

const { words, record } = flagsOf(import.meta.filename, { record: [] }, Object.keys(programs));
const wanted = words.length > 0 ? words : record.length > 0 ? [] : usual;
const texts = [
  ...record.map((file) => readFileSync(file, "utf8")),
  ...wanted.map((name) => {
    const [program, ...args] = programs[name];
    const run = spawnSync(process.execPath, [join(here, program), ...args], { stdio: ["ignore", "pipe", "inherit"] });
    return run.stdout.toString();
  }),
];
const known = JSON.parse(readFileSync(records, "utf8"));
const lines = texts.flatMap((text) => text.split("\n")).filter((line) => line.startsWith('{"soak"'));
for (const figures of lines.map((line) => JSON.parse(line)))
  known[[figures.soak, figures.target ?? figures.kind].filter((part) => part !== undefined).join("/")] = figures;
const sorted = Object.fromEntries(Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(records, `${JSON.stringify(sorted, undefined, 2)}\n`);

const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
const table = [
  `Measured on a machine with ${machine}, under other load.`,
  "",
  "| test | result |",
  "|---|---|",
  ...Object.values(sorted).map((figures) => `| ${rows[figures.soak](figures).join(" | ")} |`),
];
const text = readFileSync(page, "utf8");
const [before = "", rest = ""] = text.split("<!-- figures -->");
const [, after = ""] = rest.split("<!-- end of figures -->");
writeFileSync(page, `${before}<!-- figures -->\n${table.join("\n")}\n<!-- end of figures -->${after}`);
