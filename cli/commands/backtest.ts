/** `rnnx backtest`: the errors of a run's forecasts by period. */
import type { Backtest, BacktestRequest } from "../../runtime/evaluation/backtest.js";
import { formatInteger, formatNumber } from "../../runtime/format.js";
import type { CommandModule } from "../command.js";
import { escapeLine } from "../escape-controls.js";
import { exitCodes } from "../exit-codes.js";
import { numbersTable, stepErrors } from "../forecast-errors.js";
import { openRunSpec, reportRunFailure } from "../open-run.js";
import { allowTf32Option, deviceOption, integerParser } from "../option-parsers.js";
import type { Output } from "../output.js";

interface Flags {
  readonly folds: number;
  readonly device: BacktestRequest["device"];
}

export const backtest: CommandModule = {
  description:
    "Evaluates the forecasts of a run over consecutive periods of its test split: the windows of each series in order of time, in " +
    "parts of equal size. Prints the errors of each period by column and by step, next to those of forecasts without a model. The model " +
    "is the same for all periods.",
  example: "rnnx backtest runs/stock --folds 4",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .option("--folds <n>", "number of periods", integerParser(2, 1000), 5)
      .addOption(deviceOption())
      .addOption(allowTf32Option());
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const { folds, device } = command.opts<Flags>();
    const opened = await openRunSpec(output, folder, []);
    if (opened === undefined) return exitCodes.invalidInput;
    const { backtestRun } = await import("../../runtime/evaluation/backtest.js");
    const outcome = await backtestRun({ run: folder, folds, device });
    if (!outcome.ok) return reportRunFailure(output, outcome.error, opened);
    const { split, folds: periods, notices } = outcome.value;
    for (const notice of notices) output.note(notice);
    for (const { fold, omissions = [] } of periods)
      for (const omission of omissions) output.note(`fold ${fold}: ${omission}`);
    for (const period of periods) output.record({ event: "fold", run: folder, split, ...period });
    printFolds(output, outcome.value);
    return exitCodes.success;
  },
};

function printFolds(output: Output, { split, folds }: Backtest): void {
  const [first] = folds;
  for (const [index, { column }] of (first?.columns ?? []).entries()) {
    const names = first?.baselines?.filter((one) => one.column === column).map(({ baseline }) => baseline) ?? [];
    const rows = folds.map(({ fold, examples, columns, baselines = [] }) => {
      const { rmse = Number.NaN, mae = Number.NaN, smape = Number.NaN } = columns[index] ?? {};
      const maeOf = (name: string) =>
        baselines.find((one) => one.column === column && one.baseline === name)?.mae ?? Number.NaN;
      const errors = [rmse, mae, smape, ...names.map(maeOf)].map(formatNumber);
      return [`${fold}`, formatInteger(examples), ...errors];
    });
    const titles = ["windows", "rmse", "mae", "smape %", ...names.map((name) => `mae of the ${name}`)];
    output.print(
      `${escapeLine(column)}: errors by fold of the ${split} split\n\n${numbersTable(output, "fold", titles, rows)}\n`,
    );
    printSteps(output, column, index, folds);
  }
}

/** The mean absolute errors of a column by step, a column for each fold. */
function printSteps(output: Output, column: string, index: number, folds: Backtest["folds"]): void {
  const columns = folds.flatMap(({ fold, columns: ofFold }) => {
    const errors = ofFold[index];
    return errors?.steps === undefined ? [] : [{ ...errors, column: `fold ${fold}` }];
  });
  if (columns.length === 0) return;
  const steps = stepErrors(columns, []);
  const table = numbersTable(output, "step", steps.titles, steps.rows);
  output.print(`${escapeLine(column)}: mae by step, in rows after the window\n\n${table}\n`);
}
