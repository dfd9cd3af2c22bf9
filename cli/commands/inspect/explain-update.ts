/** `rnnx inspect --explain` of the optimizer and the schedule: equations, slots, options, sources. */
import type { Analysis } from "../../../compiler/compile.js";
import {
  explainOptimizer,
  explainSchedule,
  type ScheduleExplanation,
  type UpdateExplanation,
} from "../../../compiler/inspect/explain-update.js";
import { formatCount } from "../../../schema/counts.js";
import { nameOf } from "../../../schema/kinds/optimizers.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { displayWidth } from "../../wrap-text.js";
import { sectionLines } from "./section.js";
import { shapeText } from "./summary.js";

const isScheduleName = ({ optimizer: { schedule } }: NormalSpec, name: string) =>
  name === "schedule" || name === nameOf(schedule);

/** True for `optimizer` and `schedule`, and for the names of those of the spec. */
export function isUpdateName(spec: NormalSpec, name: string): boolean {
  return name === "optimizer" || name === nameOf(spec.optimizer) || isScheduleName(spec, name);
}

export function printUpdateExplanation(
  output: Output,
  spec: NormalSpec,
  { parameters }: Analysis,
  name: string,
): number {
  if (isScheduleName(spec, name)) {
    const explanation = explainSchedule(spec);
    output.record({ event: "result", name, ...explanation });
    output.print(scheduleText(output, explanation));
    return exitCodes.success;
  }
  const trained = parameters.tensors.filter(({ trainable }) => trainable);
  const updates = explainOptimizer(spec, trained);
  output.record({ event: "result", name, optimizer: nameOf(spec.optimizer), updates });
  output.print(updates.map((update) => updateText(output, update)).join("\n\n"));
  return exitCodes.success;
}

const optionLine = (options: Readonly<Record<string, unknown>>) =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? JSON.stringify(value) : value}`)
    .join(", ");

function updateText({ colors }: Output, update: UpdateExplanation): string {
  const { bold, dim } = colors.print;
  const { optimizer, description, source, parameters, equations, slots, options, learningRate } = update;
  const width = Math.max(...equations.map(({ text }) => displayWidth(text)));
  const section = (heading: string, note: string, lines: readonly string[]) =>
    sectionLines(colors.print, heading, note, lines);
  return [
    bold(`${optimizer}: ${formatCount(parameters.length, "parameter")}`),
    ...(description === "" ? [] : [description]),
    ...section(
      "parameters",
      "p in the equations, g the gradient after clipping",
      parameters.map(({ name, shape }) => `${name} ${shapeText(shape)}`),
    ),
    ...section(
      "slots",
      "carried from update to update",
      slots.map(({ name, shape, initial }) => `${name} ${shapeText(shape)}  ${dim(`first ${initial}`)}`),
    ),
    ...section(
      "equations",
      "of an update; t counts from 1, rate is the learning rate times the factor of the schedule",
      equations.map(({ text, shape }) => `${text}${" ".repeat(width - displayWidth(text))}  ${dim(shapeText(shape))}`),
    ),
    ...section("options", "", [optionLine({ learning_rate: learningRate, ...options })]),
    ...(source === null ? [] : ["", `Source: ${source}.`]),
  ].join("\n");
}

function scheduleText({ colors }: Output, explanation: ScheduleExplanation): string {
  const { bold } = colors.print;
  const { schedule, description, source, equations, options, warmupSteps } = explanation;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    sectionLines(colors.print, heading, note, lines);
  const given = optionLine(options);
  return [
    bold(`${schedule}: schedule`),
    ...(description === "" ? [] : [description]),
    ...section(
      "equations",
      "of the factor of the learning rate; n is the number of updates before this one",
      equations,
    ),
    ...(warmupSteps === 0
      ? []
      : section("warmup", "", [
          `factor * min((n + 1) / ${warmupSteps}, 1), and n counts from the end of the warmup in the equations`,
        ])),
    ...section("options", "", given === "" ? [] : [given]),
    ...(source === null ? [] : ["", `Source: ${source}.`]),
  ].join("\n");
}
