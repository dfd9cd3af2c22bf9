/** The training step of a model that another program made: read, differentiated, written in standard operators. */
import type { Problem } from "../../schema/diagnostics/index.js";
import { joinWithAnd } from "../../schema/diagnostics/suggest.js";
import { matchesAny } from "../../schema/kinds/parameter-patterns.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { isParameter, type Program, restrictToOutputs } from "../elaborate/program.js";
import { importForBatches } from "../importer/batch-axis.js";
import type { ImportedModel, WeightInput } from "../importer/index.js";
import { printShape } from "../ir/dims.js";
import type { Value } from "../ir/types.js";
import { tiedNotice } from "../onnx/splice/separate-weights.js";
import {
  chooseOutput,
  damagedTensor,
  idleBatchNorm,
  infiniteTensors,
  isTrainable,
  unmatchedPattern,
} from "./choices.js";
import { type Composition, composeProgram } from "./compose.js";
import { emit } from "./emit.js";
import { untrainedParameters } from "./gradients.js";
import { lossOperandOf, lossProgramOf } from "./loss.js";
import { publicName, renamedNotice } from "./names.js";
import { constantWeightsNotice, exporterConstantsNotice, unreachedNotice, unreadInputsNotice } from "./notices.js";
import type { FineTuneRequest, FineTuneResult } from "./request.js";
import { transposedNotice } from "./transposed-weights.js";

export type { FineTuneArtifact, FineTuneRequest, FineTuneResult } from "./request.js";

/** @param bytes of an .onnx file. */
export async function fineTune(bytes: Uint8Array, request: FineTuneRequest): Promise<FineTuneResult> {
  const { spec, external, batchNorm } = request;
  const imported = importForBatches(bytes, { external, batchNorm });
  if (!imported.ok) return failed({ ...imported.problem, path: "" });
  const { model } = imported;
  const chosen = chooseOutput(model, request.output);
  if ("problem" in chosen) return failed(chosen.problem);
  const { parameters, freeze = [] } = request;
  const mistake = unmatchedPattern(model, [...parameters, ...freeze]) ?? idleBatchNorm(model, batchNorm);
  if (mistake !== undefined) return failed(mistake);
  const { output, name } = chosen;
  const subject = subjectOf(model, output, name, request);
  const evaluated = batchNorm === "inference" ? subject : evaluationSubject(bytes, name, request);
  if (!subject.ok) return failed(subject.problem);
  if (!evaluated.ok) return failed(evaluated.problem);
  const subjects = { training: subject.subject, evaluation: evaluated.subject };
  const statistics = new Set(model.weights.flatMap((weight) => (weight.next === undefined ? [] : [weight.name])));
  const infinite = new Set(infiniteTensors(model));
  const constants = new Set(parameters.length === 0 ? model.exporterConstants : []);
  const isNamed = ({ name: tensor }: WeightInput) =>
    (parameters.length === 0 ? !constants.has(tensor) : matchesAny(parameters, tensor)) && !matchesAny(freeze, tensor);
  const isTrained = (weight: WeightInput) => isTrainable(weight) && isNamed(weight) && !infinite.has(weight.name);
  const composed = composePrograms(spec, subjects, { isTrained, statistics });
  if (!composed.ok) return composed;
  const trained = composed.training.inputs.filter(isParameter).map((port) => port.name);
  if (trained.length === 0) return failed(nothingToTrain(`The output ${name} depends on no trained parameter.`));
  const unchanged = new Set(untrainedParameters(composed.training));
  if (unchanged.size === trained.length) return failed(nothingToTrain(zeroDerivative(model, name)));
  const isChanged = (weight: WeightInput) => isTrained(weight) && !unchanged.has(publicName(weight.name));
  const programs =
    unchanged.size === 0 ? composed : composePrograms(spec, subjects, { isTrained: isChanged, statistics });
  if (!programs.ok) return programs;
  const { training, evaluation } = programs;
  const read = new Set(evaluation.inputs.map((port) => port.name));
  const damaged = damagedTensor(model, read);
  if (damaged !== undefined) return failed(damaged);
  const unread = <T extends { readonly name: string }>(values: readonly T[]) =>
    values.flatMap((value) => (read.has(publicName(value.name)) ? [] : [value.name]));
  const artifact = await emit(training, evaluation, model, request, name);
  const notices = [
    ...model.notices,
    ...constantWeightsNotice(model.constantWeights),
    ...exporterConstantsNotice([...constants].filter((tensor) => read.has(publicName(tensor)))),
    ...tiedNotice(tiedAmong(model, isChanged), "--untie PATTERN"),
    ...transposedNotice(model.weights.filter((weight) => isChanged(weight) && read.has(publicName(weight.name)))),
    ...(subject.subject.operand?.notices ?? meanNotice(output, name)),
    ...renamedNotice(model.inputs.map((input) => input.name)),
    ...[...infinite].flatMap((tensor) =>
      read.has(publicName(tensor)) ? [`${tensor} has infinite numbers: it stays as it is.`] : [],
    ),
    ...unreachedNotice(unread(model.weights.filter(isTrained)), name),
    ...unreadInputsNotice(unread(model.inputs), name),
    ...(unchanged.size === 0
      ? []
      : [`Parameters that stay as they are, because the derivative of the loss is 0: ${[...unchanged].join(", ")}.`]),
  ];
  return { ok: true, artifact, notices };
}

