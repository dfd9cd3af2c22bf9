/** `rnnx doctor`: whether this machine has what rnnx needs, and what to do where it has not. */
import { resolve } from "node:path";
import { packageVersion } from "../../schema/root.js";
import type { CommandModule } from "../command.js";
import type { Finding } from "../diagnosis/finding.js";
import { exit } from "../exit.js";
import type { Output } from "../output.js";

export const doctor: CommandModule = {
  description:
    "Looks at Node, ONNX Runtime and its devices (by training a tiny model on each), cores, memory and the current folder, and says\n" +
    "what to do where something is amiss. Exits 1 where rnnx cannot work.",
  example: "rnnx doctor",

  declare() {},

  async run(output) {
    const [machine, { examineRuntime }, { good }] = await Promise.all([
      import("../diagnosis/machine.js"),
      import("../diagnosis/runtime.js"),
      import("../diagnosis/finding.js"),
    ]);
    const findings = [
      good("rnnx", packageVersion()),
      machine.examineNode(),
      machine.examineCores(),
      machine.examineMemory(),
      machine.examineFolder(resolve(".")),
    ];
    for (const finding of findings) show(output, finding);
    for (const finding of await examineRuntime()) {
      show(output, finding);
      findings.push(finding);
    }
    const healthy = findings.every(({ state }) => state !== "bad");
    output.record({ event: "result", healthy, findings });
    const { bold, red } = output.colors.print;
    output.print(`\n${healthy ? bold("rnnx can work here.") : red("rnnx cannot work here.")}`);
    return healthy ? exit.done : exit.failed;
  },
};

function show({ print, colors }: Output, { name, state, message, hint }: Finding): void {
  const { green, yellow, red, dim } = colors.print;
  const mark = { good: green("✓"), poor: yellow("–"), bad: red("✗") }[state];
  print(`${mark} ${name.padEnd(12)} ${message}`);
  if (hint !== "") print(`  ${"".padEnd(12)} ${dim(hint)}`);
}
