/** The momentum of one_cycle: it falls while the rate rises, by the height of the cycle in the schedule's equations. */
import type { Builder } from "../../ir/builder.js";
import { expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { ScheduleNames } from "../../language/schedule.js";

/** The momentum from its full value down to `minimum` at the top of the cycle, and back. */
export function cycledMomentum(names: ScheduleNames, b: Builder, full: number, minimum: number): Value {
  return b.add(b.mul(expectDefined(names.get("height"), "the height of a cycle"), minimum - full), full);
}
