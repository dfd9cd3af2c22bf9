/** constant: 1. Also linear_warmup after its warmup, and plateau, whose changes are an input. */
import type { NormalSchedule } from "../../../schema/normal/index.js";
import type { ScheduleDefinition } from "./schedule.js";

export const constant: ScheduleDefinition<NormalSchedule> = (_, b) => b.scalar(1);
