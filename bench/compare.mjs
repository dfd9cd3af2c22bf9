/**
 * Times the training step of the standard configurations in turn with the peers that are installed, and that of every built-in
 * cell; prints ratios, and leaves the numbers and a chart in bench/results.
 *
 *     npm run bench                                  what is installed, some minutes
 *     npm run bench -- --only hihello --rounds 3     one configuration
 *     npm run bench -- --python /opt/peers/bin/python --tfjs ../tfjs --note "torch of Debian, an older one on OpenBLAS"
 *
 * Rounds alternate (rnnx, peer, rnnx, peer, …), since shared machines drift: only ratios of one run say something. Nothing
 * else should run meanwhile.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../scripts/flags.mjs";
import { machine, resultName, today } from "./environment.mjs";
import { findPeers, peerSteps } from "./frameworks.mjs";
import { here, matmul, measure, median, rnnx, threadsFor } from "./spawn.mjs";
import { configurations, OWN_LSTM } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  rounds: 5,
  calls: 3,
  threads: 2,
  only: configurations.map(({ name }) => name),
  cells: false,
  python: [],
  tfjs: ".",
  note: "",
  out: here("results"),
});
const { rounds, threads } = values;
const say = (text) => process.stdout.write(`${text}\n`);
const sizesOf = ({ name: _, peer_steps: __, ...sizes }) => sizes;
const ratio = (number) => `${number.toFixed(2)} ×`;

const peers = findPeers([...values.python, "python3", "/usr/bin/python3"], values.tfjs);
say(`peers: ${peers.map(({ name }) => name).join(", ") || "none found (--python, --tfjs)"}`);

/** Milliseconds that the products of a step would take, each at MatMul's own rate on its shape. */
function productsAlone({ products }, { threads }) {
  const { rates } = measure(matmul, {}, { product: products.map(({ shape }) => shape.join()), threads });
  const times = products.map(({ shape, times }) => (times * 2 * shape.reduce((x, y) => x * y)) / rates[shape.join()]);
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** One configuration: the median of each side over the rounds. */
function compare(configuration) {
  const sizes = sizesOf(configuration);
  const own = { threads: threadsFor(sizes, threads), calls: values.calls };
  const taken = new Map([["rnnx", []]]);
  const lines = new Map();
  const alone = [];
  for (let round = 0; round < rounds; round++) {
    const note = (side, line) => {
      lines.set(side, line);
      taken.set(side, [...(taken.get(side) ?? []), line.median_ms]);
    };
    note("rnnx", measure(rnnx, sizes, own));
    alone.push(productsAlone(lines.get("rnnx"), own));
    for (const peer of peers) {
      const steps = peerSteps(peer, sizes, configuration.peer_steps);
      // JavaScript is slow enough to be timed once.
      if (steps > 0 && (peer.name !== "tfjs" || round === 0))
        note(peer.name, measure(peer, { ...sizes, steps }, { threads }));
    }
  }
  const line = lines.get("rnnx");
  const ms = median(taken.get("rnnx"));
  const gflops = line.flops / ms / 1e6;
  const products_ms = median(alone);
  const against = [...lines].filter(([side]) => side !== "rnnx");
  const result = {
    name: configuration.name,
    ...sizes,
    ms,
    rounds: taken.get("rnnx"),
    compile_ms: line.compile_ms,
    session_ms: line.session_ms,
    nodes: line.nodes,
    nodes_per_loop_step: line.nodes_per_loop_step,
    peak_mib: line.peak_mib,
    flops: line.flops,
    gflops: Number(gflops.toFixed(1)),
    products: line.products,
    products_ms: Number(products_ms.toFixed(3)),
    share_of_products: Number((products_ms / ms).toFixed(3)),
    peers: against.map(([side, { peer, peak_mib }]) => {
      const time = median(taken.get(side));
      return { peer, ms: time, peak_mib, ratio: Number((time / ms).toFixed(2)) };
    }),
  };
  const others = result.peers.map((peer) => `${peer.peer} ${peer.ms.toFixed(2)} ms (${ratio(peer.ratio)})`);
  say(
    `${result.name}: ${[`rnnx ${ms.toFixed(3)} ms`, ...others].join(", ")}; ${result.gflops} GFLOP/s, ` +
      `its products alone ${products_ms.toFixed(3)} ms (${(100 * result.share_of_products).toFixed(0)} %), ` +
      `loop steps of ${line.nodes_per_loop_step.join(" and ")} nodes, ${line.peak_mib} MiB; ` +
      `compiled in ${line.compile_ms} ms, session in ${line.session_ms} ms`,
  );
  return result;
}

/** Every built-in cell at one size, against the LSTM, and that as a cell of one's own. */
function timeCells() {
  const sizes = { layers: 1, hidden: 128, batch: 50, time: 50, vocabulary: 65, steps: 4 };
  const names = readdirSync(here("../specs/cells")).map((file) => file.replace(/\.json$/, ""));
  return [...names, OWN_LSTM].map((cell) => {
    const line = measure(rnnx, sizes, { threads, cell, calls: values.calls });
    say(
      `${cell}: ${line.median_ms.toFixed(2)} ms, loop steps of ${line.nodes_per_loop_step.join(" and ") || "no"} nodes`,
    );
    const { median_ms, compile_ms, session_ms, nodes_per_loop_step, peak_mib } = line;
    return { cell, ms: median_ms, compile_ms, session_ms, nodes_per_loop_step, peak_mib };
  });
}

const results = {
  date: today(),
  machine: machine(threads),
  note: values.note,
  configurations: configurations.filter(({ name }) => values.only.includes(name)).map(compare),
  cells: values.only.length === configurations.length || values.cells ? timeCells() : [],
};
mkdirSync(values.out, { recursive: true });
const file = join(values.out, `${resultName("compare", results)}.json`);
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
const { comparisonChart, writeChart } = await import("./charts.mjs");
await writeChart(join(values.out, `${resultName("compare", results)}.svg`), comparisonChart(results));
say(`${file} and its chart are written`);
