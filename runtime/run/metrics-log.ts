/** `metrics.jsonl`: one line for each step, each evaluation and each sample, the same records as the events. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import type { TrainEvent } from "../events.js";
import { writeAll } from "../storage/durable-fs.js";

export interface MetricsLog {
  append(events: readonly TrainEvent[]): void;
  /** Returns when all lines are on the disk. */
  sync(): void;
  close(): void;
}

/** Opens the file to append after `step`: later lines, which a checkpoint does not cover, are cut off. */
export function openMetricsLog(path: string, step: number): MetricsLog {
  if (existsSync(path)) truncateSync(path, byteLengthUpTo(readFileSync(path), step));
  const file = openSync(path, "a");
  return {
    append(events) {
      const lines = events.filter(({ event }) => event === "step" || event === "evaluation" || event === "sample");
      writeAll({ writeSync }, file, Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
    },
    sync: () => fsyncSync(file),
    close: () => closeSync(file),
  };
}

/** The length of the whole lines up to a step. */
function byteLengthUpTo(bytes: Buffer, step: number): number {
  let start = 0;
  for (let end = bytes.indexOf("\n"); end >= 0; end = bytes.indexOf("\n", start)) {
    if (!(parseStep(bytes.toString("utf8", start, end)) <= step)) break;
    start = end + 1;
  }
  return start;
}

/** Not a number where a line is no record: everything from there on goes. */
function parseStep(line: string): number {
  try {
    const { step }: { readonly step?: unknown } = JSON.parse(line);
    return typeof step === "number" ? step : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
