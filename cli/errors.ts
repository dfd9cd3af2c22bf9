/** What a user reads when a command cannot do its work: usage errors, refusals of the system, and our own mistakes. */
import type { CommanderError } from "commander";
import { isSystemError, systemReason } from "../runtime/storage/system-errors.js";
import type { Diagnostic } from "../schema/diagnostics/index.js";
import { exitCodes } from "./exit-codes.js";
import type { Output } from "./output.js";

/** A wrong command line. Commander's message is "error: what" and, on a line of its own, "(a suggestion)". */
export function reportUsageError(output: Output, error: CommanderError, help: string): void {
  const [first = "", second = ""] = error.message.split("\n");
  const suggestion = second.replace(/^\((.*)\)$/, "$1 ");
  reportInvalidInput(output, "usage", first.replace(/^error: /, ""), `${suggestion}See ${help}.`);
}

/** One wrong thing that has no place in a spec: a flag, a file that cannot be read. */
export function reportInvalidInput(output: Output, code: string, message: string, hint: string): void {
  const diagnostic = { code, severity: "error", path: "", line: 0, column: 0, message, hint };
  output.record({ event: "error", message, diagnostics: [diagnostic] });
  const { red, dim } = output.colors.note;
  output.note(`${red("error:")} ${message}`);
  if (hint !== "") output.note(dim(hint));
}

/** A run that ended badly through no mistake in its input. */
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

/** The last resort for what was thrown: the operating system's refusals in its words, everything else as a bug of ours. */
export function reportUnexpected(output: Output, thrown: unknown): number {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (isSystemError(error)) {
    reportFailure(output, `${systemReason(error)} (${error.code ?? ""}).`, "");
  } else {
    reportFailure(
      output,
      `rnnx stopped on something that it did not expect: ${truncate(error.message)}`,
      "This is a bug in rnnx, not in your spec. Run the command again with RNNX_DEBUG=1 to see where it happened, and report that.",
    );
  }
  if (process.env.RNNX_DEBUG === "1") output.note(error.stack ?? "");
  return exitCodes.failure;
}

/** One paragraph: runtimes write essays. */
function truncate(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
