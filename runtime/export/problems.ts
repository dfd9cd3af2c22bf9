/** Problems of an export's options for a model, and the choice of its outputs. */
import type { ExportForm } from "../../compiler/export/index.js";
import { opsets, type Precision } from "../../compiler/export/options.js";
import { trainingOpsets } from "../../compiler/export/training-names.js";
import { type Signature, timeAxesOf, withDynamicShapes } from "../../compiler/signature.js";
import { whyWholeWindow } from "../../schema/kinds/columns.js";
import { mostSteps, whyNotStreamable } from "../../schema/kinds/layers.js";
import { shortestSteps } from "../../schema/kinds/windows.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { specOfOutput } from "../run/one-output.js";
import type { TrainedModel } from "./source-run.js";

/** The spec of what is exported: that of one output, or of all. */
export function chooseOutput(
  spec: NormalSpec,
  form: ExportForm,
  output: string | null,
  training: boolean,
): Result<NormalSpec> {
  if (form === "generate" && training && spec.losses.length > 1) {
    const message = "The generate form has one output of the model, and training reads all of them.";
    return fail([{ code: "several-outputs", path: "", message, hint: "Remove --with-training." }]);
  }
  if (form === "generate") return specOfOutput(spec, output, "the generate form");
  if (output === null) return ok(spec);
  const message = `The ${form} form has all outputs of the model, but --output names one.`;
  return fail([{ code: "usage", path: "", message, hint: "Remove --output, or export --form generate." }]);
}

/** Training continues only in float32. */
export function precisionProblem(withTraining: boolean, precision: Precision): RunProblem | undefined {
  if (!withTraining || precision === "float32") return undefined;
  const message = `Training state needs float32 weights, not ${precision}.`;
  return {
    code: "precision",
    path: "",
    message,
    hint: `Remove --with-training or ${precision === "int8" ? "--quantize" : "--precision"}.`,
  };
}

export function externalDataProblem(isRequested: boolean): RunProblem {
  const message = isRequested
    ? "A model with training state cannot store its weights as external data."
    : "The weights exceed the size of a model file, and a model with training state cannot use external data.";
  return { code: "external-data", path: "", message, hint: "Remove --with-training." };
}

export function unrollProblem(
  { spec, signature }: TrainedModel,
  unroll: number | null,
  form: ExportForm,
): RunProblem | undefined {
  if (unroll !== null && form !== "sequence") {
    const message = `--unroll fixes the steps of the sequence form; the ${form} form runs one step at a time.`;
    return { code: "usage", path: "", message, hint: "Remove --unroll, or export the sequence form." };
  }
  if (unroll !== null && signature.rollout !== undefined) {
    const message = "--unroll writes no loop, but predictions are fed back in a loop over the rows of the horizon.";
    return { code: "unroll-rows", path: "", message, hint: "Remove --unroll." };
  }
  const axes = [...timeAxesOf(withDynamicShapes(signature))].filter(([, steps]) => typeof steps === "string");
  // Layers know their lengths by the symbol of their time axis.
  if (unroll !== null && new Set(axes.map(([, steps]) => steps)).size > 1) {
    const message = `--unroll sets the steps of one time axis, but ${axes.map(([name]) => name).join(" and ")} have their own.`;
    return { code: "unroll-axes", path: "", message, hint: "Remove --unroll." };
  }
  const shortest = shortestSteps(spec.model);
  if (unroll === null || unroll >= shortest) return undefined;
  const message = `The windows of the model need ${formatCount(shortest, "step")}, but --unroll has ${unroll}.`;
  return { code: "short-sequence", path: "", message, hint: `Write --unroll ${shortest} or more.` };
}

/** The problem of a form that the model does not support. */
export function formProblem({ spec, metadata, signature }: TrainedModel, form: ExportForm): RunProblem | undefined {
  if (form === "generate" && metadata.type !== "text") {
    const message = `The generate form needs a model of text, but the model was trained on ${metadata.type} data.`;
    return { code: "not-text", path: "", message, hint: "Export another form." };
  }
  if (form === "generate" && mostSteps(spec.model) < 2) {
    const message = "The generate form reads a prompt and an id, but the model has positions for one step.";
    return { code: "position-length", path: "", message, hint: "Export another form." };
  }
  const reason =
    form === "sequence"
      ? undefined
      : (whyNotStreamable(spec.model) ?? whyWholeWindow(spec.data) ?? timeAxesReason(signature));
  if (reason === undefined) return undefined;
  const message = `The model cannot run step by step: ${reason}.`;
  return { code: "not-streaming", path: "", message, hint: "Export the sequence form." };
}

/** The reason why the inputs cannot advance together; undefined where all sequences have the same steps. */
function timeAxesReason(signature: Signature): string | undefined {
  const inputs = [...timeAxesOf(signature)];
  const [first] = inputs;
  const other = inputs.find(([, axis]) => axis !== first?.[1]);
  if (first === undefined || other === undefined) return undefined;
  const nameOf = (name: string) => (name === "inputs" ? (signature.main_input ?? name) : name);
  return `its inputs ${nameOf(first[0])} and ${nameOf(other[0])} have different numbers of steps`;
}

/** The problem of training state with layers whose models are files of the run. */
export function trainingLayerProblem({ model }: NormalSpec, withTraining: boolean): RunProblem | undefined {
  const layer = model.find((each) => each.layer === "onnx");
  if (!withTraining || layer === undefined) return undefined;
  const message = `${layer.name} is an onnx layer: a training continues from the run, which has its model.`;
  return { code: "training-layer", path: "", message, hint: "Export without --with-training, or train with --resume." };
}

/** The problem of an unsupported opset. */
export function opsetProblem(opset: number, withTraining: boolean): RunProblem | undefined {
  const { first, last } = withTraining ? trainingOpsets : opsets;
  if (Number.isInteger(opset) && opset >= first && opset <= last) return undefined;
  const where = withTraining ? " with training state" : "";
  const message = `Opset ${opset} is not supported${where}: use ${first} to ${last}.`;
  return { code: "opset", path: "", message, hint: "" };
}
