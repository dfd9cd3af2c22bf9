/**
 * Throughput of a distributed training: examples per second and the share of communication, added to the run's events.
 */
import type { TrainEvent } from "../events.js";

export interface Throughput {
  /** Records a call: its examples, and milliseconds of all ranks in total. */
  record(examples: number, elapsed: number, communication: number): void;
  /** The event, with a throughput event if one is due. */
  withThroughput(event: TrainEvent): readonly TrainEvent[];
}

/** Minimum milliseconds between two reports. */
const REPORT_INTERVAL_MS = 1000;

export function openThroughput(ranks: number): Throughput {
  const zero = { examples: 0, elapsed: 0, communication: 0 };
  let [recent, total] = [zero, zero];
  let [step, lastReported] = [0, performance.now()];
  const eventOf = ({ examples, elapsed, communication }: typeof zero): TrainEvent => ({
    event: "throughput",
    step,
    ranks,
    examples_per_second: (1000 * examples * ranks) / Math.max(elapsed, 1e-3),
    communication: communication / Math.max(elapsed, 1e-3),
  });
  return {
    record(examples, elapsed, communication) {
      const addTo = (totals: typeof zero) => ({
        examples: totals.examples + examples,
        elapsed: totals.elapsed + elapsed,
        communication: totals.communication + communication,
      });
      [recent, total] = [addTo(recent), addTo(total)];
    },
    withThroughput(event) {
      if (event.event === "start") return [{ ...event, ranks }];
      if (event.event === "done") return total.elapsed === 0 ? [event] : [eventOf(total), event];
      if (event.event !== "step") return [event];
      step = event.step;
      if (recent.elapsed === 0 || performance.now() - lastReported < REPORT_INTERVAL_MS) return [event];
      const report = eventOf(recent);
      [recent, lastReported] = [zero, performance.now()];
      return [event, report];
    },
  };
}
