/** Export: a trained model as one ONNX file, verified against the training's forward pass before it is written. */

import { basename, join } from "node:path";
import type { CellForm, ExportedModel, ExportForm, ExportOptions, ExportPorts } from "../../compiler/export/index.js";
import { opsets, type Precision } from "../../compiler/export/options.js";
import { trainingOpsets } from "../../compiler/export/training-names.js";
import { type Signature, timeAxesOf, withDynamicShapes } from "../../compiler/signature.js";
import { mostSteps, whyNotStreamable } from "../../schema/kinds/layers.js";
import { shortestSteps } from "../../schema/kinds/windows.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { recordedMetrics } from "../run/layout.js";
import { specOfOutput } from "../run/one-output.js";
import { openRun, readRunWeights, type WeightsSelector } from "../run/open.js";
import { checkOutputFile } from "../run/output-file.js";
import { durableFs } from "../storage/durable-fs.js";
import { float32ScalingNotices } from "./float32-scaling.js";
import { describeModel } from "./metadata.js";
import { compareMetrics, type PrecisionReport } from "./precision-report.js";
import { snippetsOf } from "./snippets/index.js";
import { boundaryOf, type TrainedModel } from "./source-run.js";
import { tokenizerFile } from "./tokenizer-file.js";
import { addTraining, readOptimizerState, trainingMetadata } from "./training-state.js";
import { verificationFailure } from "./verify/failure.js";
import { type Verification, verifyExport } from "./verify/index.js";
import { checkOutputPath, type ExportFile, writeVerified } from "./write-files.js";

const precisionKey = "rnnx.precision";

export type ExportSettings = Omit<ExportOptions, "boundary">;

export interface ExportRequest extends Partial<ExportSettings> {
  /** The run directory. */
  readonly run: string;
  /** The file to write, `.onnx`. */
  readonly out: string;
  /** Default: the weights that the run ended with. */
  readonly weights?: WeightsSelector;
  /** Include the training state, so that training can continue from the file. */
  readonly training?: boolean;
  /** Write short programs that run the model next to it; default false. */
  readonly snippets?: boolean;
  /** Store weights in `<model>.data`; default: only if they exceed the size limit of a model file. */
  readonly externalData?: boolean;
  /** Of the generate form of a model with several outputs: the name of the one that continues the prompt. */
  readonly output?: string;
}

export interface ExportSummary {
  readonly model: ExportPorts;
  readonly cells: readonly CellForm[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly verification: Verification;
  /** Absent for float32 weights. */
  readonly cost?: PrecisionReport;
  readonly notices: readonly string[];
}

export type ExportOutcome = Result<ExportSummary, RunFailure>;

/**
 * Writes a run's model as one ONNX file and verifies its outputs against the run's model first.
 *
 * @returns The model's inputs and outputs, the files with their sizes in bytes, and the largest difference of the
 * outputs; or a failure, after which no file is left.
 */
export async function exportModel({
  run: folder,
  out,
  form = "sequence",
  opset = opsets.preferred,
  recurrent = "operators",
  unroll = null,
  weights = "end",
  training = false,
  snippets = false,
  precision = "float32",
  externalData = false,
  output,
}: ExportRequest): Promise<ExportOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return invalidInput(opened.error);
  const replaced = checkOutputFile(out, folder);
  if (replaced !== undefined) return invalidInput([replaced]);
  const weightsResult = readRunWeights(opened.value, weights);
  if (!weightsResult.ok) return invalidInput(weightsResult.error);
  const { step, parameters } = weightsResult.value;
  const { signature, metadata, manifest } = opened.value;
  const chosen = chooseOutput(opened.value.spec, form, output ?? null, training);
  if (!chosen.ok) return invalidInput(chosen.error);
  const spec = chosen.value;
  const metrics = recordedMetrics(folder, step);
  const state = training ? readOptimizerState(opened.value, step) : null;
  if (state?.ok === false) return invalidInput(state.error);
  const base = { spec, signature, metadata, parameters, step, hash: manifest.hash, metrics };
  const trainedModel = { ...base, ...(state && { optimizerState: state.value }) };
  const outcome = await exportTrainedModel(trainedModel, {
    out,
    form,
    opset,
    recurrent,
    unroll,
    snippets,
    precision,
    externalData,
  });
  if (!outcome.ok || outcome.value.cost === undefined) return outcome;
  const { quantizeParameters } = await import("../../compiler/export/precision.js");
  const metricsChange = await compareMetrics(folder, weights, quantizeParameters(parameters, precision));
  return ok({ ...outcome.value, cost: { ...outcome.value.cost, metrics: metricsChange } });
}

