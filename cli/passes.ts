/** Names of passes that a user gives with `--without`. */

import { reportInvalidInput } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import type { Output } from "./output.js";

/** The exit code when a name is no pass's, after saying so; undefined when all is well. */
export async function checkPassNames(output: Output, names: readonly string[]): Promise<number | undefined> {
  if (names.length === 0) return undefined;
  const { ablatablePasses: passes } = await import("../compiler/optimize/pipeline.js");
  const passNames = passes.map((pass) => pass.name);
  const unknown = names.find((name) => !passNames.includes(name));
  if (unknown === undefined) return undefined;
  reportInvalidInput(
    output,
    "unknown-pass",
    `there is no pass "${unknown}"`,
    `The passes are ${passNames.join(", ")}.`,
  );
  return exitCodes.invalidInput;
}
