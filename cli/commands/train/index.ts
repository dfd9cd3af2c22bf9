/** `rnnx train`: trains a spec and prints its progress and results. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { detectLaunch } from "../../../runtime/distributed/launcher.js";
import type { TrainEvent } from "../../../runtime/events.js";
import type { NameMap } from "../../../runtime/import/index.js";
import { runFiles } from "../../../runtime/run/layout.js";
import type { PortColumns } from "../../../runtime/training/fine-tune/port-table.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import type { Override } from "../../../schema/parse/overrides.js";
import type { CommandModule } from "../../command.js";
import { reportFailure, reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportProblems, reportRunProblems } from "../../open-run.js";
import { type OpenedSpec, openSpec, printCodeFrames } from "../../open-spec.js";
import type { OpenedStep } from "../../open-step-folder.js";
import {
  allowTf32Option,
  columnsOption,
  deviceOption,
  disablePassOption,
  initOption,
  integerParser,
  optionOverride,
  parseByteSize,
  parseNameMap,
  recurrenceOption,
  seedOption,
  setOption,
  stopAfterOption,
  threadsOption,
} from "../../option-parsers.js";
import type { Output } from "../../output.js";
import { type PassFlags, readPassSelection } from "../../pass-selection.js";
import { stopOnSignal } from "../../signals.js";
import { openTrainingDisplay } from "./console.js";
import { openObservers } from "./observers.js";

interface Flags extends PassFlags {
  readonly out?: string;
  readonly device: TrainRequest["device"];
  readonly steps?: number;
  readonly seed?: number;
  readonly fold?: number;
  readonly set?: readonly Override[];
  readonly data?: string;
  readonly columns?: PortColumns;
  readonly init?: string;
  readonly map?: readonly NameMap[];
  readonly force?: boolean;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly memoryLimit?: number;
  readonly threads?: number | "auto";
  readonly ranks?: number;
  readonly dryRun?: boolean;
  readonly chart?: boolean;
  readonly dashboard?: number | true;
  readonly tensorboard?: string;
  readonly mlflow?: string;
}

export const trainCommand: CommandModule = {
  description: "Trains a spec and writes the models, checkpoints and metrics to a run directory.",
  example: "rnnx train specs/hihello.json --steps 500 --set optimizer.learning_rate=0.05",

  declare(command) {
    command
      .argument("<spec>", "spec (.json), a folder of rnnx grad, or a model exported with --with-training (.onnx)")
      .optionsGroup("Common options:")
      .option("--out <dir>", "run directory (default: runs/<spec name>, with --fold runs/<spec name>-fold-<k>)")
      .option("--steps <n>", "training steps; overrides train.steps", integerParser(0, 1_000_000_000))
      .addOption(seedOption())
      .addOption(setOption())
      .option("--fold <k>", "the fold that is the test split; overrides data.split.fold", integerParser(1, 1000))
      .option("--resume", "continue from the last checkpoint of the run directory")
      .option("--overwrite", "replace the run in the run directory")
      .option("--dry-run", "print the model, its FLOPs, its memory and the first batch; train nothing")
      .optionsGroup("Initial weights and data:")
      .addOption(initOption())
      .option("--map <from=to>", "rename a tensor of --init: FILE_NAME=MODEL_NAME (repeatable)", parseNameMap)
      .option(
        "--data <file>",
        "training data for a model file (.onnx), or for a folder of rnnx grad: arrays (.npz, .safetensors), columns (.csv, .jsonl, .parquet) or the data block of a spec (.json)",
      )
      .addOption(columnsOption("a folder of rnnx grad"))
      .optionsGroup("Monitoring:")
      .option("--chart", "plot the loss at the end (default on a terminal)")
      .option("--dashboard [port]", "serve a live dashboard on localhost during training", integerParser(0, 65535))
      .option("--tensorboard <dir>", "write TensorBoard event files")
      .option("--mlflow <url|dir>", "record the run in MLflow: of a server, or in a folder that mlflow ui opens")
      .optionsGroup("Hardware:")
      .addOption(deviceOption())
      .addOption(allowTf32Option())
      .addOption(threadsOption())
      .option("--ranks <n>", "data-parallel threads that share each batch (default: off)", integerParser(1, 64))
      .option(
        "--memory-limit <size>",
        'memory limit for batch_size "largest", e.g. 2GB (default: 80 % of free memory)',
        parseByteSize,
      )
      .option("--force", "train even if the memory estimate exceeds the available memory")
      .optionsGroup("Compiler:")
      .addOption(disablePassOption())
      .addOption(stopAfterOption())
      .addOption(recurrenceOption());
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const flags = command.opts<Flags>();
    if ((detectLaunch()?.rank ?? 0) > 0) return flags.dryRun === true ? exitCodes.success : runWorkerRank();
    const passSelection = await readPassSelection(output, flags);
    if (passSelection === undefined) return cancelTraining();
    const opened = await openTrainSpec(output, file, flags);
    if (opened === undefined) return cancelTraining();

    const { spec, origins, folder, step } = opened;
    const { split } = spec.data;
    if (flags.fold !== undefined && !("folds" in split && split.folds !== null)) {
      reportInvalidInput(output, "usage", "--fold needs a split in folds", "For example --set data.split.folds=5.");
      return cancelTraining();
    }
    const request: TrainRequest = {
      spec,
      folder,
      out: runFolder(flags, spec),
      device: flags.device,
      resume: flags.resume === true,
      ...(flags.overwrite === true && { overwrite: true }),
      init: flags.init === undefined ? null : { file: resolve(flags.init), maps: flags.map ?? [] },
      ...(flags.memoryLimit !== undefined && { memoryLimit: flags.memoryLimit }),
      ...(flags.threads !== undefined && { threads: flags.threads }),
      ...(flags.ranks !== undefined && { ranks: flags.ranks }),
      ...(flags.force === true && { force: true }),
      ...(isModelFile(file) && { fromModel: resolve(file) }),
      ...(step !== undefined && { step }),
      ...passSelection,
      reportPredictions: flags.dashboard !== undefined,
    };
    if (flags.dryRun === true) return (await import("./dry-run.js")).dryRun(output, opened, request);
    const display = openTrainingDisplay(output, flags.chart ?? process.stdout.isTTY === true);
    const observers = await openObservers(
      output,
      { name: spec.name, spec: opened.resolved, out: request.out, log: display.log },
      flags,
    );
    if (observers === undefined) return cancelTraining();
    const interrupt = stopOnSignal(display.log, output.closed, () =>
      existsSync(request.out) ? "" : `Stopped before the training began: "${request.out}" was not written.`,
    );
    const { train } = await import("../../../runtime/train.js");
    const onEvent = (event: TrainEvent) => {
      display.show(event);
      observers.show(event);
    };
    const outcome = await train(request, { origins, signal: interrupt.signal, onEvent });
    interrupt.release();
    display.close();
    await observers.close(outcome);

    if (outcome.ok) return outcome.value.interrupted ? interrupt.exitCode() : exitCodes.success;
    if (outcome.error.kind === "input") {
      // Flags and training.json give the spec of a step: no file has its lines.
      if (step === undefined) await reportRunProblems(output, opened, outcome.error.problems);
      else reportProblems(output, outcome.error.problems);
      return exitCodes.invalidInput;
    }
    const sourceDiagnostics = outcome.error.source === undefined ? [] : opened.locate([outcome.error.source]);
    reportFailure(output, outcome.error.message, outcome.error.hint, sourceDiagnostics);
    await printCodeFrames(output, sourceDiagnostics, opened.source);
    return exitCodes.failure;
  },
};

/** The spec; undefined after reporting an invalid spec or option. */
async function openTrainSpec(
  output: Output,
  file: string,
  flags: Flags,
): Promise<(OpenedSpec & Partial<OpenedStep>) | undefined> {
  const isModel = isModelFile(file);
  const isStep = (await import("../../../runtime/training/fine-tune/step-folder.js")).isStepFolder(file);
  if (flags.data !== undefined && !existsSync(file)) {
    reportInvalidInput(
      output,
      "file-missing",
      `"${file}" does not exist`,
      "Name a model file or a folder of rnnx grad.",
    );
    return undefined;
  }
  const columnsConflict =
    flags.columns !== undefined && !isStep ? "--columns requires a folder of rnnx grad and --data" : undefined;
  const conflict =
    columnsConflict ?? flagConflict(flags, isModel || isStep) ?? (isStep ? stepConflict(flags) : undefined);
  if (conflict !== undefined) {
    reportInvalidInput(output, "usage", conflict, "Remove one of the options.");
    return undefined;
  }
  const overrides = flagOverrides(flags);
  if (isStep)
    return (await import("../../open-step-folder.js")).openStepSpec(
      output,
      file,
      flags.data,
      overrides,
      flags.columns ?? new Map(),
    );
  if (existsSync(join(file, runFiles.spec))) {
    const hint = `Name the spec that it was trained from: rnnx train SPEC --out ${file} --resume.`;
    reportInvalidInput(output, "not-a-file", `"${file}" is a run directory, not a spec`, hint);
    return undefined;
  }
  if (!isModel) {
    const { keptModels } = await import("../../../runtime/run/kept-models.js");
    const copies = flags.resume === true ? (spec: NormalSpec) => keptModels(runFolder(flags, spec)) : undefined;
    const opened = await openSpec(output, file, overrides, copies);
    for (const { message, hint } of opened?.unused ?? []) output.note(`${message} ${hint}`);
    for (const notice of opened?.notices ?? []) output.note(notice);
    return opened;
  }
  return (await import("../../open-trainable-model.js")).openTrainableSpec(output, file, flags.data, overrides);
}