/** Exports a model in memory. */
export async function exportTrainedModel(
  trainedModel: TrainedModel,
  {
    out,
    snippets = false,
    externalData = false,
    ...settings
  }: ExportSettings & Pick<ExportRequest, "out" | "snippets" | "externalData">,
): Promise<ExportOutcome> {
  const { form, opset, precision = "float32" } = settings;
  const asTrained = trainedModel.optimizerState !== undefined;
  const problems = [
    checkOutputPath(out),
    formProblem(trainedModel, form),
    unrollProblem(trainedModel, settings.unroll),
    opsetProblem(opset, asTrained),
    precisionProblem(asTrained, precision),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) return invalidInput(problems);
  const [{ buildExport }, { quantizeParameters }] = await Promise.all([
    import("../../compiler/export/index.js"),
    import("../../compiler/export/precision.js"),
  ]);
  const { spec, signature } = trainedModel;
  const boundary = boundaryOf(trainedModel);
  // The file is verified against the model with rounded weights, and that is compared with the trained one.
  const storedModel = { ...trainedModel, parameters: quantizeParameters(trainedModel.parameters, precision) };
  const lowered = buildExport(spec, signature, storedModel.parameters, { ...settings, unfolded: asTrained, boundary });
  const useExternalData = externalData || weightBytes(lowered) > MAX_MODEL_BYTES;
  if (useExternalData && asTrained) return invalidInput([externalDataProblem(externalData)]);
  const { files: modelFiles, bytes } = await buildFiles(
    storedModel,
    form,
    lowered,
    basename(out),
    precision,
    useExternalData,
  );
  const hasSnippets = snippets && spec.losses.length === 1;
  const tokenizer = tokenizerFile(trainedModel.metadata, basename(out));
  const files = [
    ...modelFiles,
    ...(tokenizer === undefined ? [] : [tokenizer]),
    ...(hasSnippets ? snippetsOf(trainedModel, lowered.ports, basename(out)) : []),
  ];
  const options = { ...settings, boundary };
  let verification: Verification | undefined;
  let difference: number | null = null;
  const isVerified = await writeVerified(durableFs, out, files, async (stagingFolder) => {
    const model = join(stagingFolder, basename(out));
    verification = await verifyExport(storedModel, options, lowered, model);
    if (verification.difference > verification.tolerance) return false;
    if (precision !== "float32" && form !== "generate")
      difference = (await verifyExport(trainedModel, options, lowered, model, "fastest")).difference;
    return true;
  });
  if (verification === undefined) throw new Error("The export was not verified.");
  if (!isVerified) return verificationFailure(verification);
  return ok({
    model: lowered.ports,
    cells: lowered.cells,
    files: files.map(({ name, content }) => ({ name, bytes: content.length })),
    verification,
    notices: [
      ...(trainedModel.step === 0 ? ["The weights are the initial ones: no step was trained."] : []),
      ...float32ScalingNotices(trainedModel.metadata),
      ...(snippets && !hasSnippets
        ? ["No example programs are written: they have one output, the model has several."]
        : []),
    ],
    ...(precision !== "float32" && { cost: { precision, bytes, difference, metrics: null } }),
  });
}

