/** Names of passes that a user gives with `--without`. */
import { exit } from "./exit.js";
import { refuse } from "./failures.js";
import type { Output } from "./output.js";

/** The exit code when a name is no pass's, after saying so; undefined when all is well. */
export async function refuseUnknownPasses(output: Output, names: readonly string[]): Promise<number | undefined> {
  if (names.length === 0) return undefined;
  const { passes } = await import("../compiler/passes/index.js");
  const known = passes.map((pass) => pass.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return undefined;
  refuse(output, "unknown-pass", `there is no pass "${unknown}"`, `The passes are ${known.join(", ")}.`);
  return exit.wrongInput;
}
