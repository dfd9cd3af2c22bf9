/** Error reports of commands: usage errors, invalid input, failures, system errors and bugs of rnnx. */
import type { CommanderError } from "commander";
import { isSystemError, systemReason } from "../runtime/storage/system-errors.js";
import type { Diagnostic } from "../schema/diagnostics/index.js";
import { exitCodes } from "./exit-codes.js";
import type { Output } from "./output.js";

/** Reports an invalid command line. Commander's message is "error: …", optionally followed by a line "(suggestion)". */
export function reportUsageError(output: Output, error: CommanderError, help: string): void {
  const [first = "", second = ""] = error.message.split("\n");
  const suggestion = second.replace(/^\((.*)\)$/, "$1 ");
  reportInvalidInput(output, "usage", first.replace(/^error: /, ""), `${suggestion}${settingHint(first)}See ${help}.`);
}

/** Keys of the spec that are easily taken for options, by their path. */
const settings = [
  ...[
    "epochs",
    "batch_size",
    "precision",
    "accumulate",
    "shuffle",
    "evaluate_every",
    "early_stopping",
    "keep_best",
  ].map((key) => `train.${key}`),
  ...["learning_rate", "clip", "weight_decay"].map((key) => `optimizer.${key}`),
];

/** `--epochs 3` is `--set train.epochs=3`. */
function settingHint(message: string): string {
  const [, option] = /^error: unknown option '--([\w-]+)/.exec(message) ?? [];
  const path = settings.find((setting) => setting.split(".")[1] === option?.replaceAll("-", "_"));
  return path === undefined ? "" : `Use --set ${path}=VALUE. `;
}

/** Reports invalid input without a position in a spec: an option, an unreadable file. */
export function reportInvalidInput(output: Output, code: string, message: string, hint: string): void {
  const diagnostic = { code, severity: "error", path: "", line: 1, column: 1, message, hint };
  output.record({ event: "error", message, diagnostics: [diagnostic] });
  const { red, dim } = output.colors.note;
  output.note(`${red("error:")} ${message}`);
  if (hint !== "") output.note(dim(hint));
}

/** Reports a failure that the input did not cause. */
export function reportFailure(
  output: Output,
  message: string,
  hint: string,
  diagnostics: readonly Diagnostic[] = [],
): void {
  output.record({ event: "error", message, hint, diagnostics });
  output.note(`${output.colors.note.red("failed:")} ${message}`);
  if (hint !== "") output.note(output.colors.note.dim(hint));
}

/** Reports an exception: system errors by their reason, everything else as a bug of rnnx. */
export function reportUnexpected(output: Output, thrown: unknown): number {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const misplaced = isSystemError(error) ? misplacedPath(error) : undefined;
  if (misplaced !== undefined) {
    reportInvalidInput(output, "usage", ...misplaced);
    return exitCodes.invalidInput;
  }
  if (isSystemError(error)) {
    reportFailure(output, `${systemReason(error)} (${error.code ?? ""}).`, "");
  } else {
    reportFailure(
      output,
      `internal error: ${truncate(error.message)}`,
      "This is a bug in rnnx, not in your spec. Run the command again with RNNX_DEBUG=1 and report the stack trace.",
    );
  }
  if (process.env.RNNX_DEBUG === "1") output.note(error.stack ?? "");
  return exitCodes.failure;
}

/** The message and the hint for a file in the place of a folder, and the reverse; undefined for other errors. */
function misplacedPath({ code, path }: NodeJS.ErrnoException): readonly [string, string] | undefined {
  if (path === undefined) return undefined;
  if (code === "ENOTDIR") return [`${path} is below a file, which is no folder`, "Name another folder."];
  if (code === "EEXIST") return [`${path} is a file, not a folder`, "Name another folder."];
  return code === "EISDIR" ? [`${path} is a folder, not a file`, "Name a file."] : undefined;
}

/** One line of at most 300 characters: errors of ONNX Runtime span many lines. */
function truncate(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
