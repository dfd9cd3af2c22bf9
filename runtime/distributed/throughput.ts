/** How fast the ranks train together, and how much of their time goes into adding up: said beside the events of the run. */
import type { TrainEvent } from "../events.js";

export interface Throughput {
  /** Takes note of an advance: its examples, and milliseconds of all ranks together. */
  record(examples: number, elapsed: number, communication: number): void;
  /** An event with what is said beside it. */
  withThroughput(event: TrainEvent): readonly TrainEvent[];
}

/** Milliseconds between two words about it, at the least. */
const REPORT_INTERVAL_MS = 1000;

export function openThroughput(ranks: number): Throughput {
  const zero = { examples: 0, spent: 0, summing: 0 };
  let [recent, total] = [zero, zero];
  let [step, lastReported] = [0, performance.now()];
  const eventOf = ({ examples, spent: elapsed, summing: communicationTime }: typeof zero): TrainEvent => ({
    event: "throughput",
    step,
    ranks,
    examples_per_second: (1000 * examples * ranks) / Math.max(elapsed, 1e-3),
    communication: communicationTime / Math.max(elapsed, 1e-3),
  });
  return {
    record(examples, elapsed, communicationTime) {
      const addTo = (totals: typeof zero) => ({
        examples: totals.examples + examples,
        spent: totals.spent + elapsed,
        summing: totals.summing + communicationTime,
      });
      [recent, total] = [addTo(recent), addTo(total)];
    },
    withThroughput(event) {
      if (event.event === "start") return [{ ...event, ranks }];
      if (event.event === "done") return total.spent === 0 ? [event] : [eventOf(total), event];
      if (event.event !== "step") return [event];
      step = event.step;
      if (recent.spent === 0 || performance.now() - lastReported < REPORT_INTERVAL_MS) return [event];
      const report = eventOf(recent);
      [recent, lastReported] = [zero, performance.now()];
      return [event, report];
    },
  };
}
