/**
 * one_cycle: the rate rises from initial_ratio to 1 in the first part of total_steps and falls to minimum_ratio in the
 * rest, while the momentum falls and rises (L. Smith, 2018; the form of PyTorch's OneCycleLR). In code, because it changes
 * the momentum too, and the top of the cycle may be its beginning.
 */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import type { ScheduleDefinition } from "./schedule.js";

type OneCycle = Extract<NormalSchedule, { type: "one_cycle" }>;

export const oneCycle: ScheduleDefinition<OneCycle> = (schedule, b, n) => {
  const { add, mul, where } = b;
  const { initial_ratio, minimum_ratio } = schedule;
  const { isRising, height } = cycleAt(schedule, b, n);
  const from = (ratio: number) => add(mul(height, 1 - ratio), ratio);
  return where(isRising, from(initial_ratio), from(minimum_ratio));
};

/** The momentum after n updates: from its full value down to `minimum_momentum` at the top of the cycle, and back. */
export function cycledMomentum(schedule: OneCycle, b: Builder, n: Value, full: number, minimum: number): Value {
  return b.add(b.mul(cycleAt(schedule, b, n).height, minimum - full), full);
}

/** The part of the cycle after n updates, and its height: 0 at its ends, 1 at its top. */
function cycleAt({ total_steps, warmup_fraction, anneal }: OneCycle, b: Builder, n: Value) {
  const { sub, mul, div, min, less, where, cos } = b;
  const end = total_steps - 1;
  const top = Math.max(warmup_fraction * total_steps - 1, 0);
  const isRising = less(n, top);
  const fallen = div(sub(min(n, end), top), end - top);
  const position = top === 0 ? sub(1, fallen) : where(isRising, div(n, top), sub(1, fallen));
  const height = anneal === "linear" ? position : mul(sub(1, cos(mul(position, Math.PI))), 0.5);
  return { isRising, height };
}
