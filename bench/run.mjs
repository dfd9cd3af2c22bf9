/**
 * Times one training step of the standard configurations, in turn with peers, and prints medians and ratios.
 *
 *     npm run bench
 *     npm run bench -- --peer "python3 torch_lstm.py" --rounds 5 --only hihello
 *
 * A peer is a command that takes the same numbers as bench/step.mjs (--layers --hidden --batch --time --vocabulary --steps
 * --threads) and prints one line of JSON with `peer` and `median_ms`. Rounds alternate (rnnx, peer, rnnx, peer, …), since
 * shared machines drift: only ratios of one run say something.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    peer: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    only: { type: "string", multiple: true, default: [] },
  },
});
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Widths below which a second thread costs more than it computes. */
const SMALL = 64;

function measure(command, configuration, threads) {
  const [program, ...given] = command;
  const flags = ["layers", "hidden", "batch", "time", "vocabulary", "steps"].flatMap((name) => [
    `--${name}`,
    `${configuration[name]}`,
  ]);
  const { status, stdout, stderr } = spawnSync(program, [...given, ...flags, "--threads", threads], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr.slice(-1000)}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const all = JSON.parse(readFileSync(here("configurations.json"), "utf8"));
const configurations = all.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
const contestants = [[process.execPath, here("step.mjs")], ...values.peer.map((peer) => peer.split(" "))];
for (const configuration of configurations) {
  const times = contestants.map(() => []);
  const names = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    contestants.forEach((command, index) => {
      // Both sides may use all threads; rnnx, like its own runtime, uses one where a model is this small.
      const threads = index === 0 && configuration.hidden < SMALL ? "1" : values.threads;
      const { peer, median_ms } = measure(command, configuration, threads);
      names[index] = peer;
      times[index].push(median_ms);
    });
  }
  const medians = times.map(median);
  const others = medians
    .slice(1)
    .map((time, index) => `${names[index + 1]} ${time} ms (${(time / medians[0]).toFixed(2)} ×)`);
  console.log(`${configuration.name}: ${[`${names[0]} ${medians[0]} ms`, ...others].join(", ")}`);
}
