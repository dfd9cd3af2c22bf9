/** How fast the ranks train together, and how much of their time goes into adding up: said beside the events of the run. */
import type { TrainEvent } from "../events.js";

export interface Throughput {
  /** Takes note of an advance: its examples, and milliseconds of all ranks together. */
  took(examples: number, spent: number, summing: number): void;
  /** An event with what is said beside it. */
  beside(event: TrainEvent): readonly TrainEvent[];
}

/** Milliseconds between two words about it, at the least. */
const pause = 1000;

export function openThroughput(ranks: number): Throughput {
  const none = { examples: 0, spent: 0, summing: 0 };
  let [recent, all] = [none, none];
  let [step, said] = [0, performance.now()];
  const eventOf = ({ examples, spent, summing }: typeof none): TrainEvent => ({
    event: "throughput",
    step,
    ranks,
    examples_per_second: (1000 * examples * ranks) / Math.max(spent, 1e-3),
    communication: summing / Math.max(spent, 1e-3),
  });
  return {
    took(examples, spent, summing) {
      const plus = (to: typeof none) => ({
        examples: to.examples + examples,
        spent: to.spent + spent,
        summing: to.summing + summing,
      });
      [recent, all] = [plus(recent), plus(all)];
    },
    beside(event) {
      if (event.event === "start") return [{ ...event, ranks }];
      if (event.event === "done") return all.spent === 0 ? [event] : [eventOf(all), event];
      if (event.event !== "step") return [event];
      step = event.step;
      if (recent.spent === 0 || performance.now() - said < pause) return [event];
      const told = eventOf(recent);
      [recent, said] = [none, performance.now()];
      return [event, told];
    },
  };
}
