/**
 * Times the training step of the standard configurations next to the frameworks that are installed, and that of every built-in
 * cell. It prints ratios and writes the numbers and a chart to bench/results.
 *
 *     npm run bench                                  all that is installed, some minutes
 *     npm run bench -- --only hihello --rounds 3     one configuration
 *     npm run bench -- --only transformer --compile  with torch.compile, which needs a C++ compiler
 *     npm run bench -- --framework torch             next to one of the frameworks
 *     npm run bench -- --busy 1                      while one other process keeps a core busy
 *     npm run bench -- --python /opt/torch/bin/python --tfjs ../tfjs --note "PyTorch of Debian, with OpenBLAS"
 *
 * Rounds alternate (rnnx, framework, rnnx, framework, …), since shared machines drift: only ratios of one run compare. Each
 * side runs in its default environment and counts with its best number of threads. Run nothing else meanwhile.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../scripts/flags.mjs";
import { startBusy } from "./busy.mjs";
import { machine, resultName, today } from "./environment.mjs";
import { findFrameworks, frameworkSteps } from "./frameworks.mjs";
import { here, matmul, measure, median, programOf, rnnx, threadCounts } from "./spawn.mjs";
import { configurations, OWN_LSTM } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  rounds: 5,
  calls: 3,
  threads: 2,
  busy: 0,
  only: configurations.map(({ name }) => name),
  cells: false,
  compile: false,
  framework: ["torch", "tensorflow", "jax", "tfjs"],
  python: [],
  tfjs: ".",
  note: "",
  out: here("results"),
});
const { rounds, threads, busy } = values;
const print = (text) => process.stdout.write(`${text}\n`);
const sizesOf = ({ name: _, model: __, cell: ___, framework_steps: ____, ...sizes }) => sizes;
/** The largest difference of parameter counts, as a fraction: PyTorch has two biases in a gate. */
const ALIKE = 0.02;
const ratio = (number) => `${number.toFixed(2)} ×`;

const frameworksOf = (model, cell) =>
  findFrameworks([...values.python, "python3", "/usr/bin/python3"], values.tfjs, model, values.compile, cell).filter(
    ({ name }) => values.framework.includes(name.split(".")[0]),
  );
print(
  `frameworks: ${
    frameworksOf("rnn")
      .map(({ name }) => name)
      .join(", ") || "none found (--python, --tfjs)"
  }`,
);

