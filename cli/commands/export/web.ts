/** `rnnx export --web`: writes a web page that runs the model, and serves it on request. */
import { join } from "node:path";
import { formatBytes } from "../../../runtime/format.js";
import type { CommandParser } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportRunFailure } from "../../open-run.js";
import { integerParser } from "../../option-parsers.js";
import type { Output } from "../../output.js";
import { waitForSignal } from "../../signals.js";

export interface WebFlags {
  readonly web?: string;
  readonly samples: boolean;
  /** The port; true: any free port. */
  readonly serve?: number | true;
}

export function declareWebOptions(command: CommandParser): void {
  command
    .optionsGroup("Web page:")
    .option("--web <folder>", "write a web page that runs and fine-tunes the model")
    .option("--no-samples", "include no samples of the data")
    .option("--serve [port]", "serve the page on localhost until Ctrl-C", integerParser(0, 65_535));
}

/** Writes the page. Returns the exit code. */
export async function writeWebPage(
  output: Output,
  run: string,
  { web = "", samples, serve }: WebFlags,
): Promise<number> {
  const { exportWeb } = await import("../../../runtime/web/export-web.js");
  const outcome = await exportWeb({ run, out: web, weights: "end", samples });
  if (outcome.ok) {
    const { files, notices } = outcome.value;
    for (const notice of notices) output.note(notice);
    output.record({ event: "result", web, files });
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    output.print(`${join(web, "index.html")}  and ${files.length - 1} more files, ${formatBytes(size)}`);
    if (samples && notices.length === 0)
      output.note("The page contains samples of the run's data; --no-samples omits them.");
    if (serve === undefined) output.note("Browsers load the page from a web server only: add --serve to start one.");
    return exitCodes.success;
  }
  return reportRunFailure(output, outcome.error);
}

/** Serves the page until a signal. Returns the exit code. */
export async function serveWebPage(output: Output, { web = "", serve }: WebFlags): Promise<number> {
  const { serveFolder } = await import("../../../runtime/web/static-server.js");
  const port = serve === true || serve === undefined ? 0 : serve;
  try {
    const server = await serveFolder(web, port);
    output.record({ event: "serving", address: server.address });
    output.print(`${server.address}  until Ctrl-C`);
    const signal = await waitForSignal();
    server.close();
    return exitCodes.interrupted[signal];
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    reportInvalidInput(
      output,
      "port",
      `port ${port} is not available (${code})`,
      "Choose another port, or use --serve without a number for any free port.",
    );
    return exitCodes.invalidInput;
  }
}
