/** `rnnx inspect`: describes a spec, a run directory or an ONNX file. */
import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import { Option } from "commander";
import type { PortColumns } from "../../../runtime/training/fine-tune/port-table.js";
import type { Override } from "../../../schema/parse/overrides.js";
import type { CommandModule, CommandParser } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { isFolder } from "../../is-folder.js";
import { reportProblems } from "../../open-run.js";
import {
  collectValues,
  columnsOption,
  disablePassOption,
  recurrenceOption,
  setOption,
  stopAfterOption,
} from "../../option-parsers.js";
import { type PassFlags, readPassSelection } from "../../pass-selection.js";
import { type PlacementDevice, placementDevices } from "./device-placement.js";
import { type InspectAspect, type StageChoice, stageFormats } from "./stage.js";

interface Flags extends PassFlags {
  readonly passes?: boolean;
  readonly set?: readonly Override[];
  readonly stage?: string;
  readonly format: StageChoice["format"];
  readonly explain?: string;
  readonly device?: PlacementDevice;
  readonly time?: boolean;
  readonly resolved?: boolean;
  readonly data?: string | true;
  readonly dim?: readonly string[];
  readonly columns?: PortColumns;
}

export const inspect: CommandModule = {
  description:
    "Prints the layers, parameters, FLOPs and memory of a spec or a run, or the inputs, outputs and operators of an ONNX file.",
  example: "rnnx inspect specs/hihello.json --stage forward --format dot",

  declare(command) {
    command
      .argument("[subject]", "spec (.json), run directory, ONNX file (.onnx), or with --data a data file")
      .addOption(setOption())
      .option("--stage <name>", "print the graph after a compiler stage")
      .option("--time", "measure each layer's share of the forward pass on the CPU; of an ONNX file each node's too")
      .option(
        "--dim <name=size>",
        "size of an axis of made inputs of an ONNX file, for --time (repeatable)",
        collectValues,
      )
      .option(
        "--explain <name>",
        "print the equations of a cell, with its gradient and compiled loops, of a layer, an activation, the optimizer or the schedule, or the layers of a block, e.g. rnn/0",
      )
      .addOption(
        new Option("--device <device>", "print the placement of the training step's nodes on a device").choices(
          placementDevices,
        ),
      )
      .addOption(
        new Option("--format <format>", "format of --stage, or of the graph of an ONNX file")
          .choices(stageFormats)
          .default("text"),
      )
      .option(
        "--data [file]",
        "print the columns of a data file, or the data of a spec as the model reads it; with --time, the inputs of an ONNX file",
      )
      .addOption(columnsOption("an ONNX file, for --time"))
      .option("--resolved", "print the spec with the values of the specs that it extends and of its variables")
      .option("--passes", "print the compiler's passes, or of a spec the passes that change its graphs")
      .addOption(disablePassOption())
      .addOption(stopAfterOption())
      .addOption(recurrenceOption());
  },

  async run(output, command) {
    const [named] = command.args;
    const {
      set = [],
      stage,
      format,
      explain,
      time,
      device,
      passes,
      resolved,
      data: namedData,
      dim,
      columns,
      ...passFlags
    } = command.opts<Flags>();
    const { disablePass, stopAfter, recurrence } = passFlags;
    // The argument may follow --data.
    const subject = named ?? (typeof namedData === "string" ? namedData : undefined);
    const isModelTimed = time === true && named?.endsWith(".onnx") === true;
    const data = namedData === undefined || isModelTimed ? undefined : true;
    const misplaced = misplacedInput(isModelTimed, named, namedData, dim, columns);
    if (misplaced !== undefined) {
      reportInvalidInput(output, "usage", ...misplaced);
      return exitCodes.invalidInput;
    }
    if (subject === undefined && passes === true) return (await import("./passes.js")).listPasses(output);
    if (subject === undefined) {
      reportInvalidInput(output, "usage", "the subject is missing", "Name a spec, a run directory or an .onnx file.");
      return exitCodes.invalidInput;
    }
    const requested = Object.entries({ stage, explain, device, passes, resolved, data }).filter(
      ([, value]) => value !== undefined,
    );
    const [first, second] = requested.map(([name]) => `--${name}`);
    if (second !== undefined) {
      reportInvalidInput(output, "usage", `${first} and ${second} cannot be combined`, "Remove one of them.");
      return exitCodes.invalidInput;
    }
    const { inspectRun } = await import("./run.js");
    const ignored = ignoredFlag(command, subject.endsWith(".onnx") ? "model" : isFolder(subject) ? "run" : "spec");
    if (ignored !== undefined) {
      reportInvalidInput(output, "usage", ignored, "Remove the option.");
      return exitCodes.invalidInput;
    }
    if (subject.endsWith(".onnx")) {
      const options = { stage, explain, device, passes, resolved, data, recurrence, disablePass, stopAfter };
      const flag = Object.entries({ ...options, set: set[0] }).find(([, value]) => value !== undefined)?.[0];
      if (flag !== undefined) {
        reportInvalidInput(
          output,
          "usage",
          `${flagName(flag)} requires a spec or a run, not an ONNX file`,
          flag === "device"
            ? "Remove it. The table of the file states the runtimes that have its nodes, CUDA among them."
            : "Remove it. --format prints the graph of the file.",
        );
        return exitCodes.invalidInput;
      }
      const graphFormat = command.getOptionValueSource("format") === "cli" ? format : undefined;
      if (time === true && graphFormat !== undefined) {
        reportInvalidInput(output, "usage", "--format ignores --time", "Remove one of them.");
        return exitCodes.invalidInput;
      }
      const file = typeof namedData === "string" ? namedData : undefined;
      const inputs = { data: file, columns: columns ?? new Map(), dims: dim ?? [] };
      return (await import("./onnx-model.js")).inspectModel(output, subject, graphFormat, time ? inputs : undefined);
    }
    const passFlag =
      stopAfter !== undefined ? "--stop-after" : disablePass !== undefined ? "--disable-pass" : undefined;
    if (passFlag !== undefined && stage === undefined && passes === undefined) {
      reportInvalidInput(
        output,
        "usage",
        `${passFlag} needs --stage or --passes`,
        `Remove ${passFlag}, or add --stage.`,
      );
      return exitCodes.invalidInput;
    }
    if (recurrence !== undefined && (stage ?? passes ?? explain) === undefined) {
      const message = "--recurrence needs --stage, --passes or --explain";
      reportInvalidInput(output, "usage", message, "Remove --recurrence, or add --stage.");
      return exitCodes.invalidInput;
    }
    const passSelection = await readPassSelection(output, passFlags);
    if (passSelection === undefined) return exitCodes.invalidInput;
    const aspect: InspectAspect =
      passes === true
        ? { aspect: "passes", passSelection }
        : resolved === true
          ? { aspect: "resolved" }
          : explain !== undefined
            ? { aspect: "explanation", name: explain, recurrence: passSelection.recurrence }
            : stage !== undefined
              ? { aspect: "stage", name: stage, format, passSelection }
              : device !== undefined
                ? { aspect: "placement", device }
                : { aspect: "layers", timed: time === true };
    if (data === true) {
      const { inspectData } = await import("./data.js");
      const ofRun = join(subject, "spec.json");
      return inspectData(output, existsSync(ofRun) ? ofRun : subject, set);
    }
    if (!existsSync(subject) && extname(subject) === "") {
      const { openRun } = await import("../../../runtime/run/open.js");
      const opened = openRun(subject);
      if (!opened.ok) reportProblems(output, opened.error);
      return exitCodes.invalidInput;
    }
    if (isFolder(subject)) return inspectRun(output, subject, aspect);
    return (await import("./spec.js")).inspectSpec(output, subject, set, aspect);
  },
};

