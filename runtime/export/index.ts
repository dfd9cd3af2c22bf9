/** Export: a trained model as one ONNX file for one use, proved before it is left. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { CellForm, ExportForm, ExportOptions, ExportPorts, Lowered } from "../../compiler/export/index.js";
import { opsets, type Precision } from "../../compiler/export/options.js";
import { trainingOpsets } from "../../compiler/export/training-names.js";
import { needsWhole } from "../../schema/streaming.js";
import { type RunResult, runFiles } from "../directory.js";
import { disk } from "../disk.js";
import { failed, type RunFailure, wrongInput } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { openRun, type Run, readWeights, type Which } from "../run.js";
import { type ExportFile, unwritable, writeProved } from "./files.js";
import { type Cost, metricsOf as measure } from "./precision.js";
import { snippetsOf } from "./snippets/index.js";
import { boundaryOf, type Subject } from "./subject.js";
import { addTraining, readTrainingState, trainingMetadata } from "./training.js";
import { type Verification, verifyExport } from "./verify/index.js";
import { wordsOf } from "./words.js";

const precisionKey = "rnnx.precision";

export type ExportSettings = Omit<ExportOptions, "boundary">;

export interface ExportRequest extends Partial<ExportSettings> {
  /** The run directory. */
  readonly run: string;
  /** The file to write, `.onnx`. */
  readonly out: string;
  /** What the run ended with by default. */
  readonly weights?: Which;
  /** Whether the training travels with the model, so that it can go on from the file alone. */
  readonly training?: boolean;
  /** Whether short programs that use the model are written beside it; by default they are not. */
  readonly snippets?: boolean;
  /** Whether weights lie in a file of their own, `<model>.data`; by default where a model file could not hold them. */
  readonly externalData?: boolean;
}

export interface Exported {
  readonly model: ExportPorts;
  readonly cells: readonly CellForm[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly verification: Verification;
  /** Absent where weights are float32. */
  readonly cost?: Cost;
}

export type ExportOutcome = ({ readonly ok: true } & Exported) | RunFailure;

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
  opset = opsets.usual,
  loops = "operators",
  unroll = null,
  weights = "end",
  training = false,
  snippets = false,
  precision = "float32",
  externalData = false,
}: ExportRequest): Promise<ExportOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return wrongInput(opened.problems);
  const read = readWeights(opened.run, weights);
  if (!read.ok) return wrongInput(read.problems);
  const { step, parameters } = read.weights;
  const { spec, signature, metadata, manifest } = opened.run;
  const metrics = metricsOf(opened.run, step);
  const state = training ? readTrainingState(opened.run, step) : null;
  if (state?.ok === false) return wrongInput(state.problems);
  const about = { spec, signature, metadata, parameters, step, hash: manifest.hash, metrics };
  const subject = { ...about, ...(state && { training: state.state }) };
  const outcome = await exportSubject(subject, { out, form, opset, loops, unroll, snippets, precision, externalData });
  if (!outcome.ok || outcome.cost === undefined) return outcome;
  const { rounded } = await import("../../compiler/export/precision.js");
  const moved = await measure(folder, weights, rounded(parameters, precision));
  return { ...outcome, cost: { ...outcome.cost, metrics: moved } };
}

/** The same for a model that is at hand. */
export async function exportSubject(
  subject: Subject,
  {
    out,
    snippets = false,
    externalData = false,
    ...settings
  }: ExportSettings & Pick<ExportRequest, "out" | "snippets" | "externalData">,
): Promise<ExportOutcome> {
  const { form, opset, precision = "float32" } = settings;
  const asTrained = subject.training !== undefined;
  const problems = [
    unwritable(out),
    unfit(subject, form),
    unversioned(opset, asTrained),
    untrainable(asTrained, precision),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) return wrongInput(problems);
  const [{ lowerExport }, { rounded }] = await Promise.all([
    import("../../compiler/export/index.js"),
    import("../../compiler/export/precision.js"),
  ]);
  const { spec, signature } = subject;
  const boundary = boundaryOf(subject);
  // A model of rounded weights is a model like any other: the file is held against that, and that against the trained one.
  const written = { ...subject, parameters: rounded(subject.parameters, precision) };
  const lowered = lowerExport(spec, signature, written.parameters, { ...settings, asTrained, boundary });
  const apart = externalData || weighs(lowered) > mostInModel;
  if (apart && asTrained) return wrongInput([trainsWhole(externalData)]);
  const { made, bytes } = await filesOf(written, form, lowered, basename(out), precision, apart);
  const files = [...made, ...(snippets ? snippetsOf(subject, lowered.ports, basename(out)) : [])];
  const options = { ...settings, boundary };
  let verification: Verification | undefined;
  let difference: number | null = null;
  const proved = await writeProved(disk, out, files, async (workshop) => {
    const model = join(workshop, basename(out));
    verification = await verifyExport(written, options, lowered, model);
    if (verification.difference > verification.tolerance) return false;
    if (precision !== "float32" && form !== "generate")
      difference = (await verifyExport(subject, options, lowered, model, "fastest")).difference;
    return true;
  });
  if (verification === undefined) throw new Error("The export was not verified.");
  if (!proved)
    return failed(
      `The exported model differs from the trained one by ${verification.difference.toExponential(1)}, more than ${verification.tolerance}: nothing was written.`,
    );
  return {
    ok: true,
    model: lowered.ports,
    cells: lowered.cells,
    files: files.map(({ name, content }) => ({ name, bytes: content.length })),
    verification,
    ...(precision !== "float32" && { cost: { precision, bytes, difference, metrics: null } }),
  };
}

