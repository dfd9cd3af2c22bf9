/** `rnnx find-rate`: a learning-rate range test, on the terminal or as an image. Writes no run. */
import { resolve } from "node:path";
import { formatInteger, formatNumber } from "../../runtime/format.js";
import type { RateRange, RateTest } from "../../runtime/training/find-rate.js";
import type { TrainRequest } from "../../runtime/training/request.js";
import type { Override } from "../../schema/parse/overrides.js";
import type { CommandModule } from "../command.js";
import { reportInvalidInput } from "../errors.js";
import { exitCodes } from "../exit-codes.js";
import { checkImageFile, writeImage } from "../image-output.js";
import { reportRunFailure } from "../open-run.js";
import { openSpec } from "../open-spec.js";
import {
  allowTf32Option,
  deviceOption,
  initOption,
  integerParser,
  optionOverride,
  positiveParser,
  seedOption,
  setOption,
  threadsOption,
} from "../option-parsers.js";
import type { Output } from "../output.js";

interface Flags {
  readonly min: number;
  readonly max: number;
  readonly steps: number;
  readonly seed?: number;
  readonly set?: readonly Override[];
  readonly init?: string;
  readonly out?: string;
  readonly device: TrainRequest["device"];
  readonly threads?: number | "auto";
}

const MAX_RATE = 1_000_000;
const IMAGE_SIZE = { width: 720, height: 320 };

export const findRateCommand: CommandModule = {
  description:
    "Suggests a learning rate by a range test: a short training whose learning rate grows exponentially from --min to --max, in place of the schedule of the spec. " +
    "The suggestion is the rate at which the smoothed loss falls fastest. Draws the loss on the terminal, or an SVG or PNG image with --out. Writes no run.",
  example: "rnnx find-rate specs/hihello.json --steps 200 --out rate.svg",

  declare(command) {
    command
      .argument("<spec>", "spec (.json)")
      .option("--min <rate>", "first learning rate", positiveParser(MAX_RATE), 1e-6)
      .option("--max <rate>", "last learning rate", positiveParser(MAX_RATE), 10)
      .option("--steps <n>", "updates of the test", integerParser(10, 1_000_000), 200)
      .addOption(seedOption())
      .addOption(setOption())
      .addOption(initOption())
      .option("--out <file>", "image to write (.svg, .png)")
      .addOption(deviceOption())
      .addOption(allowTf32Option())
      .addOption(threadsOption());
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const { min: minimum, max: maximum, steps, seed, set = [], init, out, device, threads } = command.opts<Flags>();
    if (minimum >= maximum) {
      reportInvalidInput(output, "usage", `--min ${minimum} is not below --max ${maximum}`, "Give a wider range.");
      return exitCodes.invalidInput;
    }
    const exitCode = out === undefined ? undefined : checkImageFile(output, out);
    if (exitCode !== undefined) return exitCode;
    const opened = await openSpec(output, file, [...set, ...optionOverride("--seed", "seed", seed)]);
    if (opened === undefined) return exitCodes.invalidInput;
    const range = { minimum, maximum, steps };
    const [{ findRate }, { mapPathsToSource }] = await Promise.all([
      import("../../runtime/training/find-rate.js"),
      import("../../runtime/training/spec-paths.js"),
    ]);
    const { spec, folder, origins } = opened;
    const weights = init === undefined ? null : { file: resolve(init), maps: [] };
    const request = { spec, folder, device, init: weights, ...(threads !== undefined && { threads }), range };
    const result = mapPathsToSource(spec, origins, await findRate(request));
    if (!result.ok) return reportRunFailure(output, result.error, opened);
    const { value: test } = result;
    for (const notice of test.notices) output.note(notice);
    const { notices: _, ...record } = test;
    output.record({ event: "result", name: opened.spec.name, ...record, ...(out !== undefined && { file: out }) });
    if (out === undefined) await printChart(output, test);
    else {
      const [{ rateChart }, { toSvg }] = await Promise.all([
        import("../../views/charts/rate-test.js"),
        import("../../views/charts/render.js"),
      ]);
      await writeImage(
        out,
        await toSvg(rateChart(`Learning-rate range test of ${opened.spec.name}`, test, IMAGE_SIZE)),
      );
      output.print(out);
    }
    output.print(summary(test, range));
    return exitCodes.success;
  },
};

async function printChart(output: Output, { rates, smoothed, suggestion }: RateTest): Promise<void> {
  const [{ terminalChart }, { largestDrawnLoss }] = await Promise.all([
    import("../../views/charts/ascii-chart.js"),
    import("../../views/charts/rate-test.js"),
  ]);
  const limit = largestDrawnLoss(smoothed);
  const points = smoothed.map((loss, step) => ({ step, value: Math.min(loss, limit) }));
  const step = suggestion === null ? -1 : rates.findLastIndex((rate) => rate <= suggestion * 1.05);
  const chart = terminalChart(
    "smoothed loss",
    [{ split: "step", points }],
    output.colors.print,
    process.stdout.columns || 80,
    {
      first: formatNumber(rates[0] ?? 0),
      last: `learning rate ${formatNumber(rates.at(-1) ?? 0)}`,
      mark: suggestion === null ? null : { step: Math.max(step, 0), label: `${suggestion}` },
    },
  );
  output.print(`${chart}\n`);
}

function summary({ suggestion, lowest, diverged, rates, losses }: RateTest, { maximum, steps }: RateRange): string {
  const end = diverged
    ? `The loss diverged after ${formatInteger(losses.length)} of ${formatInteger(steps)} steps, near ${formatNumber(rates.at(-1) ?? 0)}.`
    : `The loss did not diverge up to ${formatNumber(maximum)}.`;
  if (suggestion === null)
    return `No suggestion: the loss did not fall by more than its noise. Give more --steps, or another range with --min and --max.\n${end}`;
  return `Suggested: --set optimizer.learning_rate=${suggestion}, where the smoothed loss falls fastest; it is lowest near ${formatNumber(lowest)}.\n${end}`;
}
