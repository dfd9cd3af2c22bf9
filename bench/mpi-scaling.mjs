/**
 * Predicts the time of a training step by the number of ranks: the measured time of one rank for its rows, plus an alpha-beta model
 * of the all-reduce over the gradients (alpha seconds a message, beta bytes a second).
 *
 *     node bench/mpi-scaling.mjs --measure [--only NAME]... [--note TEXT]   two ranks on this machine, into results/mpi-scaling-DATE-CPU.json
 *     node bench/mpi-scaling.mjs [--results FILE] [--alpha µs] [--beta GB/s] [--faster N] [--json]   from the latest measurement
 *
 * Alpha and beta default to those of the measured sums; give those of a network instead. `--faster` divides the compute time, for a
 * GPU or more cores a rank.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../scripts/flags.mjs";
import { machine, resultName, today } from "./environment.mjs";
import { here, measure, median } from "./spawn.mjs";

/** Text models for two ranks with 50 sequences of 50 steps each, and with batches at which compute is nearly the whole step. */
const cases = [
  { name: "1×32", layers: 1, hidden: 32, batch: 100, time: 50, vocabulary: 65, steps: 16 },
  { name: "2×128", layers: 2, hidden: 128, batch: 100, time: 50, vocabulary: 65, steps: 4 },
  { name: "3×512", layers: 3, hidden: 512, batch: 100, time: 50, vocabulary: 65, steps: 1 },
  { name: "1×100, large batch", layers: 1, hidden: 100, batch: 1000, time: 28, vocabulary: 28, steps: 2 },
  { name: "2×128, large batch", layers: 2, hidden: 128, batch: 400, time: 50, vocabulary: 65, steps: 1 },
  { name: "3×512, large batch", layers: 3, hidden: 512, batch: 200, time: 50, vocabulary: 65, steps: 1 },
];
const values = flagsOf(import.meta.filename, {
  measure: false,
  only: cases.map(({ name }) => name),
  note: "",
  results: undefined,
  alpha: Number.NaN,
  beta: Number.NaN,
  faster: 1,
  json: false,
});
const launchers = [
  { name: "Open MPI", run: ["mpirun.openmpi", "--bind-to", "none"] },
  { name: "MPICH", run: ["mpirun.mpich"] },
];
const env = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
const rankCounts = [1, 8, 64, 512];

const folder = here("results");
const recorded = () =>
  readdirSync(folder)
    .filter((name) => /^mpi-scaling-.*\.json$/.test(name))
    .sort()
    .at(-1);

function measureAll() {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${resultName("mpi-scaling", { date: today(), machine: machine(1) })}.json`);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  const measured = before?.measured ?? [];
  for (const { name, ...sizes } of cases)
    for (const { name: launcher, run } of launchers) {
      if (!values.only.includes(name)) continue;
      const rank = { run: [...run, "-n", "2", process.execPath, here("mpi-rank.mjs")], env };
      const line = { name, ...measure(rank, sizes, { rounds: name.startsWith("3×512") ? 5 : 11 }) };
      console.log(`${name}, ${launcher}: ${line.speedup} × one thread, ${line.communication} of it communication`);
      const place = measured.findIndex((one) => one.name === name && one.launcher === line.launcher);
      measured.splice(place < 0 ? measured.length : place, place < 0 ? 0 : 1, line);
      const results = { date: today(), machine: machine(1), note: values.note, measured };
      writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
    }
}

const { faster } = values;

/** Microseconds a message and GB/s: from the smallest and the largest measured sum of two ranks, or from the flags. */
function networkOf({ measured }) {
  const sums = (pick) => median(measured.map((line) => pick(line.sums)));
  const given = (number, measured) => (Number.isNaN(number) ? measured : number);
  return {
    alpha: given(values.alpha, (1000 * sums((all) => all[0].ms)) / 2),
    beta: given(
      values.beta,
      sums((all) => all.at(-1).bytes / all.at(-1).ms / 1e6),
    ),
  };
}

/** Milliseconds of an all-reduce by recursive halving and doubling: the bytes of a ring in fewer messages. */
function sumOf(bytes, ranks, { alpha, beta }) {
  if (ranks === 1) return 0;
  return (2 * Math.log2(ranks) * alpha) / 1000 + (2 * (1 - 1 / ranks) * bytes) / (beta * 1e6);
}

/**
 * A training step of `ranks` ranks, from the compute time of two; the time of the update does not depend on the rows. Variants: half
 * the bytes (16-bit sums); sums that overlap the backward pass (two thirds of the gradient) in buckets; an update sharded over the ranks,
 * whose parameters are then gathered with the same number of bytes.
 */
function stepOf({ parameters, together_ms, communication, update_ms }, network, ranks, share = 1) {
  const update = update_ms / faster;
  const gradient = (share * (together_ms * (1 - communication) - update_ms)) / faster;
  const bytes = 4 * (parameters + 2);
  const sum = sumOf(bytes, ranks, network);
  return {
    compute: gradient + update,
    plain: gradient + update + sum,
    halved: gradient + update + sumOf(bytes / 2, ranks, network),
    overlapped: gradient + update + Math.max(sum - (2 / 3) * gradient, sumOf(bytes / 8, ranks, network)),
    divided: gradient + update / ranks + sum,
  };
}

function rowsOf(results) {
  const { measured } = results;
  const network = networkOf(results);
  const models = cases
    .slice(0, 3)
    .flatMap(({ name }) => measured.filter((line) => line.name === name && line.launcher === "MPICH"));
  return models.flatMap((line) =>
    rankCounts.map((ranks) => {
      const weak = stepOf(line, network, ranks);
      const strong = stepOf(line, network, ranks, 1 / ranks).plain;
      const { name, parameters } = line;
      return { model: name, parameters, ranks, ...weak, efficiency: weak.compute / weak.plain, strong };
    }),
  );
}

function show(rows, { alpha, beta }) {
  const ms = (value) => value.toFixed(value < 10 ? 2 : 0);
  console.log(`alpha ${alpha.toFixed(1)} µs, beta ${beta.toFixed(2)} GB/s\n`);
  const columns = ["plain", "halved", "overlapped", "divided", "strong"];
  console.log(
    "| model | parameters | ranks | step, ms | with 16-bit sums | overlapped | update divided | one batch of 50 for all | of the step computing |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|");
  for (const row of rows) {
    const times = columns.map((column) => ms(row[column])).join(" | ");
    const share = `${Math.round(100 * row.efficiency)} %`;
    console.log(`| ${row.model} | ${row.parameters.toLocaleString("en")} | ${row.ranks} | ${times} | ${share} |`);
  }
}

if (values.measure) measureAll();
else {
  const results = JSON.parse(readFileSync(values.results ?? join(folder, recorded()), "utf8"));
  const rows = rowsOf(results);
  if (values.json) for (const row of rows) console.log(JSON.stringify(row));
  else show(rows, networkOf(results));
}
