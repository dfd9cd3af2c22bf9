/** The definition of a learning-rate schedule. */
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";

/** The factor of the learning rate after n updates, float32 scalars both. */
export type ScheduleDefinition<S> = (schedule: S, b: Builder, n: Value) => Value;
