/**
 * Fuzzes the readers for as long as is wanted: `node test/fuzz/run.mjs --count 100000 --seed 1 --target safetensors`, by
 * default all targets. `npm run build` first. After a signal it says how far it came.
 */
import { flagsOf } from "../../scripts/flags.mjs";
import { fuzz } from "./fuzz.mjs";
import { targets } from "./targets.mjs";

const { count, seed, target } = flagsOf(import.meta.filename, {
  count: 1000,
  seed: Date.now() % 1_000_000,
  target: Object.keys(targets),
});

let ending = false;
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    ending = true;
  });

for (const name of target) {
  if (ending) break;
  const before = process.memoryUsage().rss;
  const { failures, slowest, ...figures } = await fuzz(name, count, seed, () => ending);
  const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  const said = {
    soak: "fuzz",
    target: name,
    ...figures,
    slowest: Math.round(slowest),
    grown,
    failures: failures.length,
  };
  console.log(JSON.stringify(said));
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}
