/** What a schedule is. */
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";

/** The factor of the learning rate for the update after n others; n is a float32 scalar, so is the factor. */
export type ScheduleDefinition<S> = (schedule: S, b: Builder, n: Value) => Value;
