/** `rnnx compile`: the models of a spec, with the weights that training would start from. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal.js";
import type { Override } from "../../schema/overrides.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { setOption, withoutOption } from "../flags.js";
import { bytes } from "../numbers.js";
import { refuseUnknownPasses } from "../passes.js";
import { openDescribed } from "../signature.js";
import { refuseSpec } from "../spec.js";

interface Flags {
  readonly out: string;
  readonly set?: readonly Override[];
  readonly without?: readonly string[];
}

export const compileCommand: CommandModule = {
  description:
    "Writes train.onnx, eval.onnx, model.onnx and, where the model can read piece by piece, stream.onnx (both with first weights)\n" +
    "and manifest.json, all of them or none.",
  example: "rnnx compile specs/hihello.json --out build/hihello",

  declare(face) {
    face
      .argument("<spec>", "the spec, a JSON file")
      .requiredOption("--out <dir>", "the folder to write into")
      .addOption(setOption())
      .addOption(withoutOption());
  },

  async run(output, face) {
    const [file = ""] = face.args;
    const { out, set = [], without = [] } = face.opts<Flags>();
    const refused = await refuseUnknownPasses(output, without);
    if (refused !== undefined) return refused;
    const opened = await openDescribed(output, file, set);
    if (opened === undefined) return exit.wrongInput;
    const { spec, origins, signature } = opened;
    const { compile } = await import("../../compiler/compile.js");
    const compiled = await compile(spec, signature, { origins, without });
    if (!compiled.ok) {
      await refuseSpec(output, opened.place(compiled.problems), opened.source);
      return exit.wrongInput;
    }
    const taken = await trainedFiles(out);
    if (taken !== undefined) {
      const hint = "Name another folder with --out.";
      refuse(output, "run-directory", `${out} holds a run: compiling into it would replace its ${taken}`, hint);
      return exit.wrongInput;
    }
    const files = await filesOf(spec, compiled.artifact);
    await writeAll(out, files);
    output.record({ event: "result", out, files: files.map(({ name, content }) => ({ name, bytes: content.length })) });
    for (const { name, content } of files) output.print(`${join(out, name)}  ${bytes(content.length)}`);
    return exit.done;
  },
};

interface File {
  readonly name: string;
  readonly content: Uint8Array;
}

/** The manifest is last: where it is, the models are. */
async function filesOf(
  spec: NormalSpec,
  { train, eval: evaluation, model, stream, manifest }: Artifact,
): Promise<readonly File[]> {
  const [{ drawn }, { withWeights }, { runFiles }] = await Promise.all([
    import("../../runtime/initialize.js"),
    import("../../compiler/emit/weights.js"),
    import("../../runtime/directory.js"),
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
async function trainedFiles(out: string): Promise<string | undefined> {
  const { runFiles } = await import("../../runtime/directory.js");
  return [runFiles.checkpoints, runFiles.weights, runFiles.metrics].find((name) => existsSync(join(out, name)));
}

/** Writes everything beside its place first, so that what can fail fails before anything is replaced. */
async function writeAll(out: string, files: readonly File[]): Promise<void> {
  const { disk } = await import("../../runtime/disk.js");
  const partial = (name: string) => join(out, `${name}.partial`);
  const made = !existsSync(out);
  disk.makeFolder(out);
  try {
    for (const { name, content } of files) disk.write(partial(name), content);
    for (const { name } of files) disk.rename(partial(name), join(out, name));
    disk.syncFolder(out);
  } catch (error) {
    if (made) disk.remove(out);
    else for (const { name } of files) disk.remove(partial(name));
    throw error;
  }
}
