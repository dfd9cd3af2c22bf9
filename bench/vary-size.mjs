/**
 * Time of a training step by each of its sizes, one varied at a time; writes the numbers and a chart to bench/results.
 *
 *     node bench/vary-size.mjs [--only time] [--threads 2] [--out bench/results]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../scripts/flags.mjs";
import { scaleChart, writeChart } from "./charts.mjs";
import { machine, resultName, today } from "./environment.mjs";
import { here, measure, rnnx, threadsFor } from "./spawn.mjs";

const base = { layers: 1, hidden: 64, batch: 20, time: 50, vocabulary: 65, steps: 2 };
const series = [
  { name: "time", key: "time", sizes: [25, 100, 250, 500, 1000] },
  { name: "hidden", key: "hidden", sizes: [32, 64, 128, 256, 512] },
  { name: "layers", key: "layers", sizes: [1, 2, 3, 4] },
  { name: "batch", key: "batch", sizes: [1, 20, 100, 250] },
  { name: "vocabulary", key: "vocabulary", sizes: [65, 2500, 10_000], base: { steps: 1 } },
  {
    name: "vocabulary, sampled softmax",
    key: "vocabulary",
    sizes: [2500, 10_000, 100_000],
    base: { steps: 1 },
    flags: { samples: 1000 },
  },
];

const values = flagsOf(import.meta.filename, {
  only: series.map(({ name }) => name),
  threads: 2,
  note: "",
  out: here("results"),
});

const measured = series
  .filter(({ name }) => values.only.includes(name))
  .map(({ name, key, sizes, base: more, flags }) => ({
    name,
    points: sizes.map((size) => {
      const varied = { ...base, ...more, [key]: size };
      const line = measure(rnnx, varied, { threads: threadsFor(varied, values.threads), calls: 9, ...flags });
      process.stdout.write(`${name} ${size}: ${line.median_ms} ms, ${line.nodes} nodes, ${line.peak_mib} MiB\n`);
      return { size, ms: line.median_ms, nodes: line.nodes, peak_mib: line.peak_mib };
    }),
  }));
const results = { date: today(), machine: machine(values.threads), note: values.note, base, series: measured };
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, `${resultName("vary-size", results)}.json`), `${JSON.stringify(results, null, 2)}\n`);
await writeChart(join(values.out, `${resultName("vary-size", results)}.svg`), scaleChart(results));
