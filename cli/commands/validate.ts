/** `rnnx validate`: everything that is wrong with a spec and can be known without reading its data. */
import type { Problem } from "../../schema/diagnostics.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { type OpenedSpec, readSpec, showDiagnostics } from "../spec.js";

export const validate: CommandModule = {
  description: "Says everything that is wrong with a spec, as far as it can be known without reading data files.",
  example: "rnnx validate specs/hihello.json",

  declare(face) {
    face.argument("<spec>", "the spec, a JSON file");
  },

  async run(output, face) {
    const [file = ""] = face.args;
    const read = await readSpec(file, []);
    const diagnostics = read.ok ? read.place(await problemsOf(read)) : read.diagnostics;
    const valid = diagnostics.every((diagnostic) => diagnostic.severity !== "error");
    output.record({ event: "result", valid, diagnostics });
    await showDiagnostics(output, diagnostics, read.source);
    if (valid) output.print(`${file} is valid.`);
    return valid ? exit.done : exit.wrongInput;
  },
};

const guessed: readonly string[] = ["target-shape", "weight-shape"];

async function problemsOf({ spec, origins, folder }: OpenedSpec): Promise<readonly Problem[]> {
  const [{ outlineData }, { check }] = await Promise.all([
    import("../../runtime/data/outline.js"),
    import("../../compiler/check.js"),
  ]);
  const outline = await outlineData(spec, folder);
  if (!outline.ok) return outline.problems;
  const found = outline.signatures.map((signature) => check(spec, signature, origins));
  // Where files decide, the guess that fits best stands, and what is wrong with the shapes that it guessed is not the data's.
  const best = found.reduce((least, problems) => (problems.length < least.length ? problems : least));
  return outline.certain ? best : best.filter(({ code }) => !guessed.includes(code));
}
