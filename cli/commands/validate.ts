/** `rnnx validate`: reports the errors of a spec that can be found without reading its data. */
import type { Problem } from "../../schema/diagnostics/index.js";
import type { CommandModule } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { type OpenedSpec, printDiagnostics, type ReadSpecResult, readSpec } from "../open-spec.js";

export const validate: CommandModule = {
  description: "Checks a spec without reading its data files, and prints every error with its position.",
  example: "rnnx validate specs/hihello.json",

  declare(command) {
    command.argument("<spec>", "spec (.json)");
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const read = await readSpec(file, []);
    const diagnostics = read.ok
      ? [...read.value.locate(await checkSpec(read.value)), ...read.value.unused]
      : read.error.diagnostics;
    const valid = diagnostics.every((diagnostic) => diagnostic.severity !== "error");
    output.record({ event: "result", valid, diagnostics });
    await printDiagnostics(output, diagnostics, (read.ok ? read.value : read.error).source);
    if (valid) output.print((await unreadData(read)) ? uncheckedMessage(file) : `${file} is valid.`);
    return valid ? exitCodes.success : exitCodes.invalidInput;
  },
};

/** A valid spec with data in files may still not fit its data. */
const uncheckedMessage = (file: string): string =>
  `${file}: no errors without its data files. To check those too: rnnx train ${file} --dry-run`;

async function unreadData(read: ReadSpecResult): Promise<boolean> {
  if (!read.ok) return false;
  const { dataFiles } = await import("../../runtime/data/data-signature.js");
  return dataFiles(read.value.spec).length > 0;
}

const shapeCodes: readonly string[] = ["target-shape", "weight-shape"];

async function checkSpec({ spec, origins, folder }: OpenedSpec): Promise<readonly Problem[]> {
  const [{ inferSignature }, { check }] = await Promise.all([
    import("../../runtime/data/data-signature.js"),
    import("../../compiler/check.js"),
  ]);
  const outline = await inferSignature(spec, folder);
  if (!outline.ok) return outline.error;
  const candidates = outline.value.signatures.map((signature) => check(spec, signature, origins));
  // If the signature depends on files, the candidate with the fewest problems counts, without its guessed shapes.
  const best = candidates.reduce((fewest, problems) => (problems.length < fewest.length ? problems : fewest));
  return outline.value.isCertain ? best : best.filter(({ code }) => !shapeCodes.includes(code));
}
