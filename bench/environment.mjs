/** Environment of a result: machine, versions, commit. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { here } from "./spawn.mjs";

export function machine(threads) {
  const [cpu] = cpus();
  const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("onnxruntime-node/package.json")));
  const git = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: here("."), encoding: "utf8" });
  return {
    cpu: cpu?.model ?? "unknown",
    generation: generation(),
    cores: availableParallelism(),
    threads,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    onnxruntime: version,
    commit: git.status === 0 ? git.stdout.trim() : null,
  };
}

/** Family and model of the processor (Linux): virtual machines give all generations one name. */
function generation() {
  const known = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const [family, model] = [/^cpu family\s*: (\d+)/m, /^model\s*: (\d+)/m].map((line) => known.match(line)?.[1]);
  return family === undefined ? null : `family ${family}, model ${model}`;
}

export const today = () => new Date().toISOString().slice(0, 10);

/** The name of a result's files: its benchmark, date and processor. */
export const resultName = (benchmark, { date, machine: { cpu } }) =>
  `${benchmark}-${date}-${/epyc|xeon|ryzen|core|m\d/i.exec(cpu)?.[0].toLowerCase() ?? "cpu"}`;
