/** Export: a trained model as one ONNX file for one use, proved before it is left. */
import { basename, join } from "node:path";
import type { CellForm, ExportedModel, ExportForm, ExportOptions, ExportPorts } from "../../compiler/export/index.js";
import { opsets, type Precision } from "../../compiler/export/options.js";
import { trainingOpsets } from "../../compiler/export/training-names.js";
import { whyNotStreamable } from "../../schema/kinds/layers.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { recordedMetrics } from "../run/layout.js";
import { openRun, readRunWeights, type WeightsSelector } from "../run/open.js";
import { durableFs } from "../storage/durable-fs.js";
import { describeModel } from "./metadata.js";
import { compareMetrics as measure, type PrecisionReport } from "./precision-report.js";
import { snippetsOf } from "./snippets/index.js";
import { boundaryOf, type TrainedModel } from "./source-run.js";
import { addTraining, readOptimizerState, trainingMetadata } from "./training-state.js";
import { type Verification, verifyExport } from "./verify/index.js";
import { checkOutputPath, type ExportFile, writeVerified } from "./write-files.js";

const precisionKey = "rnnx.precision";

export type ExportSettings = Omit<ExportOptions, "boundary">;

export interface ExportRequest extends Partial<ExportSettings> {
  /** The run directory. */
  readonly run: string;
  /** The file to write, `.onnx`. */
  readonly out: string;
  /** What the run ended with by default. */
  readonly weights?: WeightsSelector;
  /** Whether the training travels with the model, so that it can go on from the file alone. */
  readonly training?: boolean;
  /** Whether short programs that use the model are written beside it; by default they are not. */
  readonly snippets?: boolean;
  /** Whether weights lie in a file of their own, `<model>.data`; by default where a model file could not hold them. */
  readonly externalData?: boolean;
}

export interface ExportSummary {
  readonly model: ExportPorts;
  readonly cells: readonly CellForm[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly verification: Verification;
  /** Absent where weights are float32. */
  readonly cost?: PrecisionReport;
}

export type ExportOutcome = Result<ExportSummary, RunFailure>;

/**
 * Writes a run's model as one ONNX file, and compares what it says with what the run says before it leaves it.
 *
 * @returns The model's inputs and outputs, the files with their sizes in bytes, and how far the numbers are apart at most; or why there is no
 * such file. Nothing is left behind then.
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
}: ExportRequest): Promise<ExportOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return invalidInput(opened.error);
  const weightsResult = readRunWeights(opened.value, weights);
  if (!weightsResult.ok) return invalidInput(weightsResult.error);
  const { step, parameters } = weightsResult.value;
  const { spec, signature, metadata, manifest } = opened.value;
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
  const metricsChange = await measure(folder, weights, quantizeParameters(parameters, precision));
  return ok({ ...outcome.value, cost: { ...outcome.value.cost, metrics: metricsChange } });
}

/** The same for a model that is at hand. */
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
  // A model of rounded weights is a model like any other: the file is held against that, and that against the trained one.
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
  const files = [...modelFiles, ...(snippets ? snippetsOf(trainedModel, lowered.ports, basename(out)) : [])];
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
  if (!isVerified)
    return runFailed(
      `The exported model differs from the trained one by ${verification.difference.toExponential(1)}, more than ${verification.tolerance}: nothing was written.`,
    );
  return ok({
    model: lowered.ports,
    cells: lowered.cells,
    files: files.map(({ name, content }) => ({ name, bytes: content.length })),
    verification,
    ...(precision !== "float32" && { cost: { precision, bytes, difference, metrics: null } }),
  });
}

/** The model's file, and the bytes of its weights in float32 and as they are stored. */
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
      import("../../compiler/onnx/splice/quantized.js"),
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

/** A training goes on in float32. */
function precisionProblem(withTraining: boolean, precision: Precision): RunProblem | undefined {
  if (!withTraining || precision === "float32") return undefined;
  const message = `A training goes on with float32 weights, and not with ${precision}.`;
  return { code: "precision", path: "", message, hint: "Export one without the other." };
}

/** A protobuf message has less than 2 GiB; this leaves room for all that is no weight. */
const MAX_MODEL_BYTES = 2 ** 31 - 2 ** 26;

function weightBytes({ weights }: ExportedModel): number {
  return weights.reduce((sum, { data }) => sum + data.byteLength, 0);
}

function externalDataProblem(isRequested: boolean): RunProblem {
  const message = isRequested
    ? "A model that its training goes with holds its weights itself."
    : "The weights are more than a model file can hold, and a training goes with a model that holds them itself.";
  return { code: "external-data", path: "", message, hint: "Leave --with-training out." };
}

/** Why a model has no such form. */
function formProblem({ spec, metadata }: TrainedModel, form: ExportForm): RunProblem | undefined {
  if (form === "generate" && metadata.type !== "text") {
    const message = `The model was trained on ${metadata.type} data, and only models of text write text.`;
    return { code: "not-text", path: "", message, hint: "Export another form." };
  }
  const reason = form === "sequence" ? undefined : whyNotStreamable(spec.model);
  if (reason === undefined) return undefined;
  const message = `The model cannot go step by step: ${reason}.`;
  return { code: "not-streaming", path: "", message, hint: "Export its sequence form." };
}

/** Why nothing is written in a version of the operators. */
function opsetProblem(opset: number, withTraining: boolean): RunProblem | undefined {
  const { first, last } = withTraining ? trainingOpsets : opsets;
  if (Number.isInteger(opset) && opset >= first && opset <= last) return undefined;
  const message = `There is no opset ${opset} to export ${withTraining ? "a training " : ""}to: it is a whole number from ${first} to ${last}.`;
  return { code: "opset", path: "", message, hint: "" };
}
