/** The failure of an export whose outputs are not those of the trained model. */
import { type RunFailure, runFailed } from "../../outcome.js";
import type { Failure } from "../../result.js";
import type { Verification } from "./index.js";

export function verificationFailure({ difference, tolerance, rounding }: Verification): Failure<RunFailure> {
  const message =
    `The exported model differs from the trained one by ${difference.toExponential(1)}, ` +
    `more than ${tolerance}: nothing was written.`;
  if (difference > rounding) return runFailed(message);
  return runFailed(
    `${message} The model amplifies rounding: its outputs differ as much from one runtime to another.`,
    "A norm of nearly equal numbers does so. Normalize more features, or increase its epsilon.",
  );
}
