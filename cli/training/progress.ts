/** A run's progress on stderr: a bar with loss and speed on a terminal, an occasional plain line elsewhere. */
import { count, decimal } from "../numbers.js";
import type { Output } from "../output.js";

export interface Progress {
  /** The run goes on from `step` and ends at `steps`. */
  start(step: number, steps: number): void;
  step(step: number, loss: number): void;
  /** A line of text that stays, above the bar where there is one. */
  say(text: string): void;
  stop(): void;
}

export async function openProgress(output: Output): Promise<Progress> {
  return process.stderr.isTTY === true && process.env.TERM !== "dumb" ? bar(output) : plainLines(output);
}

/** Columns that the numbers beside the bar take. */
const captionWidth = 52;
const eraseLine = "\r\u001b[2K";

async function bar(output: Output): Promise<Progress> {
  const { default: progress } = await import("cli-progress");
  const columns = process.stderr.columns ?? 80;
  const barsize = Math.max(0, Math.min(40, columns - captionWidth));
  const picture = barsize < 5 ? "" : `${output.colors.note.cyan("{bar}")} `;
  const shown = new progress.SingleBar(
    { stream: process.stderr, format: `${picture}{value}/{total}{loss}{speed}`, barsize, hideCursor: true },
    progress.Presets.shades_classic,
  );
  let speed = speedFrom(0);
  return {
    start(step, steps) {
      speed = speedFrom(step);
      shown.start(steps, step, { loss: "", speed: "" });
    },
    step(step, loss) {
      shown.update(step, { loss: `  loss ${decimal(loss)}`, speed: `  ${speed(step)}` });
    },
    say(text) {
      process.stderr.write(`${eraseLine}${text}\n`);
    },
    stop() {
      shown.stop();
    },
  };
}

/** Milliseconds between plain lines, at the least. */
const linePause = 2000;

function plainLines(output: Output): Progress {
  let speed = speedFrom(0);
  let total = 0;
  let last = 0;
  return {
    start(step, steps) {
      speed = speedFrom(step);
      total = steps;
      last = Date.now();
    },
    step(step, loss) {
      if (step < total && Date.now() - last < linePause) return;
      last = Date.now();
      output.note(`step ${step}/${total}  loss ${decimal(loss)}  ${speed(step)}`);
    },
    say: output.note,
    stop() {},
  };
}

/** Steps per second since now, as text. */
function speedFrom(first: number): (step: number) => string {
  const start = performance.now();
  return (step) => {
    const seconds = (performance.now() - start) / 1000;
    const rate = (step - first) / Math.max(seconds, 1e-3);
    return `${rate >= 10 ? count(rate) : decimal(rate)} steps/s`;
  };
}
