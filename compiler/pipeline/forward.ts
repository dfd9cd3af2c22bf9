/** The parts of a spec's forward program, for data of any batch size and length. */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Mode, RecurrenceStrategy } from "../elaborate/context.js";
import { elaborate } from "../elaborate/index.js";
import { type OutputPort, type Program, restrictToOutputs } from "../elaborate/program.js";
import type { Signature } from "../signature.js";

/** The part of a spec's forward program that makes outputs of some roles. Of states only those that go on are evaluated. */
export function forwardProgram(
  spec: NormalSpec,
  signature: Signature,
  mode: Exclude<Mode, "training">,
  roles: readonly OutputPort["role"][],
  recurrences?: RecurrenceStrategy,
): Program {
  const elaborated = elaborate(spec, signature, mode, undefined, recurrences && { recurrences });
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join(" "));
  const { program } = elaborated;
  const inputStates = new Set(program.inputs.filter(({ role }) => role === "state").map(({ name }) => name));
  const isKept = ({ role, name }: OutputPort) => mode !== "evaluation" || role !== "state" || inputStates.has(name);
  return restrictToOutputs(program, (port) => roles.includes(port.role) && isKept(port));
}
