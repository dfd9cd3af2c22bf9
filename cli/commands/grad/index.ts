/** `rnnx grad`: the training step of an ONNX model that another program made. */
import { join, resolve } from "node:path";
import { Option } from "commander";
import type { FineTuneArtifact } from "../../../compiler/fine-tune/index.js";
import { formatBytes } from "../../../runtime/format.js";
import type { TrainingRecord } from "../../../runtime/training/fine-tune/step-folder.js";
import type { Override } from "../../../schema/parse/overrides.js";
import type { CommandModule } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportProblems } from "../../open-run.js";
import { collectValues, positiveParser, setOption } from "../../option-parsers.js";
import { type OutputFile, otherFileIn, runFileIn, writeFolder } from "../../write-folder.js";
import { readModelFile } from "./apply-weights.js";
import { OUTPUT_LOSS, trainingSettings, trainingSpec } from "./training-spec.js";

interface Flags {
  readonly loss?: string;
  readonly apply?: string;
  readonly out: string;
  readonly output?: string;
  readonly parameters?: readonly string[];
  readonly freeze?: readonly string[];
  readonly untie?: readonly string[];
  readonly optimizer: string;
  readonly learningRate?: number;
  readonly batchNorm: "inference" | "training";
  readonly inputGradient?: boolean;
  readonly set?: readonly Override[];
}

const INPUT_GRADIENT = "input-gradient.onnx";

export const grad: CommandModule = {
  description:
    "Reads an ONNX model that another program made, differentiates a loss of its output, and writes train.onnx, eval.onnx, model.onnx, " +
    "initial.safetensors, training.json and manifest.json, which rnnx train reads. A node without a rule is refused by name. Either all files are written or none.",
  example: "rnnx grad encoder.onnx --loss cross_entropy --optimizer adam --out tuned",

  declare(command) {
    command
      .argument("<model>", "ONNX file (.onnx)")
      .option("--loss <type>", `loss of the output; ${OUTPUT_LOSS}: the output is the loss`)
      .option("--apply <file>", "write the model with these trained weights (.safetensors), as the file --out")
      .requiredOption("--out <path>", "output folder, or the model of --apply")
      .option("--output <name>", "trained output (default: the only one)")
      .option("--parameters <pattern>", "train only parameters of this name (repeatable; default: all)", collectValues)
      .option("--freeze <pattern>", "leave parameters of this name as they are (repeatable)", collectValues)
      .option(
        "--untie <pattern>",
        "train a weight of its own for each node that reads a tensor of this name (repeatable)",
        collectValues,
      )
      .option("--optimizer <type>", "optimizer", "adam")
      .option("--learning-rate <rate>", "learning rate", positiveParser(1e6))
      .addOption(
        new Option("--batch-norm <mode>", "statistics of batch normalization: stored ones, or those of the batch")
          .choices(["inference", "training"])
          .default("inference"),
      )
      .option("--input-gradient", "write input-gradient.onnx: the derivative of the loss for each input")
      .addOption(setOption());
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const {
      loss,
      out,
      output: trained,
      parameters = [],
      freeze = [],
      untie = [],
      batchNorm,
      inputGradient = false,
      ...flags
    } = command.opts<Flags>();
    if ((loss === undefined) === (flags.apply === undefined)) {
      const message = loss === undefined ? "--loss is missing" : "--apply and --loss cannot be combined";
      reportInvalidInput(output, "usage", message, "Give --loss for a training step, or --apply for a trained model.");
      return exitCodes.invalidInput;
    }
    const unread = flags.set?.find(
      ({ path }) => !trainingSettings.some((key) => path === key || path.startsWith(`${key}.`)),
    );
    if (unread !== undefined) {
      const message = `${unread.flag} is no setting of the loss or the optimizer`;
      reportInvalidInput(output, "usage", message, `The keys of --set begin with ${trainingSettings.join(", ")}.`);
      return exitCodes.invalidInput;
    }
    if (flags.apply !== undefined)
      return (await import("./apply-weights.js")).applyWeights(output, file, flags.apply, out, untie);
    const settings = await trainingSpec(output, file, { ...flags, loss: loss ?? OUTPUT_LOSS });
    const bytes = await readModelFile(output, file, untie);
    if (settings === undefined || bytes === undefined) return exitCodes.invalidInput;
    const [{ fineTune }, { readModel }, { checkExternalData, externalDataReader }, { runFiles }] = await Promise.all([
      import("../../../compiler/fine-tune/index.js"),
      import("../../../compiler/onnx/read/model.js"),
      import("../../../runtime/import/external-data.js"),
      import("../../../runtime/run/layout.js"),
    ]);
    const model = readModel(bytes);
    const unsafe = model.ok ? checkExternalData(file, model.model.initializers) : [];
    if (unsafe.length > 0) {
      reportProblems(output, unsafe);
      return exitCodes.invalidInput;
    }
    const result = await fineTune(bytes, {
      spec: settings.spec,
      isOutputLoss: loss === OUTPUT_LOSS,
      output: trained,
      parameters,
      freeze,
      inputGradient,
      batchNorm,
      external: externalDataReader(file),
    });
    if (!result.ok) {
      for (const { code, message, hint = "" } of result.problems)
        reportInvalidInput(output, code, `${file}: ${message}`, hint);
      return exitCodes.invalidInput;
    }
    const hasOwnWeights = !model.ok || model.model.initializers.every(({ external }) => external === undefined);
    const files = await artifactFiles(result.artifact, settings.record, hasOwnWeights ? bytes : null);
    const other =
      files.find(({ name }) => resolve(out, name) === resolve(file))?.name ?? (await otherFileIn(out, files));
    const conflict = (await runFileIn(out))
      ? `${out} is a run directory`
      : other && `${out} has the file ${other}, which would be replaced`;
    if (conflict !== undefined) {
      reportInvalidInput(output, "run-directory", conflict, "Choose another folder with --out.");
      return exitCodes.invalidInput;
    }
    for (const notice of result.notices) output.note(notice);
    await writeFolder(out, files, [INPUT_GRADIENT, runFiles.model]);
    const { parameters: tensors } = result.artifact.manifest;
    output.record({
      event: "result",
      out,
      files: files.map(({ name, content }) => ({ name, bytes: content.length })),
      parameters: tensors,
      notices: result.notices,
    });
    for (const { name, content } of files) output.print(`${join(out, name)}  ${formatBytes(content.length)}`);
    return exitCodes.success;
  },
};

/** The files in the order of writing. The manifest is last: its presence implies complete models. */
async function artifactFiles(
  { train, eval: evaluation, inputGradient, manifest, weights }: FineTuneArtifact,
  record: TrainingRecord,
  model: Uint8Array | null,
): Promise<readonly OutputFile[]> {
  const [{ writeSafetensors }, { initializeTensors }, { trainingFiles }, { runFiles }] = await Promise.all([
    import("../../../runtime/tensors/safetensors.js"),
    import("../../../runtime/tensors/initializers.js"),
    import("../../../runtime/training/training-files.js"),
    import("../../../runtime/run/layout.js"),
  ]);
  const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
  const slots = initializeTensors(manifest.slots, 0);
  return [
    { name: runFiles.train, content: train },
    { name: runFiles.eval, content: evaluation },
    ...(model === null ? [] : [{ name: runFiles.model, content: model }]),
    ...(inputGradient === null ? [] : [{ name: INPUT_GRADIENT, content: inputGradient }]),
    { name: trainingFiles.initial, content: writeSafetensors(new Map([...weights, ...slots])) },
    { name: runFiles.training, content: json(record) },
    { name: runFiles.manifest, content: json(manifest) },
  ];
}
