/** Checks of the arrays of all roles: their shapes against each other, and the values of the targets. */

import { targetPort } from "../../../schema/kinds/outputs.js";
import type { RunProblem } from "../../problem.js";
import { checkTargetValues, type TargetUse } from "../target-values.js";
import { placeOf, type Role } from "./array-roles.js";

/** Checks that all roles have the same number of examples, and those with a time axis the same number of steps. */
export function checkShapes(roles: ReadonlyMap<string, Role>): readonly RunProblem[] {
  const inputs = roles.get("inputs");
  if (inputs === undefined) return [];
  if (inputs.array.shape.includes(0)) {
    return [
      {
        ...placeOf(inputs.origin),
        code: "array-shape",
        message: `inputs has shape ${formatShape(inputs)} and contains no numbers.`,
        hint: "Give at least one example with at least one number.",
      },
    ];
  }
  const examples = inputs.array.shape[0];
  const problems: RunProblem[] = [];
  /** Inputs by the name of their time axis. */
  const sequences = new Map<unknown, readonly [string, Role]>([["time", ["inputs", inputs]]]);
  for (const [name, role] of roles) {
    const report = (axes: string, otherName: string, other: Role, hint: string) => {
      const shapes = `${name} has shape ${formatShape(role)} and ${otherName} has shape ${formatShape(other)}`;
      const message = `${shapes}: ${axes} must be equal.`;
      problems.push({ ...placeOf(role.origin), code: "array-shape", message, hint });
    };
    const axis = role.signature.shape[1];
    if (role.isSide === true && typeof axis === "string" && !sequences.has(axis)) sequences.set(axis, [name, role]);
    const [sequenceName, sequence] = sequences.get(axis) ?? [name, role];
    if (role.array.shape[0] !== examples) report("the first axes (examples)", "inputs", inputs, examplesHint);
    else if (role.array.shape[1] !== sequence.array.shape[1])
      report("the time axes", sequenceName, sequence, stepsHint);
  }
  return problems;
}

const examplesHint = "Give all arrays the same examples, in one order.";
const stepsHint = "Give both the same number of steps: pad shorter sequences.";

/**
 * The problem of the first entry of a target that the loss cannot read. Steps past the lengths and of weight 0 are not
 * read.
 */
export function checkTargets(roles: ReadonlyMap<string, Role>, name: string, use: TargetUse): readonly RunProblem[] {
  const [targets, lengths, weights] = [targetPort(name), "lengths", "weights"].map((role) => roles.get(role));
  if (targets?.array.dtype !== "float32") return [];
  const { shape, data } = targets.array;
  const hasTime = typeof targets.signature.shape[1] === "string";
  const steps = hasTime ? (shape[1] ?? 1) : 1;
  // Numbers [examples, time] have one value for each step, others a row of values.
  const width = shape.length === (hasTime ? 2 : 1) ? 1 : (shape.at(-1) ?? 1);
  const weightSteps = weights?.array.shape.length === 2 ? steps : 1;
  const isRead = (row: number) => {
    const [example, step] = [Math.floor(row / steps), row % steps];
    const weight = weights?.array.data[weightSteps === 1 ? example : row] ?? 1;
    return Number(weight) !== 0 && (!hasTime || step < Number(lengths?.array.data[example] ?? steps));
  };
  const problem = checkTargetValues({ shape, width, data }, targets.origin, use, isRead);
  return problem === undefined ? [] : [problem];
}

function formatShape(role: Role): string {
  return `[${role.array.shape.join(", ")}]`;
}