/** The message and the hint about the inputs of a measurement; undefined without a mistake. */
function misplacedInput(
  isModelTimed: boolean,
  named: string | undefined,
  data: Flags["data"],
  dim: Flags["dim"],
  columns: Flags["columns"],
): readonly [message: string, hint: string] | undefined {
  if (isModelTimed) {
    if (data === true) return ["--data names no file", "Name the inputs of the model, such as --data rows.npz."];
    if (data !== undefined && dim !== undefined)
      return ["--data and --dim cannot be combined", "Sizes are those of the data: remove --dim."];
    if (data === undefined && columns !== undefined)
      return ["--columns requires --data", "Name the file of the columns, such as --data rows.csv."];
    return undefined;
  }
  if (columns !== undefined) return ["--columns requires --time, --data and an ONNX file", "Remove --columns."];
  if (dim !== undefined) return ["--dim requires --time and an ONNX file", "Remove --dim."];
  if (named !== undefined && typeof data === "string")
    return [`--data ${data} requires --time and an ONNX file`, `Write --data alone for the data of ${named}.`];
  return undefined;
}

/** stopAfter → --stop-after */
function flagName(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The message about an option without effect; undefined if every option has one. */
function ignoredFlag(command: CommandParser, subject: "model" | "run" | "spec"): string | undefined {
  const { set, stage, time, data: namedData, ...others } = command.opts<Flags>();
  if (command.getOptionValueSource("format") === "cli" && stage === undefined && subject !== "model")
    return "--format is the format of --stage, or of the graph of an ONNX file";
  const { explain, device, passes, resolved } = others;
  const data = subject === "model" && time === true ? undefined : namedData;
  const aspect = Object.entries({ stage, explain, device, passes, resolved, data }).find(
    ([, value]) => value !== undefined,
  )?.[0];
  if (time === true && aspect !== undefined) return `--${aspect} ignores --time`;
  if (resolved === true && subject === "run") return "--resolved requires a spec: the one of a run is resolved";
  if (set !== undefined && subject === "run") return "--set changes a spec, not a run directory";
  return undefined;
}
