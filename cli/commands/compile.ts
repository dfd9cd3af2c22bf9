/** `rnnx compile`: writes the models of a spec with their initial weights. */
import { join } from "node:path";
import { Option } from "commander";
import type { Artifact } from "../../compiler/artifact.js";
import type { PassSelection } from "../../compiler/optimize/pipeline.js";
import { formatBytes, formatCount } from "../../runtime/format.js";
import type { Tensors } from "../../runtime/tensors/safetensors.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Override } from "../../schema/parse/overrides.js";
import type { CommandModule } from "../command.js";
import { reportInvalidInput } from "../errors.js";
import { exitCodes } from "../exit-codes.js";
import { reportRunFailure } from "../open-run.js";
import { reportSpecErrors } from "../open-spec.js";
import { openSpecWithSignature, type SpecWithSignature } from "../open-spec-with-data.js";
import { disablePassOption, integerParser, recurrenceOption, setOption, stopAfterOption } from "../option-parsers.js";
import type { Output } from "../output.js";
import { type PassFlags, readPassSelection } from "../pass-selection.js";
import { type OutputFile, otherFileIn, runFileIn, writeFolder } from "../write-folder.js";

interface Flags extends PassFlags {
  readonly out: string;
  readonly set?: readonly Override[];
  readonly batches?: number;
}

export const compileCommand: CommandModule = {
  description:
    "Writes train.onnx, eval.onnx, model.onnx, manifest.json and, for models that can run step by step, stream.onnx. The models hold the " +
    "initial weights. With --batches also initial.safetensors (weights and optimizer state) and batches.safetensors: what a program without rnnx needs to " +
    "train. Either all files are written or none.",
  example: "rnnx compile specs/hihello.json --out build/hihello",

  declare(command) {
    command
      .argument("<spec>", "spec (.json)")
      .requiredOption("--out <dir>", "output folder")
      .addOption(
        new Option("--batches <n>", "also write the batches of the first n steps, and the initial state").argParser(
          integerParser(1, 1_000_000),
        ),
      )
      .addOption(setOption())
      .addOption(disablePassOption())
      .addOption(stopAfterOption())
      .addOption(recurrenceOption());
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const { out, set = [], batches, ...flags } = command.opts<Flags>();
    const passSelection = await readPassSelection(output, flags);
    if (passSelection === undefined) return exitCodes.invalidInput;
    const opened = await openSpecWithSignature(output, file, set);
    if (opened === undefined) return exitCodes.invalidInput;
    const { spec, origins, signature } = opened;
    const { compile } = await import("../../compiler/compile.js");
    const compiled = await compile(spec, signature, { origins, ...passSelection });
    if (!compiled.ok) {
      await reportSpecErrors(output, opened.locate(compiled.problems), opened.source);
      return exitCodes.invalidInput;
    }
    const [{ checkInitialValues }, { withSourcePath }] = await Promise.all([
      import("../../runtime/training/initial-values.js"),
      import("../../runtime/training/spec-paths.js"),
    ]);
    const problems = checkInitialValues(spec, compiled.artifact.manifest.parameters, new Set());
    if (problems.length > 0) {
      const diagnostics = opened.locate(problems.map((problem) => withSourcePath(spec, origins, problem)));
      await reportSpecErrors(output, diagnostics, opened.source);
      return exitCodes.invalidInput;
    }
    const existingFile = await runFileIn(out);
    if (existingFile !== undefined) {
      const hint = "Choose another folder with --out.";
      reportInvalidInput(
        output,
        "run-directory",
        `${out} is a run directory: compiling into it would invalidate its ${existingFile}`,
        hint,
      );
      return exitCodes.invalidInput;
    }
    for (const notice of compiled.notices) output.note(notice);
    const training = batches === undefined ? [] : await filesForTraining(output, opened, out, batches, passSelection);
    if (training === undefined) return exitCodes.invalidInput;
    const { readModelWeights } = await import("../../runtime/import/model-weights.js");
    const stored = await readModelWeights(spec, compiled.artifact.manifest.parameters);
    if (!stored.ok) {
      await reportSpecErrors(output, opened.locate(stored.error), opened.source);
      return exitCodes.invalidInput;
    }
    const files = [...training, ...(await compiledFiles(spec, compiled.artifact, stored.value))];
    const otherFile = await otherFileIn(out, files);
    if (otherFile !== undefined) {
      const message = `${out} has the file ${otherFile}, which would be replaced`;
      reportInvalidInput(output, "run-directory", message, "Choose another folder with --out.");
      return exitCodes.invalidInput;
    }
    const [{ trainingFiles }, { runFiles }] = await Promise.all([
      import("../../runtime/training/training-files.js"),
      import("../../runtime/run/layout.js"),
    ]);
    await writeFolder(out, files, [runFiles.stream, ...Object.values(trainingFiles)]);
    output.record({ event: "result", out, files: files.map(({ name, content }) => ({ name, bytes: content.length })) });
    for (const { name, content } of files) output.print(`${join(out, name)}  ${formatBytes(content.length)}`);
    return exitCodes.success;
  },
};

/** The files in the order of writing. The manifest is last: its presence implies complete models. */
async function compiledFiles(
  spec: NormalSpec,
  { train, eval: evaluation, model, stream, manifest }: Artifact,
  stored: Tensors,
): Promise<readonly OutputFile[]> {
  const [{ initializeTensors }, { withWeights }, { runFiles }] = await Promise.all([
    import("../../runtime/tensors/initializers.js"),
    import("../../compiler/onnx/splice/weights.js"),
    import("../../runtime/run/layout.js"),
  ]);
  const weights = [...initializeTensors(manifest.parameters, spec.seed, stored)].map(([name, { shape, data }]) => {
    return { name, dtype: "float32" as const, shape, data };
  });
  return [
    { name: runFiles.train, content: train },
    { name: runFiles.eval, content: evaluation },
    { name: runFiles.model, content: withWeights(model, weights) },
    ...(stream === null ? [] : [{ name: runFiles.stream, content: withWeights(stream, weights) }]),
    { name: runFiles.manifest, content: Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`) },
  ];
}

/** The initial state and the first batches; undefined after reporting an error. */
async function filesForTraining(
  output: Output,
  opened: SpecWithSignature,
  out: string,
  steps: number,
  passSelection: Required<PassSelection>,
): Promise<readonly OutputFile[] | undefined> {
  const [{ planTraining }, { trainingFiles, writeBatches, writeInitial }] = await Promise.all([
    import("../../runtime/training/plan.js"),
    import("../../runtime/training/training-files.js"),
  ]);
  const { spec, folder } = opened;
  const request = {
    spec,
    folder,
    out,
    device: "cpu",
    resume: false,
    init: null,
    force: true,
    ...passSelection,
  } as const;
  const plan = await planTraining(request);
  if (!plan.ok) {
    await reportRunFailure(output, plan.error, opened);
    return undefined;
  }
  const available = plan.value.batchSchedule.steps;
  if (steps > available) {
    const message = `--batches ${steps} exceeds the ${formatCount(available, "step")} of the training`;
    reportInvalidInput(output, "usage", message, `Use --batches ${available}, or --set train.steps=${steps}.`);
    return undefined;
  }
  return [
    { name: trainingFiles.initial, content: writeInitial(plan.value) },
    { name: trainingFiles.batches, content: writeBatches(plan.value, steps) },
  ];
}
