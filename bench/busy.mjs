/** Busy processes: each keeps one core in a loop of arithmetic, and ends with the process that started it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Iterations between two looks at the parent process, some milliseconds. */
const ITERATIONS = 2e6;

/**
 * Starts `count` busy processes. They end with this process, however it ends: with its exit handlers, or within
 * milliseconds after it was killed.
 *
 * @returns a function that ends them.
 */
export function startBusy(count) {
  const file = fileURLToPath(import.meta.url);
  const processes = Array.from({ length: count }, () =>
    spawn(process.execPath, [file, `${process.pid}`], { stdio: "ignore" }),
  );
  const stop = () => {
    process.off("exit", stop);
    for (const each of processes) each.kill("SIGKILL");
  };
  process.on("exit", stop);
  for (const each of processes) each.unref();
  return stop;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const parent = Number(process.argv[2]);
  let x = 1;
  while (process.ppid === parent) for (let i = 0; i < ITERATIONS; i++) x = (x * 1.000001) % 7;
}
