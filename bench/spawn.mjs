/** Measurements in processes of their own, and numbers over rounds of them. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { estimateWorkPerSync, isSingleThreaded } from "../dist/runtime/sessions/session.js";

export const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** A program and its first arguments, run with sizes as flags, for `timeout` milliseconds at most; the last line that it prints is JSON. */
export function measure(command, sizes, flags = {}) {
  const [program, ...given] = command.run;
  const named = Object.entries({ ...sizes, ...flags }).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [`--${name}`, `${one}`]),
  );
  const { status, stdout, stderr, error } = spawnSync(program, [...given, ...named], {
    encoding: "utf8",
    timeout: command.timeout,
    killSignal: "SIGKILL",
    maxBuffer: 2 ** 26,
    env: { ...process.env, ...command.env },
  });
  if (error?.code === "ETIMEDOUT") throw new Error(`${command.run.join(" ")} took longer than ${command.timeout} ms`);
  if (status !== 0) throw new Error(`${command.run.join(" ")} ended with ${status}: ${stderr.slice(-1000)}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

export const rnnx = { name: "rnnx", run: [process.execPath, here("train-step.mjs")] };
/** The program that times a model: a training step, or inference. */
export function programOf(model) {
  return model === "stream" || model === "sequence"
    ? { name: "rnnx", run: [process.execPath, here("infer.mjs")] }
    : rnnx;
}

export const matmul = { name: "matmul", run: [process.execPath, here("matmul.mjs")] };

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The number of threads that rnnx's runtime starts with: one for a small model. */
export function threadsFor({ hidden, batch, vocabulary }, threads) {
  const parameters = [{ shape: [hidden, 4 * hidden] }, { shape: [hidden, vocabulary] }];
  return isSingleThreaded(estimateWorkPerSync(parameters, batch)) ? 1 : threads;
}

/** Numbers of threads to time, of which the fastest counts, for rnnx as for each framework. tfjs has one thread. */
export function threadCounts({ name }, sizes, threads) {
  const isSingle = name === "tfjs" || threads === 1 || (name === "rnnx" && threadsFor(sizes, threads) === 1);
  return isSingle ? [1] : [1, threads];
}
