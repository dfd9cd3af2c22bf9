/** `metrics.jsonl`: one line for each step, evaluation and sample, with the records of their events. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import type { TrainEvent } from "../events.js";
import { writeAll } from "../storage/durable-fs.js";

export interface MetricsLog {
  append(events: readonly TrainEvent[]): void;
  /** Returns when all lines are on disk. */
  sync(): void;
  close(): void;
}

/** Opens the file to append after `step`. Later lines, which no checkpoint covers, are removed. */
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

/** The length of the complete lines up to a step. */
function byteLengthUpTo(bytes: Buffer, step: number): number {
  let start = 0;
  for (let end = bytes.indexOf("\n"); end >= 0; end = bytes.indexOf("\n", start)) {
    if (!(parseStep(bytes.toString("utf8", start, end)) <= step)) break;
    start = end + 1;
  }
  return start;
}

/** NaN for a line that is not a record: the file is cut there. */
function parseStep(line: string): number {
  try {
    const { step }: { readonly step?: unknown } = JSON.parse(line);
    return typeof step === "number" ? step : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