/** Milliseconds of the matrix products of a step, each at MatMul's own rate for its shape; NaN without products. */
function productsAlone({ products }, { threads }) {
  if (products === undefined) return Number.NaN;
  const { rates } = measure(matmul, {}, { product: products.map(({ shape }) => shape.join()), threads });
  const times = products.map(({ shape, times }) => (times * 2 * shape.reduce((x, y) => x * y)) / rates[shape.join()]);
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** One configuration: the median over the rounds of each side, at its best number of threads. */
function compare(configuration) {
  const sizes = sizesOf(configuration);
  const { model = "rnn", cell = "lstm" } = configuration;
  const flags = { cell, ...(model !== "rnn" && { model }) };
  const frameworks = frameworksOf(model, cell);
  const isTraining = programOf(model) === rnnx;
  const sides = new Map();
  const record = (key, side, line) =>
    sides.set(key, { ...side, line, times: [...(sides.get(key)?.times ?? []), line.median_ms] });
  const bestOf = (name) => {
    const tried = [...sides.values()].filter((side) => side.name === name);
    return tried.sort((a, b) => median(a.times) - median(b.times))[0];
  };
  const productTimes = [];
  for (let round = 0; round < rounds; round++) {
    for (const count of threadCounts(rnnx, sizes, threads)) {
      const own = measure(programOf(model), sizes, {
        threads: count,
        ...flags,
        ...(isTraining && { calls: values.calls }),
      });
      record(`rnnx ${count}`, { name: "rnnx", threads: count }, own);
    }
    const best = bestOf("rnnx");
    productTimes.push(productsAlone(best.line, best));
    for (const framework of frameworks) {
      const steps = frameworkSteps(framework, sizes, configuration.framework_steps);
      // JavaScript is slow enough to be timed once.
      if (steps === 0 || (framework.name === "tfjs" && cell !== "lstm") || (framework.name === "tfjs" && round > 0))
        continue;
      for (const count of threadCounts(framework, sizes, threads)) {
        const line = measure(
          framework,
          { ...sizes, steps },
          { threads: count, ...(framework.name !== "tfjs" && flags) },
        );
        record(`${framework.name} ${count}`, { name: framework.name, threads: count }, line);
      }
    }
  }
  const { line, times, threads: ownThreads } = bestOf("rnnx");
  const ms = median(times);
  const products_ms = median(productTimes);
  const step = isTraining && {
    compile_ms: line.compile_ms,
    session_ms: line.session_ms,
    nodes: line.nodes,
    nodes_per_loop_step: line.nodes_per_loop_step,
    parameters: line.parameters,
    flops: line.flops,
    gflops: Number((line.flops / ms / 1e6).toFixed(1)),
    products: line.products,
    products_ms: Number(products_ms.toFixed(3)),
    share_of_products: Number((products_ms / ms).toFixed(3)),
  };
  const best = frameworks.flatMap(({ name }) => bestOf(name) ?? []);
  const result = {
    name: configuration.name,
    model,
    cell,
    ...sizes,
    threads: ownThreads,
    ms,
    rounds: times,
    ...step,
    peak_mib: line.peak_mib,
    frameworks: best.map(({ line: { framework, peak_mib, parameters }, times: frameworkTimes, threads: count }) => {
      const time = median(frameworkTimes);
      if (isTraining && parameters && Math.abs(parameters / line.parameters - 1) > ALIKE)
        throw new Error(`${framework} has ${parameters} parameters and rnnx ${line.parameters}: the models differ.`);
      return { framework, threads: count, ms: time, peak_mib, ratio: Number((time / ms).toFixed(2)) };
    }),
  };
  const others = result.frameworks.map(
    (one) => `${one.framework} ${one.ms.toFixed(2)} ms on ${one.threads} (${ratio(one.ratio)})`,
  );
  const details = step && [
    `${step.gflops} GFLOP/s`,
    `its products alone ${products_ms.toFixed(3)} ms (${(100 * step.share_of_products).toFixed(0)} %)`,
    `loop steps of ${step.nodes_per_loop_step.join(" and ") || "no"} nodes`,
    `compiled in ${step.compile_ms} ms, session in ${step.session_ms} ms`,
  ];
  const sidesText = [`rnnx ${ms.toFixed(3)} ms on ${ownThreads}`, ...others].join(", ");
  print(`${result.name}: ${[sidesText, ...(details || []), `${line.peak_mib} MiB`].join("; ")}`);
  return result;
}

/** Every built-in cell at one size, and the LSTM as a cell defined in the spec. */
function timeCells() {
  const sizes = { layers: 1, hidden: 128, batch: 50, time: 50, vocabulary: 65, steps: 4 };
  const names = readdirSync(here("../specs/cells")).map((file) => file.replace(/\.json$/, ""));
  return [...names, OWN_LSTM].map((cell) => {
    const line = measure(rnnx, sizes, { threads, cell, calls: values.calls });
    print(
      `${cell}: ${line.median_ms.toFixed(2)} ms, loop steps of ${line.nodes_per_loop_step.join(" and ") || "no"} nodes`,
    );
    const { median_ms, compile_ms, session_ms, nodes_per_loop_step, peak_mib } = line;
    return { cell, ms: median_ms, compile_ms, session_ms, nodes_per_loop_step, peak_mib };
  });
}

const stopBusy = startBusy(busy);
const results = {
  date: today(),
  machine: machine(threads),
  note: [values.note, busy > 0 && `${busy} other busy process${busy === 1 ? "" : "es"}.`].filter(Boolean).join(" "),
  ...(busy > 0 && { busy }),
  configurations: configurations.filter(({ name }) => values.only.includes(name)).map(compare),
  cells: values.only.length === configurations.length || values.cells ? timeCells() : [],
};
stopBusy();
mkdirSync(values.out, { recursive: true });
const name = resultName(busy > 0 ? `compare-busy-${busy}` : "compare", results);
const file = join(values.out, `${name}.json`);
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
const { comparisonChart, writeChart } = await import("./charts.mjs");
await writeChart(join(values.out, `${name}.svg`), comparisonChart(results));
print(`${file} and its chart are written`);
