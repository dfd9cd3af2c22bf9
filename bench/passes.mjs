/**
 * What each pass is worth: the standard configurations with each pass left out, in turn with all passes. Prints a table for
 * docs/performance.md and leaves the numbers.
 *
 *     node bench/passes.mjs [--only "small char-rnn"] [--pass hoist --pass sink] [--rounds 3]
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine, today } from "./machine.mjs";
import { here, measure, median, rnnx, threadsFor } from "./processes.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    pass: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "3" },
    calls: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    note: { type: "string", default: "" },
    out: { type: "string", default: here("results") },
  },
});
const { passes } = await import("../dist/compiler/passes/index.js");
const names = values.pass.length > 0 ? values.pass : passes.map(({ name }) => name);
const configurations = JSON.parse(readFileSync(here("configurations.json"), "utf8")).filter(
  ({ name }) => values.only.length === 0 || values.only.includes(name),
);

function timed({ name: _, peer_steps: __, ...sizes }, without) {
  const flags = { threads: threadsFor(sizes, values.threads), calls: values.calls };
  return measure(rnnx, sizes, without === null ? flags : { ...flags, without }).median_ms;
}

/** The time without a pass over the time with all, both the median of the same rounds. */
function worth(configuration, pass) {
  const [all, less] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    all.push(timed(configuration, null));
    less.push(timed(configuration, pass));
  }
  return Number((median(less) / median(all)).toFixed(2));
}

const rows = names.map((pass) => {
  const ratios = configurations.map((configuration) => worth(configuration, pass));
  process.stdout.write(`| ${pass} | ${ratios.map((ratio) => `${ratio.toFixed(2)} ×`).join(" | ")} |\n`);
  return { pass, ratios: Object.fromEntries(configurations.map(({ name }, index) => [name, ratios[index]])) };
});
const results = { date: today(), machine: machine(Number(values.threads)), note: values.note, without: rows };
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, `passes-${results.date}.json`), `${JSON.stringify(results, null, 2)}\n`);
