/** Training progress on stderr: a bar with losses, speed and time left on a terminal; plain lines elsewhere. */
import type { SplitMetrics } from "../../../runtime/events.js";
import { formatDuration, formatInteger, formatNumber, formatSpeed } from "../../../runtime/format.js";
import type { Output } from "../../output.js";
import { columnsOf, wrapText } from "../../wrap-text.js";

export interface Progress {
  /** Starts the display of a run from `step` to `steps`. */
  start(step: number, steps: number): void;
  step(step: number, loss: number): void;
  /** Sets the latest evaluation, with its step. */
  evaluation(step: number, metrics: SplitMetrics): void;
  /** Sets the speed in steps per second. */
  speed(stepsPerSecond: number): void;
  /** Sets the texts after the speed. */
  suffix(texts: readonly string[]): void;
  /** Prints a line above the bar. */
  log(text: string): void;
  stop(): void;
}

export function openProgress(output: Output): Progress {
  // JSON lines on the same terminal would be written into the bar.
  const sharesTerminal = output.json && process.stdout.isTTY === true;
  const hasTerminal = process.stderr.isTTY === true && process.env.TERM !== "dumb";
  return hasTerminal && !sharesTerminal ? createBar(output) : createPlainLines(output);
}

const maxBarWidth = 40;
const minBarWidth = 8;
/** Typical width of the caption after the bar, in columns. */
const captionWidth = 72;
const eraseLine = "\r\u001b[2K";
/** Minimum interval between redraws, in milliseconds. */
const redrawInterval = 125;

/**
 * A bar on the last line, narrower than the terminal so that the terminal never wraps it. A log line replaces the bar,
 * and the bar follows on the next line.
 */
function createBar(output: Output): Progress {
  const { cyan } = output.colors.note;
  const tracker = createProgressTracker();
  /** Recomputed at every redraw: the latest evaluation is part of it. */
  let caption = (): readonly string[] => [];
  let isVisible = false;
  let lastDraw = 0;
  const write = (text: string): void => {
    if (!output.closed.aborted) process.stderr.write(text);
  };
  const bar = (): string => {
    const columns = process.stderr.columns || 80;
    // The bar has a fixed width; segments of the caption that do not fit are dropped from the end.
    const barWidth = Math.min(maxBarWidth, columns - captionWidth);
    const available = barWidth < minBarWidth ? columns : columns - barWidth - 1;
    let text = "";
    for (const segment of caption()) {
      const extended = text === "" ? segment : `${text}  ${segment}`;
      if (extended.length >= available) break;
      text = extended;
    }
    if (barWidth < minBarWidth) return text;
    const filled = Math.round(barWidth * tracker.fraction());
    return `${cyan(`${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`)} ${text}`;
  };
  const draw = (): void => {
    lastDraw = performance.now();
    write(`${eraseLine}${bar()}`);
  };
  return {
    start(step, steps) {
      tracker.start(step, steps);
      caption = () => [tracker.position(step)];
      isVisible = true;
      draw();
    },
    step(step, loss) {
      caption = () => tracker.caption(step, loss);
      if (isVisible && performance.now() - lastDraw >= redrawInterval) draw();
    },
    speed: tracker.measured,
    evaluation: tracker.evaluated,
    suffix: tracker.suffix,
    log(text) {
      if (!isVisible) return output.note(text);
      write(`${eraseLine}${wrapText(text, columnsOf(process.stderr))}\n`);
      draw();
    },
    stop() {
      if (!isVisible) return;
      isVisible = false;
      draw();
      write("\n");
    },
  };
}

/** Minimum interval between plain lines, in milliseconds. */
const lineInterval = 2000;

function createPlainLines(output: Output): Progress {
  const tracker = createProgressTracker();
  let lastStep = 0;
  let lastTime = 0;
  return {
    start(step, steps) {
      tracker.start(step, steps);
      lastStep = steps;
      lastTime = Date.now();
    },
    step(step, loss) {
      if (step < lastStep && Date.now() - lastTime < lineInterval) return;
      lastTime = Date.now();
      output.note(`step ${tracker.caption(step, loss).join("  ")}`);
    },
    speed: tracker.measured,
    evaluation: tracker.evaluated,
    suffix: tracker.suffix,
    log: output.note,
    stop() {},
  };
}

/** Tracks position and speed of a run, as text. */
function createProgressTracker() {
  let [firstStep, lastStep, currentStep, startedAt] = [0, 1, 0, 0];
  let [speed, evaluation, evaluatedStep] = ["", "", 0];
  let suffixTexts: readonly string[] = [];
  return {
    suffix(texts: readonly string[]) {
      suffixTexts = texts;
    },
    start(step: number, steps: number) {
      [firstStep, lastStep, currentStep, startedAt] = [step, steps, step, performance.now()];
    },
    fraction: () => Math.min(1, currentStep / Math.max(lastStep, 1)),
    position: (step: number) => `${formatInteger(step)}/${formatInteger(lastStep)}`,
    measured(stepsPerSecond: number) {
      speed = `${formatSpeed(stepsPerSecond)} steps/s`;
    },
    evaluated(step: number, { validation, test }: SplitMetrics) {
      const split = Object.keys(validation).length > 0 ? "validation" : "test";
      const { loss } = split === "validation" ? validation : test;
      if (loss !== undefined) [evaluation, evaluatedStep] = [`${split} ${formatNumber(loss)}`, step];
    },
    /** The caption in decreasing order of importance. That of the last step has no evaluation of an earlier one. */
    caption(step: number, loss: number): readonly string[] {
      currentStep = step;
      const seconds = Math.max((performance.now() - startedAt) / 1000, 1e-3);
      const secondsPerStep = seconds / Math.max(1, step - firstStep);
      return [
        `${formatInteger(step)}/${formatInteger(lastStep)}`,
        `loss ${formatNumber(loss)}`,
        ...(evaluation === "" || (step === lastStep && evaluatedStep < step) ? [] : [evaluation]),
        ...(speed === "" ? [] : [speed]),
        ...suffixTexts,
        ...(step < lastStep ? [`${formatDuration((lastStep - step) * secondsPerStep)} left`] : []),
      ];
    },
  };
}
