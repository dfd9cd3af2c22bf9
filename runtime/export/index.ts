/** Export: a trained model as one ONNX file for one use, proved before it is left. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { CellForm, ExportForm, ExportOptions, ExportPorts, Lowered } from "../../compiler/export/index.js";
import { opsets } from "../../compiler/export/options.js";
import { trainingOpsets } from "../../compiler/export/training-names.js";
import { needsWhole } from "../../schema/streaming.js";
import { type RunResult, runFiles } from "../directory.js";
import { disk } from "../disk.js";
import { failed, type RunFailure, wrongInput } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { openRun, type Run, readWeights, type Which } from "../run.js";
import { type ExportFile, unwritable, writeProved } from "./files.js";
import { snippetsOf } from "./snippets/index.js";
import { boundaryOf, type Subject } from "./subject.js";
import { addTraining, readTrainingState, trainingMetadata } from "./training.js";
import { type Verification, verifyExport } from "./verify/index.js";
import { wordsOf } from "./words.js";

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
}

export interface Exported {
  readonly model: ExportPorts;
  readonly cells: readonly CellForm[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly verification: Verification;
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
  return exportSubject(
    { ...about, ...(state && { training: state.state }) },
    { out, form, opset, loops, unroll, snippets },
  );
}

/** The same for a model that is at hand. */
export async function exportSubject(
  subject: Subject,
  { out, snippets = false, ...settings }: ExportSettings & Pick<ExportRequest, "out" | "snippets">,
): Promise<ExportOutcome> {
  const { form, opset } = settings;
  const asTrained = subject.training !== undefined;
  const problems = [unwritable(out), unfit(subject, form), unversioned(opset, asTrained)].filter(
    (problem) => problem !== undefined,
  );
  if (problems.length > 0) return wrongInput(problems);
  const { lowerExport } = await import("../../compiler/export/index.js");
  const { spec, signature, parameters } = subject;
  const boundary = boundaryOf(subject);
  const lowered = lowerExport(spec, signature, parameters, { ...settings, asTrained, boundary });
  const files = [
    ...(await filesOf(subject, form, lowered, basename(out))),
    ...(snippets ? snippetsOf(subject, lowered.ports, basename(out)) : []),
  ];
  let verification: Verification | undefined;
  const written = await writeProved(disk, out, files, async (workshop) => {
    verification = await verifyExport(subject, { ...settings, boundary }, lowered.ports, join(workshop, basename(out)));
    return verification.difference <= verification.tolerance;
  });
  if (verification === undefined) throw new Error("The export was not verified.");
  if (!written)
    return failed(
      `The exported model differs from the trained one by ${verification.difference.toExponential(1)}, more than ${verification.tolerance}: nothing was written.`,
    );
  return {
    ok: true,
    model: lowered.ports,
    cells: lowered.cells,
    files: files.map(({ name, content }) => ({ name, bytes: content.length })),
    verification,
  };
}

/** Everything that is written, in order. */
async function filesOf(
  subject: Subject,
  form: ExportForm,
  lowered: Lowered,
  name: string,
): Promise<readonly ExportFile[]> {
  const [{ emitExport }, { withWeights }] = await Promise.all([
    import("../../compiler/export/index.js"),
    import("../../compiler/emit/weights.js"),
  ]);
  const { training } = subject;
  const { doc, metadata } = wordsOf(subject, form, lowered.ports);
  const about = { doc, metadata: { ...metadata, ...(training && trainingMetadata(subject)) } };
  const model = withWeights(await emitExport(lowered, about), lowered.weights);
  if (training === undefined) return [{ name, content: model }];
  const inModel = new Set(lowered.weights.map((weight) => weight.name));
  return [{ name, content: await addTraining(model, subject, training, lowered.opset, inModel) }];
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