/** The spec of what is exported: that of one output, or of all. */
function chooseOutput(
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

/** The files of the model, and the bytes of its weights in float32 and as stored. */
async function buildFiles(
  trainedModel: TrainedModel,
  form: ExportForm,
  lowered: ExportedModel,
  name: string,
  precision: Precision,
  useExternalData: boolean,
): Promise<{ readonly files: readonly ExportFile[]; readonly bytes: PrecisionReport["bytes"] }> {
  const [{ emitExport }, { withWeights, withExternalWeights }, { withPackedWeights }, { packWeights }] =
    await Promise.all([
      import("../../compiler/export/index.js"),
      import("../../compiler/onnx/splice/weights.js"),
      import("../../compiler/onnx/splice/quantize-weights.js"),
      import("../../compiler/export/precision.js"),
    ]);
  const { optimizerState } = trainedModel;
  const { doc, metadata } = describeModel(trainedModel, form, lowered.ports);
  const extra = {
    ...(precision !== "float32" && { [precisionKey]: precision }),
    ...(optimizerState && trainingMetadata(trainedModel)),
  };
  const modelWithoutWeights = await emitExport(lowered, { doc, metadata: { ...metadata, ...extra } });
  const weights = packWeights(lowered.weights, precision);
  const { model: fullModel, data } = useExternalData
    ? withExternalWeights(modelWithoutWeights, weights.plain, `${name}.data`)
    : { model: withWeights(modelWithoutWeights, weights.plain), data: undefined };
  const packedModel = weights.packed.length > 0 ? await withPackedWeights(fullModel, weights.packed) : fullModel;
  const inModel = new Set(lowered.weights.map((weight) => weight.name));
  const content =
    optimizerState === undefined
      ? packedModel
      : await addTraining(packedModel, trainedModel, optimizerState, lowered.opset, inModel);
  const before = lowered.weights.reduce((sum, { data }) => sum + data.byteLength, 0);
  const after = packedModel.length - modelWithoutWeights.length + (data?.length ?? 0);
  const dataFiles = data === undefined ? [] : [{ name: `${name}.data`, content: data }];
  return { files: [{ name, content }, ...dataFiles], bytes: { before, after } };
}

/** Training continues only in float32. */
function precisionProblem(withTraining: boolean, precision: Precision): RunProblem | undefined {
  if (!withTraining || precision === "float32") return undefined;
  const message = `Training state needs float32 weights, not ${precision}.`;
  return {
    code: "precision",
    path: "",
    message,
    hint: `Remove --with-training or ${precision === "int8" ? "--quantize" : "--precision"}.`,
  };
}

/** A protobuf message is limited to 2 GiB; 64 MiB are reserved for the graph. */
const MAX_MODEL_BYTES = 2 ** 31 - 2 ** 26;

function weightBytes({ weights }: ExportedModel): number {
  return weights.reduce((sum, { data }) => sum + data.byteLength, 0);
}

function externalDataProblem(isRequested: boolean): RunProblem {
  const message = isRequested
    ? "A model with training state cannot store its weights as external data."
    : "The weights exceed the size of a model file, and a model with training state cannot use external data.";
  return { code: "external-data", path: "", message, hint: "Remove --with-training." };
}

function unrollProblem({ spec, signature }: TrainedModel, unroll: number | null): RunProblem | undefined {
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
function formProblem({ spec, metadata, signature }: TrainedModel, form: ExportForm): RunProblem | undefined {
  if (form === "generate" && metadata.type !== "text") {
    const message = `The generate form needs a model of text, but the model was trained on ${metadata.type} data.`;
    return { code: "not-text", path: "", message, hint: "Export another form." };
  }
  if (form === "generate" && mostSteps(spec.model) < 2) {
    const message = "The generate form reads a prompt and an id, but the model has positions for one step.";
    return { code: "position-length", path: "", message, hint: "Export another form." };
  }
  const reason = form === "sequence" ? undefined : (whyNotStreamable(spec.model) ?? timeAxesReason(signature));
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

/** The problem of an unsupported opset. */
function opsetProblem(opset: number, withTraining: boolean): RunProblem | undefined {
  const { first, last } = withTraining ? trainingOpsets : opsets;
  if (Number.isInteger(opset) && opset >= first && opset <= last) return undefined;
  const where = withTraining ? " with training state" : "";
  const message = `Opset ${opset} is not supported${where}: use ${first} to ${last}.`;
  return { code: "opset", path: "", message, hint: "" };
}
