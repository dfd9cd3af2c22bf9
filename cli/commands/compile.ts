/** `rnnx compile`: the models of a spec, with the weights that training would start from. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Override } from "../../schema/parse/overrides.js";
import { formatBytes } from "../../views/format.js";
import type { CommandModule } from "../command.js";
import { reportInvalidInput } from "../errors.js";
import { exitCodes } from "../exit-codes.js";
import { reportSpecErrors } from "../open-spec.js";
import { openSpecWithSignature } from "../open-spec-with-data.js";
import { disablePassOption, setOption, stopAfterOption } from "../option-parsers.js";
import { type PassFlags, readPassSelection } from "../pass-selection.js";

interface Flags extends PassFlags {
  readonly out: string;
  readonly set?: readonly Override[];
}

export const compileCommand: CommandModule = {
  description:
    "Writes train.onnx, eval.onnx, model.onnx, manifest.json and, for models that can run step by step, stream.onnx. The models hold the " +
    "initial weights. Either all files are written or none.",
  example: "rnnx compile specs/hihello.json --out build/hihello",

  declare(command) {
    command
      .argument("<spec>", "spec (.json)")
      .requiredOption("--out <dir>", "output folder")
      .addOption(setOption())
      .addOption(disablePassOption())
      .addOption(stopAfterOption());
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const { out, set = [], ...flags } = command.opts<Flags>();
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
    const existingFile = await existingRunFile(out);
    if (existingFile !== undefined) {
      const hint = "Name another folder with --out.";
      reportInvalidInput(
        output,
        "run-directory",
        `${out} holds a run: compiling into it would replace its ${existingFile}`,
        hint,
      );
      return exitCodes.invalidInput;
    }
    const files = await compiledFiles(spec, compiled.artifact);
    await writeFilesAtomically(out, files);
    output.record({ event: "result", out, files: files.map(({ name, content }) => ({ name, bytes: content.length })) });
    for (const { name, content } of files) output.print(`${join(out, name)}  ${formatBytes(content.length)}`);
    return exitCodes.success;
  },
};

interface OutputFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** The manifest is last: where it is, the models are. */
async function compiledFiles(
  spec: NormalSpec,
  { train, eval: evaluation, model, stream, manifest }: Artifact,
): Promise<readonly OutputFile[]> {
  const [{ initializeTensors: drawn }, { withWeights }, { runFiles }] = await Promise.all([
    import("../../runtime/tensors/initializers.js"),
    import("../../compiler/onnx/splice/weights.js"),
    import("../../runtime/run/layout.js"),
  ]);
  const weights = [...drawn(manifest.parameters, spec.seed)].map(([name, { shape, data }]) => {
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

/** What a run would lose. */
async function existingRunFile(out: string): Promise<string | undefined> {
  const { runFiles } = await import("../../runtime/run/layout.js");
  return [runFiles.checkpoints, runFiles.weights, runFiles.metrics].find((name) => existsSync(join(out, name)));
}

/** Writes everything beside its place first, so that what can fail fails before anything is replaced. */
async function writeFilesAtomically(out: string, files: readonly OutputFile[]): Promise<void> {
  const { durableFs: disk } = await import("../../runtime/storage/durable-fs.js");
  const partialPath = (name: string) => join(out, `${name}.partial`);
  const isNewFolder = !existsSync(out);
  disk.makeFolder(out);
  try {
    for (const { name, content } of files) disk.write(partialPath(name), content);
    for (const { name } of files) disk.rename(partialPath(name), join(out, name));
    disk.syncFolder(out);
  } catch (error) {
    if (isNewFolder) disk.remove(out);
    else for (const { name } of files) disk.remove(partialPath(name));
    throw error;
  }
}
