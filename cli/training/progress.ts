/** A run's progress on stderr: a bar with loss, validation, speed and time left on a terminal, an occasional plain line elsewhere. */
import type { SplitMetrics } from "../../runtime/events.js";
import { count, decimal, duration } from "../numbers.js";
import type { Output } from "../output.js";

export interface Progress {
  /** The run goes on from `step` and ends at `steps`. */
  start(step: number, steps: number): void;
  step(step: number, loss: number): void;
  /** The newest evaluation. */
  evaluated(metrics: SplitMetrics): void;
  /** What is said behind the speed from now on. */
  beside(texts: readonly string[]): void;
  /** A line of text that stays, above the bar where there is one. */
  say(text: string): void;
  stop(): void;
}

export async function openProgress(output: Output): Promise<Progress> {
  return process.stderr.isTTY === true && process.env.TERM !== "dumb" ? bar(output) : plainLines(output);
}

const widestBar = 40;
const narrowestBar = 8;
/** Columns that the numbers beside the bar mostly take. */
const captionWidth = 72;
const eraseLine = "\r\u001b[2K";

async function bar(output: Output): Promise<Progress> {
  const { default: progress } = await import("cli-progress");
  const { cyan } = output.colors.note;
  const pace = openPace();
  let caption: readonly string[] = [];
  const format = (): string => {
    const columns = process.stderr.columns ?? 80;
    // The bar stays as long as it is; what does not fit beside it is left out from the end.
    const size = Math.min(widestBar, columns - captionWidth);
    const room = size < narrowestBar ? columns : columns - size - 1;
    let text = "";
    for (const part of caption) {
      if (text.length + part.length + 2 >= room) break;
      text = text === "" ? part : `${text}  ${part}`;
    }
    if (size < narrowestBar) return text;
    const done = Math.round(size * pace.share());
    return `${cyan(`${"█".repeat(done)}${"░".repeat(size - done)}`)} ${text}`;
  };
  const shown = new progress.SingleBar(
    { stream: process.stderr, format, hideCursor: true, linewrap: false, fps: 8 },
    progress.Presets.shades_classic,
  );
  return {
    start(step, steps) {
      pace.start(step, steps);
      caption = [pace.place(step)];
      shown.start(steps, step);
    },
    step(step, loss) {
      caption = pace.caption(step, loss);
      shown.update(step);
    },
    evaluated: pace.evaluated,
    beside: pace.beside,
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
  const pace = openPace();
  let total = 0;
  let last = 0;
  return {
    start(step, steps) {
      pace.start(step, steps);
      total = steps;
      last = Date.now();
    },
    step(step, loss) {
      if (step < total && Date.now() - last < linePause) return;
      last = Date.now();
      output.note(`step ${pace.caption(step, loss).join("  ")}`);
    },
    evaluated: pace.evaluated,
    beside: pace.beside,
    say: output.note,
    stop() {},
  };
}

/** Where a run is and how fast it goes, as text. */
function openPace() {
  let [first, last, current, began] = [0, 1, 0, 0];
  let evaluated = "";
  let beside: readonly string[] = [];
  return {
    beside(texts: readonly string[]) {
      beside = texts;
    },
    start(step: number, steps: number) {
      [first, last, current, began] = [step, steps, step, performance.now()];
    },
    share: () => Math.min(1, current / Math.max(last, 1)),
    place: (step: number) => `${step}/${last}`,
    evaluated({ validation, test }: SplitMetrics) {
      const part = Object.keys(validation).length > 0 ? "validation" : "test";
      const { loss } = part === "validation" ? validation : test;
      if (loss !== undefined) evaluated = `${part} ${decimal(loss)}`;
    },
    /** What matters most comes first. */
    caption(step: number, loss: number): readonly string[] {
      current = step;
      const seconds = Math.max((performance.now() - began) / 1000, 1e-3);
      const speed = (step - first) / seconds;
      return [
        `${step}/${last}`,
        `loss ${decimal(loss)}`,
        ...(evaluated === "" ? [] : [evaluated]),
        `${speed >= 10 ? count(speed) : decimal(speed)} steps/s`,
        ...beside,
        ...(step < last ? [`${duration((last - step) / speed)} left`] : []),
      ];
    },
  };
}
