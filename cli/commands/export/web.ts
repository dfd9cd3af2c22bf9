/** `rnnx export --web`: a page that runs the model in a browser, and on demand a server for it. */
import { join } from "node:path";
import { formatBytes } from "../../../views/format.js";
import type { CommandParser } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportRunFailure } from "../../open-run.js";
import { integerParser } from "../../option-parsers.js";
import type { Output } from "../../output.js";

export interface WebFlags {
  readonly web?: string;
  readonly samples: boolean;
  /** True: any port that is free. */
  readonly serve?: number | true;
}

export function declareWebOptions(command: CommandParser): void {
  command
    .optionsGroup("Web page:")
    .option("--web <folder>", "write a web page that runs and fine-tunes the model")
    .option("--no-samples", "include no samples of the data")
    .option("--serve [port]", "serve the page on localhost until Ctrl-C", integerParser(0, 65_535));
}

/** Writes the page, and says the exit code. */
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
    output.print(`${join(web, "index.html")}  and ${files.length - 1} files beside it, ${formatBytes(size)}`);
    if (samples && notices.length === 0)
      output.note("It holds a sample of the run's data; --no-samples leaves it out.");
    if (serve === undefined) output.note("A browser takes it from a server, not from the disk: --serve is one.");
    return exitCodes.success;
  }
  return reportRunFailure(output, outcome.error);
}

/** Serves the page until a signal comes, and says the exit code. */
export async function serveWebPage(output: Output, { web = "", serve }: WebFlags): Promise<number> {
  const { serveFolder } = await import("../../../runtime/web/static-server.js");
  const port = serve === true || serve === undefined ? 0 : serve;
  try {
    const server = await serveFolder(web, port);
    output.record({ event: "serving", address: server.address });
    output.print(`${server.address}  until Ctrl-C`);
    const cause = await new Promise<"SIGINT" | "SIGTERM">((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
    });
    server.close();
    return exitCodes.interrupted[cause];
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    reportInvalidInput(
      output,
      "port",
      `Port ${port} cannot be had (${code})`,
      "Name another with --serve, or none for any that is free.",
    );
    return exitCodes.invalidInput;
  }
}
