/** `rnnx doctor`: checks the machine for the requirements of rnnx. */
import { resolve } from "node:path";
import { packageVersion } from "../../../schema/package-root.js";
import type { CommandModule } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import type { CheckResult } from "./check.js";

export const doctor: CommandModule = {
  description:
    "Checks Node, ONNX Runtime and its devices (by training a tiny model on each), CPU cores, memory and the current folder, and prints " +
    "a fix for each problem. Exits with 1 if rnnx cannot run.",
  example: "rnnx doctor",

  declare() {},

  async run(output) {
    const [system, { checkOnnxRuntime }, { good }] = await Promise.all([
      import("./system.js"),
      import("./onnxruntime.js"),
      import("./check.js"),
    ]);
    const checks = [
      good("rnnx", packageVersion()),
      system.checkNode(),
      system.checkCores(),
      system.checkMemory(),
      system.checkFolder(resolve(".")),
    ];
    for (const check of checks) printCheck(output, check);
    for (const check of await checkOnnxRuntime()) {
      printCheck(output, check);
      checks.push(check);
    }
    const healthy = checks.every(({ state }) => state !== "bad");
    output.record({ event: "result", healthy, checks });
    const { bold, red } = output.colors.print;
    output.print(`\n${healthy ? bold("rnnx can run on this machine.") : red("rnnx cannot run on this machine.")}`);
    return healthy ? exitCodes.success : exitCodes.failure;
  },
};

function printCheck({ print, colors }: Output, { name, state, message, hint }: CheckResult): void {
  const { green, yellow, red, dim } = colors.print;
  const mark = { good: green("✓"), poor: yellow("–"), bad: red("✗") }[state];
  print(`${mark} ${name.padEnd(12)} ${message}`);
  if (hint !== "") print(`  ${"".padEnd(12)} ${dim(hint)}`);
}
