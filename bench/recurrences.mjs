/**
 * Processor time of a training step of cells with linear recurrences, by the form of the recurrence, on one thread; and of
 * plain PyTorch in chunks. Rounds alternate between the forms; each number is the median of all rounds, each of which is
 * the median of some calls of a process of its own.
 *
 *     node bench/recurrences.mjs [--cells mamba,gla] [--time 1024] [--batch 8] [--hidden 64] [--rounds 3] [--python python3]
 */
import { flagsOf } from "../scripts/flags.mjs";
import { here, measure, median, rnnx } from "./spawn.mjs";

const values = flagsOf(import.meta.filename, {
  cells: "mamba,gla,mlstm,delta_net,mingru,lru",
  forms: "loop,scan,chunkwise,auto",
  time: 1024,
  batch: 8,
  hidden: 64,
  heads: 4,
  rounds: 3,
  calls: 3,
  python: undefined,
});
const WITH_HEADS = ["gla", "mlstm", "delta_net"];
const IN_TORCH = ["mamba", "gla"];
const { time, batch, hidden, rounds, calls } = values;
const sizes = { layers: 1, hidden, batch, time, vocabulary: 65 };

for (const cell of values.cells.split(",")) {
  const flags = { cell, threads: 1, ...(WITH_HEADS.includes(cell) && { heads: values.heads }) };
  const sides = values.forms.split(",").map((form) => ({
    name: form,
    run: () => measure(rnnx, { ...sizes, steps: 1 }, { ...flags, calls, recurrence: form }),
  }));
  const torch = { name: "torch", run: [values.python, here("frameworks/torch_recurrence.py")] };
  if (values.python !== undefined && IN_TORCH.includes(cell))
    sides.push({ name: "torch", run: () => measure(torch, { ...sizes, steps: calls }, flags) });
  const lines = sides.map(() => []);
  for (let round = 0; round < rounds; round++) for (const [index, { run }] of sides.entries()) lines[index].push(run());
  const row = sides.map(({ name }, index) => {
    const of = (key) => median(lines[index].map((line) => line[key]));
    return `${name} ${of("median_cpu_ms").toFixed(1)} ms (wall ${of("median_ms").toFixed(0)}), ${of("peak_mib")} MiB`;
  });
  process.stdout.write(`${cell}: ${row.join("; ")}\n`);
}
