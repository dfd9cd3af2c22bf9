/** The loss and the metrics of one output, as a program whose input is that output: for a model without layers of ours. */
import { outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Signature } from "../signature.js";
import { defaultStrategy, GROWING_STEPS, type Mode } from "./context.js";
import { finishProgram } from "./finish-program.js";
import type { Elaboration } from "./index.js";
import { openInputs } from "./inputs.js";
import { elaborateObjective } from "./objective.js";
import { startElaboration } from "./state.js";

/**
 * @param spec its first loss is elaborated; its layers are not.
 * @param signature `inputs` is the output of the model, `targets` its targets.
 * @returns a program of the data inputs `inputs` and `targets`, and of `step` where the loss draws random numbers.
 */
export function elaborateLossOfOutput(
  spec: NormalSpec,
  signature: Signature,
  mode: Extract<Mode, "training" | "evaluation">,
): Elaboration {
  const options = {
    partialBatch: false,
    recurrences: defaultStrategy,
    integerBits: 64,
    cacheSteps: GROWING_STEPS,
    blockSteps: null,
  } as const;
  const state = startElaboration(spec, signature, mode, { pathOf: () => "" }, options);
  const wire = expectDefined(openInputs(state, signature).get("inputs"), "the output of the model");
  const objective = elaborateObjective(spec, signature, state, [{ output: at(outputsOf(spec), 0), wire }]);
  if (objective === undefined || state.problems().length > 0) return { ok: false, problems: state.problems() };
  return { ok: true, program: finishProgram(state, objective, objective.outputs) };
}
