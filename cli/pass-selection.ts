/** `--disable-pass` and `--stop-after`: a selection of compiler passes, to measure one or to bisect a fault. */
import type { PassSelection } from "../compiler/optimize/pipeline.js";
import { suggestion } from "../schema/diagnostics/suggest.js";
import { reportInvalidInput } from "./errors.js";
import type { Output } from "./output.js";

export interface PassFlags {
  readonly disablePass?: readonly string[];
  readonly stopAfter?: string;
}

/** The selection; undefined after an unknown name was reported. */
export async function readPassSelection(
  output: Output,
  { disablePass: disabledPasses = [], stopAfter }: PassFlags,
): Promise<Required<PassSelection> | undefined> {
  if (disabledPasses.length === 0 && stopAfter === undefined) return { disabledPasses, stopAfter };
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
  return { disabledPasses, stopAfter };
}