/** The run directory. */
function runFolder({ out, fold }: Flags, { name }: NormalSpec): string {
  return out ?? join("runs", fold === undefined ? name : `${name}-fold-${fold}`);
}

function isModelFile(file: string): boolean {
  return file.endsWith(".onnx");
}

/** The message about an option that a folder of `rnnx grad` does not have; undefined without one. */
function stepConflict(flags: Flags): string | undefined {
  const options = [
    "dryRun",
    "init",
    "ranks",
    "memoryLimit",
    "force",
    "disablePass",
    "stopAfter",
    "recurrence",
  ] as const;
  const option = options.find((name) => flags[name] !== undefined);
  return option === undefined ? undefined : `${optionName(option)} requires a spec: the step of a folder is compiled`;
}

/** dryRun → --dry-run */
function optionName(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The message about options that cannot be combined; undefined if there is no conflict. */
function flagConflict(flags: Flags, readsData: boolean): string | undefined {
  const { init, map, data, ranks, resume, overwrite, dryRun } = flags;
  if (resume === true && overwrite === true) return "--resume continues the run that --overwrite removes";
  const monitoring = (["chart", "dashboard", "tensorboard", "mlflow"] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (dryRun === true && monitoring !== undefined) return `--dry-run ignores --${monitoring}: it trains nothing`;
  if (ranks !== undefined && detectLaunch() !== null)
    return "--ranks cannot be used under an MPI launcher, which starts one process per rank";
  if (map !== undefined && init === undefined) return "--map requires --init";
  if (data !== undefined && !readsData)
    return "--data requires a model file (.onnx) or a folder of rnnx grad; the data of a spec is set with --set data.file=FILE";
  return init !== undefined && readsData
    ? "--init cannot be used with a model file or a folder of rnnx grad, which has its weights"
    : undefined;
}

/** Releases the other ranks of an MPI launch, which wait for a spec. */
async function cancelTraining(): Promise<number> {
  await (await import("../../../runtime/train.js")).cancelTraining();
  return exitCodes.invalidInput;
}

/** The work of ranks above 0 of an MPI launch. Rank 0 reads the spec and writes all output. */
async function runWorkerRank(): Promise<number> {
  const interrupt = stopOnSignal(() => undefined, new AbortController().signal);
  const { joinTraining } = await import("../../../runtime/train.js");
  const outcome = await joinTraining({ signal: interrupt.signal });
  interrupt.release();
  if (outcome.ok) return outcome.value.interrupted ? interrupt.exitCode() : exitCodes.success;
  return outcome.error.kind === "input" ? exitCodes.invalidInput : exitCodes.failure;
}

function flagOverrides({ steps, seed, fold, set = [] }: Flags): readonly Override[] {
  return [
    ...set,
    ...optionOverride("--steps", "train.steps", steps),
    ...optionOverride("--seed", "seed", seed),
    ...optionOverride("--fold", "data.split.fold", fold),
  ];
}
