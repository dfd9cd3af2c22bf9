/** `rnnx cuda install`: installs the files of ONNX Runtime's CUDA provider. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { Argument } from "commander";
import {
  copyCudaProvider,
  hasCudaProvider,
  missingLibraries,
  missingText,
  onnxRuntimePackage,
  providerFolder,
} from "../../runtime/sessions/cuda-provider.js";
import type { CommandModule } from "../command.js";
import { reportFailure, reportInvalidInput } from "../errors.js";
import { exitCodes } from "../exit-codes.js";
import type { Output } from "../output.js";

export const cuda: CommandModule = {
  description:
    "Installs the files of ONNX Runtime's CUDA provider, some 200 MB that its npm package does not contain: by ONNX Runtime's own installer " +
    "(for CUDA 12), or copied from a folder, such as an unpacked package of the same version of ONNX Runtime, with --from. Then lists the libraries of CUDA " +
    "that this machine lacks. For Linux on x64; on Windows with --from.",
  example: "rnnx cuda install --from onnxruntime-linux-x64-gpu-1.30.0/lib",

  declare(command) {
    command
      .addArgument(new Argument("<action>", "what to do").choices(["install"]))
      .option("--from <folder>", "folder with the provider's files, at any depth");
  },

  async run(output, command) {
    const { from } = command.opts<{ readonly from?: string }>();
    const exitCode = from === undefined ? await runInstaller(output) : copyFrom(output, from);
    if (exitCode !== undefined) return exitCode;
    const missing = await missingLibraries();
    output.record({ event: "result", folder: providerFolder(), missing });
    output.print(`The CUDA provider is in ${providerFolder()}.`);
    if (missing.length > 0) output.print(`${missingText(missing)}.`);
    output.print("rnnx doctor trains a model on each device.");
    return exitCodes.success;
  },
};

/** @returns the exit code of a failure. */
function copyFrom(output: Output, folder: string): number | undefined {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const lacking = isFolder ? copyCudaProvider(folder, providerFolder()) : [];
  if (isFolder && lacking.length === 0) return undefined;
  const message = isFolder ? `${folder} does not contain ${lacking.join(" and ")}` : `--from ${folder} is not a folder`;
  reportInvalidInput(output, "usage", message, "Name the folder of an unpacked package of ONNX Runtime for GPUs.");
  return exitCodes.invalidInput;
}

/** @returns the exit code of a failure. */
async function runInstaller(output: Output): Promise<number | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    const hint = "Copy the provider's files of the same version from a folder with --from.";
    reportInvalidInput(output, "usage", "ONNX Runtime's installer has CUDA files for Linux on x64 only", hint);
    return exitCodes.invalidInput;
  }
  output.print("Running ONNX Runtime's installer for CUDA 12.");
  const script = join(onnxRuntimePackage(), "script/install.js");
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "cuda12" };
  const problem = await new Promise<string | undefined>((resolve) => {
    let text = "";
    const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (bytes) => {
      text += bytes;
    });
    child.on("error", ({ message }) => resolve(message));
    child.on("close", (code) => {
      const [reason = `exit code ${code}`] = /(?:Error|error): (.*)/.exec(text)?.slice(1) ?? [];
      resolve(code === 0 && hasCudaProvider() ? undefined : reason);
    });
  });
  if (problem === undefined) return undefined;
  const hint =
    "Download ONNX Runtime for GPUs of the same version on another machine, and name its folder with --from.";
  reportFailure(output, `ONNX Runtime's installer failed: ${problem}`, hint);
  return exitCodes.failure;
}
