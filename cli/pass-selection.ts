/** `--disable-pass`, `--stop-after`, `--recurrence`: choices of the compiler, to measure one or to bisect a fault. */
import type { RecurrenceForm } from "../compiler/optimize/pass.js";
import type { PassSelection } from "../compiler/optimize/pipeline.js";
import { suggestion } from "../schema/diagnostics/suggest.js";
import { reportInvalidInput } from "./errors.js";
import type { Output } from "./output.js";

export interface PassFlags {
  readonly disablePass?: readonly string[];
  readonly stopAfter?: string;
  readonly recurrence?: "auto" | RecurrenceForm;
}

/** The selection; undefined after an unknown name was reported. */
export async function readPassSelection(
  output: Output,
  { disablePass: disabledPasses = [], stopAfter, recurrence: form = "auto" }: PassFlags,
): Promise<Required<PassSelection> | undefined> {
  const recurrence = form === "auto" ? undefined : form;
  if (disabledPasses.length === 0 && stopAfter === undefined) return { disabledPasses, stopAfter, recurrence };
  const { ablatablePasses, phaseNames } = await import("../compiler/optimize/pipeline.js");
  const passNames = ablatablePasses.map(({ name }) => name);
  const unknownPass = disabledPasses.find((name) => !passNames.includes(name));
  if (unknownPass !== undefined) {
    const hint = suggestion(unknownPass, passNames, "The passes");
    reportInvalidInput(output, "unknown-pass", `there is no pass "${unknownPass}"`, hint);
    return undefined;
  }
  const stops = [...new Set([...passNames, ...phaseNames])];
  if (stopAfter !== undefined && !stops.includes(stopAfter)) {
    const hint = suggestion(stopAfter, stops, "The passes and phases");
    reportInvalidInput(output, "unknown-pass", `there is no pass or phase "${stopAfter}"`, hint);
    return undefined;
  }
  return { disabledPasses, stopAfter, recurrence };
}
