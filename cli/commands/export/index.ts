/** `rnnx export`: writes a trained model as an ONNX file for other runtimes, or as a web page. */
import { Option } from "commander";
import {
  type ExportForm,
  type ExportOptions,
  exportForms,
  opsets,
  type Precision,
  recurrentForms,
} from "../../../compiler/export/options.js";
import { formatBytes } from "../../../runtime/format.js";
import type { CommandModule } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportRunFailure } from "../../open-run.js";
import { integerParser } from "../../option-parsers.js";
import type { Output } from "../../output.js";
import { exitOnSignal } from "../../signals.js";
import { portabilityOfFile, portabilityText } from "../inspect/compatibility.js";
import { precisionReportText } from "./precision-report.js";
import { declareWebOptions, serveWebPage, type WebFlags, writeWebPage } from "./web.js";

interface Flags extends WebFlags {
  readonly out?: string;
  readonly form: ExportForm;
  readonly opset: number;
  readonly precision?: Precision;
  readonly quantize?: Precision;
  readonly withTraining?: boolean;
  readonly report?: boolean;
  readonly recurrent: ExportOptions["recurrent"];
  readonly unroll?: number;
  readonly snippets: boolean;
  readonly externalData?: boolean;
  readonly output?: string;
  readonly layer?: string;
}

export const exportCommand: CommandModule = {
  description:
    "Exports a trained model as one ONNX file, with its scaling, probabilities and class names. The file is run and compared with " +
    "the trained model before it is written. --web writes a web page that runs the model.",
  example: "rnnx export runs/stock --out stock.onnx",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .optionsGroup("ONNX file:")
      .option("--out <file>", "file to write (.onnx)")
      .addOption(
        new Option("--form <form>", "whole sequences, one step with explicit states, or text generation from a prompt")
          .choices(exportForms)
          .default("sequence"),
      )
      .option(
        "--opset <n>",
        `ONNX opset, ${opsets.first} to ${opsets.last}`,
        integerParser(opsets.first, opsets.last),
        opsets.preferred,
      )
      .addOption(
        new Option("--recurrent <form>", "recurrent layers as ONNX LSTM/GRU/RNN operators where possible, or as Scan")
          .choices(recurrentForms)
          .default("operators"),
      )
      .option("--unroll <n>", "unroll recurrent layers for sequences of exactly n steps", integerParser(1, 10_000))
      .addOption(new Option("--precision <type>", "type of the stored weights").choices(["float32", "float16"]))
      .addOption(new Option("--quantize <type>", "quantize the kernels").choices(["int8"]).conflicts("precision"))
      .option("--with-training", "include the training graphs: rnnx train can then continue from the file")
      .option("--output <name>", "of several outputs the one that the generate form continues the prompt with")
      .option(
        "--layer <name>",
        "write the model of this onnx layer alone, with its trained weights and all else as it was",
      )
      .option("--external-data", "store weights as external data (automatic above 2 GiB)")
      .optionsGroup("Along with the file:")
      .option("--report", "print the compatibility with each runtime")
      .option("--no-snippets", "write no example programs (Node, browser, Python, C#)");
    declareWebOptions(command);
  },

  async run(output, command) {
    const [run = ""] = command.args;
    const flags = command.opts<Flags>();
    const { out, web, serve } = flags;
    if (out === undefined && web === undefined) {
      reportInvalidInput(
        output,
        "usage",
        "nothing to export",
        "Name a file with --out, or a folder for a web page with --web.",
      );
      return exitCodes.invalidInput;
    }
    const ofModel = [
      "form",
      "opset",
      "recurrent",
      "unroll",
      "precision",
      "quantize",
      "withTraining",
      "externalData",
      "output",
      "report",
    ];
    const other = ofModel.find((name) => command.getOptionValueSource(name) === "cli");
    if (flags.layer !== undefined && (other !== undefined || out === undefined || web !== undefined)) {
      const hint = "--layer writes the model of a layer as it was, with --out alone.";
      reportInvalidInput(output, "usage", "--layer cannot be combined with other forms of the model", hint);
      return exitCodes.invalidInput;
    }
    if (web === undefined && serve !== undefined) {
      reportInvalidInput(output, "usage", "--serve requires --web", "Name the folder of the web page with --web.");
      return exitCodes.invalidInput;
    }
    let code: number = exitCodes.success;
    if (flags.layer !== undefined && out !== undefined) return writeLayer(output, run, flags.layer, out);
    if (out !== undefined) code = await exitOnSignal(() => writeModel(output, run, { ...flags, out }));
    if (code === exitCodes.success && web !== undefined)
      code = await exitOnSignal(() => writeWebPage(output, run, flags));
    if (code === exitCodes.success && serve !== undefined) code = await serveWebPage(output, flags);
    return code;
  },
};

async function writeLayer(output: Output, run: string, layer: string, out: string): Promise<number> {
  const { exportLayer } = await import("../../../runtime/export/layer-model.js");
  const outcome = await exportLayer(run, layer, out);
  if (!outcome.ok) return reportRunFailure(output, outcome.error);
  const { bytes, replaced } = outcome.value;
  output.record({ event: "result", out, layer, bytes, replaced });
  output.print(`${out}  ${formatBytes(bytes)}`);
  output.print(`trained weights: ${replaced.length === 0 ? "none" : replaced.join(", ")}`);
  return exitCodes.success;
}

async function writeModel(output: Output, run: string, flags: Flags & { readonly out: string }): Promise<number> {
  const { exportModel } = await import("../../../runtime/export/index.js");
  const settings = { ...flags, unroll: flags.unroll ?? null, training: flags.withTraining === true };
  const { precision = flags.quantize ?? "float32" } = flags;
  const outcome = await exportModel({ run, weights: "end", ...settings, precision });
  if (outcome.ok) {
    const { files, verification, cells, model, cost, notices } = outcome.value;
    for (const notice of notices) output.note(notice);
    const portability = flags.report === true ? await portabilityOfFile(flags.out) : undefined;
    output.record({
      event: "result",
      out: flags.out,
      form: flags.form,
      files,
      verification,
      cells,
      ...model,
      ...(cost && { cost }),
      ...(portability && { portability }),
    });
    for (const { name, form, reason } of cells) output.print(`${name} as ${form}${reason === "" ? "" : `: ${reason}`}`);
    for (const file of files) output.print(`${file.name}  ${formatBytes(file.bytes)}`);
    if (cost === undefined)
      output.print(
        `verified: outputs differ from the trained model by at most ${verification.difference.toExponential(1)}`,
      );
    else output.print(precisionReportText(cost));
    if (cost === undefined && verification.difference > 1e-5)
      output.print("The recurrent operators of ONNX Runtime round more coarsely; --recurrent scan is closer.");
    if (portability !== undefined) output.print(`\n${portabilityText(portability, output.colors.print)}`);
    return exitCodes.success;
  }
  return reportRunFailure(output, outcome.error);
}
