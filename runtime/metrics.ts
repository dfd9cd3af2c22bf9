/** `metrics.jsonl`: one line for each step, each evaluation and each sample, the same records as the events. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { writeAll } from "./disk.js";
import type { TrainEvent } from "./events.js";

export interface MetricsFile {
  append(events: readonly TrainEvent[]): void;
  /** Returns when all lines are on the disk. */
  sync(): void;
  close(): void;
}

/** Opens the file to append after `step`: later lines, which a checkpoint does not cover, are cut off. */
export function openMetrics(path: string, step: number): MetricsFile {
  if (existsSync(path)) truncateSync(path, bytesUpTo(readFileSync(path), step));
  const file = openSync(path, "a");
  return {
    append(events) {
      const lines = events.filter(({ event }) => event === "step" || event === "epoch" || event === "sample");
      writeAll({ writeSync }, file, Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
    },
    sync: () => fsyncSync(file),
    close: () => closeSync(file),
  };
}

/** The length of the whole lines up to a step. */
function bytesUpTo(bytes: Buffer, step: number): number {
  let start = 0;
  for (let end = bytes.indexOf("\n"); end >= 0; end = bytes.indexOf("\n", start)) {
    if (!(stepOf(bytes.toString("utf8", start, end)) <= step)) break;
    start = end + 1;
  }
  return start;
}

/** Not a number where a line is no record: everything from there on goes. */
function stepOf(line: string): number {
  try {
    const { step }: { readonly step?: unknown } = JSON.parse(line);
    return typeof step === "number" ? step : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