/** The model's file, and the bytes of its weights in float32 and as they are stored. */
async function filesOf(
  subject: Subject,
  form: ExportForm,
  lowered: Lowered,
  name: string,
  precision: Precision,
  apart: boolean,
): Promise<{ readonly made: readonly ExportFile[]; readonly bytes: Cost["bytes"] }> {
  const [{ emitExport }, { withWeights, withWeightsApart }, { withPacked }, { packed }] = await Promise.all([
    import("../../compiler/export/index.js"),
    import("../../compiler/emit/weights.js"),
    import("../../compiler/emit/packed.js"),
    import("../../compiler/export/precision.js"),
  ]);
  const { training } = subject;
  const { doc, metadata } = wordsOf(subject, form, lowered.ports);
  const extra = {
    ...(precision !== "float32" && { [precisionKey]: precision }),
    ...(training && trainingMetadata(subject)),
  };
  const bare = await emitExport(lowered, { doc, metadata: { ...metadata, ...extra } });
  const weights = packed(lowered.weights, precision);
  const { model: exact, data } = apart
    ? withWeightsApart(bare, weights.plain, `${name}.data`)
    : { model: withWeights(bare, weights.plain), data: undefined };
  const small = weights.packed.length > 0 ? await withPacked(exact, weights.packed) : exact;
  const inModel = new Set(lowered.weights.map((weight) => weight.name));
  const content = training === undefined ? small : await addTraining(small, subject, training, lowered.opset, inModel);
  const before = lowered.weights.reduce((sum, { data }) => sum + data.byteLength, 0);
  const after = small.length - bare.length + (data?.length ?? 0);
  const beside = data === undefined ? [] : [{ name: `${name}.data`, content: data }];
  return { made: [{ name, content }, ...beside], bytes: { before, after } };
}

/** A training goes on in float32. */
function untrainable(trains: boolean, precision: Precision): RunProblem | undefined {
  if (!trains || precision === "float32") return undefined;
  const message = `A training goes on with float32 weights, and not with ${precision}.`;
  return { code: "precision", path: "", message, hint: "Export one without the other." };
}

/** A protobuf message has less than 2 GiB; this leaves room for all that is no weight. */
const mostInModel = 2 ** 31 - 2 ** 26;

function weighs({ weights }: Lowered): number {
  return weights.reduce((sum, { data }) => sum + data.byteLength, 0);
}

function trainsWhole(asked: boolean): RunProblem {
  const message = asked
    ? "A model that its training goes with holds its weights itself."
    : "The weights are more than a model file can hold, and a training goes with a model that holds them itself.";
  return { code: "external-data", path: "", message, hint: "Leave --with-training out." };
}

/** Why a model has no such form. */
function unfit({ spec, metadata }: Subject, form: ExportForm): RunProblem | undefined {
  if (form === "generate" && metadata.type !== "text") {
    const message = `The model was trained on ${metadata.type} data, and only models of text write text.`;
    return { code: "not-text", path: "", message, hint: "Export another form." };
  }
  const whole = form === "sequence" ? undefined : needsWhole(spec.model);
  if (whole === undefined) return undefined;
  const message = `The model cannot go step by step: ${whole}.`;
  return { code: "not-streaming", path: "", message, hint: "Export its sequence form." };
}

/** Why nothing is written in a version of the operators. */
function unversioned(opset: number, trains: boolean): RunProblem | undefined {
  const { first, last } = trains ? trainingOpsets : opsets;
  if (Number.isInteger(opset) && opset >= first && opset <= last) return undefined;
  const message = `There is no opset ${opset} to export ${trains ? "a training " : ""}to: it is a whole number from ${first} to ${last}.`;
  return { code: "opset", path: "", message, hint: "" };
}

/** What the run said of these weights at its end. */
function metricsOf({ folder }: Run, step: number): object | null {
  const file = join(folder, runFiles.result);
  if (!existsSync(file)) return null;
  const { weights, done }: RunResult = JSON.parse(readFileSync(file, "utf8"));
  return weights === step ? done.metrics : null;
}
