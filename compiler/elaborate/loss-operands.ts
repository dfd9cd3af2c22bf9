/** The operands of a loss: the output of its layer, the targets and the weights of the data. */
import { targetKindOf } from "../../schema/kinds/losses.js";
import { type ModelOutput, targetPort } from "../../schema/kinds/outputs.js";
import { windowsOf } from "../../schema/kinds/windows.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { type ArraySignature, type Signature, targetArrays } from "../signature.js";
import type { LossOperands } from "./losses/loss.js";
import type { ElaborationState } from "./state.js";
import type { WindowScaling } from "./window-scaling.js";
import { swapBatchAndTime, type Wire } from "./wire.js";

/** Undefined after a reported problem. */
export function lossOperands(
  { data }: NormalSpec,
  signature: Signature,
  { context, feed }: ElaborationState,
  output: ModelOutput,
  wire: Wire,
  scaling: WindowScaling | null,
): LossOperands | undefined {
  const { b, problem } = context;
  const { loss, model } = output;
  const targets = expectDefined(targetArrays(signature).get(loss.target), `the target ${loss.target}`);
  const timeMajor = (value: Value): Value => (wire.sequence ? swapBatchAndTime(b, value) : value);
  if (wire.sequence && targets.shape.length < 2)
    return problem({
      part: loss,
      key: "type",
      code: "target-shape",
      message: `The model has one output per step, but one target per sequence, [${targets.shape.join(", ")}].`,
      hint: model.some(({ layer }) => layer === "rnn")
        ? 'Write "return": "last" in the last rnn layer.'
        : 'Add a "pool" layer.',
    });
  const shortened = shortensTime(output, signature, targets, wire);
  if (shortened !== undefined)
    return problem({
      part: shortened,
      code: "output-steps",
      message: `The data has one target per step, but the model has one output per window of ${shortened.name}.`,
      hint: `Add a "pool" layer for one prediction per sequence, or keep every step${"padding" in shortened ? ': "stride" 1, and "padding" "same" or "causal"' : ""}.`,
    });
  const fed = feed(targetPort(loss.target), targets);
  const weights = signature.weights && feed("weights", signature.weights);
  if (weights !== undefined && wire.sequence !== weights.type.shape.length > 1)
    return problem({
      part: data,
      key: "weights",
      code: "weight-shape",
      message: `The weights have shape [${weights.type.shape.join(", ")}], but the loss has one entry per ${wire.sequence ? "step" : "sequence"}.`,
      hint: `Provide weights of shape [${wire.sequence ? "batch, time" : "batch"}].`,
    });
  return {
    name: `${output.prefix}loss`,
    wire,
    targets: timeMajor(scaling?.scaleTargets(fed, loss.target) ?? fed),
    weights: weights === undefined ? null : timeMajor(weights),
    mask: wire.mask !== null && wire.sequence ? b.cast(b.squeeze(wire.mask, [2]), "float32") : null,
  };
}

/** The last layer that changes the time axis, where the targets have that of the inputs; undefined where none does. */
function shortensTime(
  { loss, model }: ModelOutput,
  { inputs }: Signature,
  targets: ArraySignature,
  wire: Wire,
): NormalLayer | undefined {
  if (!wire.sequence || targetKindOf(loss) === "labels") return undefined;
  const [time, targetTime] = [wire.value.type.shape[0] ?? 1, targets.shape[1] ?? 1];
  const isShortened = time !== targetTime && targetTime === inputs.shape[1];
  return isShortened ? model.findLast((layer) => windowsOf(layer) !== undefined) : undefined;
}