/** A model and the output and operand that a program reads. */
type Subject = Pick<Composition, "imported" | "output" | "operand">;
type SubjectResult =
  | { readonly ok: true; readonly subject: Subject }
  | { readonly ok: false; readonly problem: Problem };

function subjectOf(
  imported: ImportedModel,
  output: Value,
  name: string,
  { spec, isOutputLoss }: FineTuneRequest,
): SubjectResult {
  const operand = isOutputLoss ? null : lossOperandOf(imported.graph, output, name, spec);
  if (operand !== null && !operand.ok) return operand;
  return { ok: true, subject: { imported, output, operand: operand?.operand ?? null } };
}

/** The model as it is written: batch normalization by the stored statistics. */
function evaluationSubject(bytes: Uint8Array, name: string, request: FineTuneRequest): SubjectResult {
  const imported = importForBatches(bytes, { external: request.external, batchNorm: "inference" });
  if (!imported.ok) return { ok: false, problem: { ...imported.problem, path: "" } };
  const chosen = chooseOutput(imported.model, name);
  return "problem" in chosen
    ? { ok: false, problem: chosen.problem }
    : subjectOf(imported.model, chosen.output, name, request);
}

/** Tied weights that a training changes. */
function tiedAmong({ weights, tied }: ImportedModel, isChanged: (weight: WeightInput) => boolean) {
  return tied.filter(({ name }) => weights.some((weight) => weight.name === name && isChanged(weight)));
}

const failed = (...problems: readonly Problem[]): FineTuneResult => ({ ok: false, problems });

function nothingToTrain(message: string): Problem {
  return { code: "nothing-to-train", path: "", message, hint: "Name others with --parameters or --output." };
}

function zeroDerivative({ nodes }: ImportedModel, name: string): string {
  const operators = new Set(nodes.flatMap(({ gradient, operator }) => (gradient === "zero" ? [operator] : [])));
  const reason = operators.size === 0 ? "" : ` The derivative of ${joinWithAnd([...operators])} is 0.`;
  return `The loss of the output ${name} has the derivative 0 for all trained parameters.${reason}`;
}

function meanNotice({ type: { shape } }: Value, name: string): readonly string[] {
  return shape.length === 0 ? [] : [`The loss is the mean of the output ${name}, ${printShape(shape)}.`];
}

type Programs =
  | { readonly ok: true; readonly training: Program; readonly evaluation: Program }
  | Extract<FineTuneResult, { readonly ok: false }>;

function composePrograms(
  spec: NormalSpec,
  subjects: { readonly training: Subject; readonly evaluation: Subject },
  roles: Pick<Composition, "isTrained" | "statistics">,
): Programs {
  const compose = (mode: "training" | "evaluation") => {
    const subject = subjects[mode];
    const loss = subject.operand === null ? null : lossProgramOf(spec, subject.operand, mode);
    if (loss !== null && !loss.ok) return loss;
    const composition = { ...subject, ...roles, loss: loss?.program ?? null };
    return { ok: true, program: composeProgram(composition, mode) } as const;
  };
  const [training, evaluation] = [compose("training"), compose("evaluation")];
  if (!training.ok) return training;
  if (!evaluation.ok) return evaluation;
  const isRead: Parameters<typeof restrictToOutputs>[1] = ({ name, role }) => role === "buffer" || name === "loss";
  return { ok: true, training: restrictToOutputs(training.program, isRead), evaluation: evaluation.program };
}
