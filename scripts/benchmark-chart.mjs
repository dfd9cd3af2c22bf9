/** Draws docs/images/benchmark.svg from a result of the benchmark: `node scripts/benchmark-chart.mjs [RESULTS.json]`. */
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { comparisonChart, writeChart } from "../bench/charts.mjs";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const results = process.argv[2] ?? at("bench/results/frameworks-2026-11-29-epyc.json");
mkdirSync(at("docs/images"), { recursive: true });
await writeChart(at("docs/images/benchmark.svg"), comparisonChart(JSON.parse(readFileSync(results, "utf8"))));
