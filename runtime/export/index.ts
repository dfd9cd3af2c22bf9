/** Export: a trained model as one ONNX file, verified against the training's forward pass before it is written. */

import { basename, join } from "node:path";
import type { CellForm, ExportedModel, ExportForm, ExportOptions, ExportPorts } from "../../compiler/export/index.js";
import { opsets, type Precision } from "../../compiler/export/options.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { recordedMetrics } from "../run/layout.js";
import { openRun, readRunWeights, type WeightsSelector } from "../run/open.js";
import { checkOutputFile } from "../run/output-file.js";
import { durableFs } from "../storage/durable-fs.js";
import { float32ScalingNotices } from "./float32-scaling.js";
import { mergeAdapters, withoutAdapters } from "./merge-adapters.js";
import { describeModel } from "./metadata.js";
import { compareMetrics, type PrecisionReport } from "./precision-report.js";
import {
  chooseOutput,
  externalDataProblem,
  formProblem,
  opsetProblem,
  precisionProblem,
  trainingLayerProblem,
  unrollProblem,
} from "./problems.js";
import { forecasterNotices } from "./snippets/forecaster.js";
import { snippetsOf } from "./snippets/index.js";
import { boundaryOf, type TrainedModel } from "./source-run.js";
import { tokenizerFiles } from "./tokenizer-file.js";
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
  // The training of an exported model continues with its factors.
  const merged = training
    ? { spec, parameters }
    : { spec: withoutAdapters(spec), parameters: mergeAdapters(spec, parameters) };
  const base = { ...merged, signature, metadata, step, hash: manifest.hash, metrics };
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
    unrollProblem(trainedModel, settings.unroll, form),
    opsetProblem(opset, asTrained),
    trainingLayerProblem(trainedModel.spec, asTrained),
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
  // A decoder continues with the one output that it decodes.
  const hasSnippets = snippets && (spec.losses.length === 1 || spec.data.type !== "pairs");
  const files = [
    ...modelFiles,
    ...tokenizerFiles(trainedModel.metadata, basename(out)),
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
      ...(hasSnippets ? forecasterNotices(trainedModel) : []),
      ...(snippets && !hasSnippets
        ? ["No example programs are written: a decoder has one output, the model has several."]
        : []),
    ],
    ...(precision !== "float32" && { cost: { precision, bytes, difference, metrics: null } }),
  });
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

/** A protobuf message is limited to 2 GiB; 64 MiB are reserved for the graph. */
const MAX_MODEL_BYTES = 2 ** 31 - 2 ** 26;

function weightBytes({ weights }: ExportedModel): number {
  return weights.reduce((sum, { data }) => sum + data.byteLength, 0);
}
