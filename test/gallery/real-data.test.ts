/** The tutorials on their own data, where it lies beside the repository: digits of MNIST, and the prices of a share. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openData } from "../../runtime/data/index.js";
import type { ForecastDetails } from "../../runtime/evaluation/forecast-details.js";
import { readSpecFile } from "../../schema/read.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { rnnx, train } from "./run.js";

const shared = (name: string) => fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
const [images, labels] = [shared("mnist/t10k-images-idx3-ubyte.gz"), shared("mnist/t10k-labels-idx1-ubyte.gz")];
const prices = shared("stock_daily.csv");

/** Why a test is skipped, as a part of its name. */
const without = (file: string) => (existsSync(file) ? "" : ` (skipped: there is no ${file})`);

it.skipIf(!existsSync(images))(
  `mnist-rows tells at least 90 % of 2,000 handwritten digits from 8,000 others${without(images)}`,
  async () => {
    const files = ["--set", `data.file=${images}`, "--set", `data.labels=${labels}`];
    const { events, metrics } = await train("mnist-rows", ...files, "--set", "train.epochs=22");
    expect(metrics.test.accuracy).toBeGreaterThanOrEqual(0.9);
    const epochs = events.filter(({ event }) => event === "evaluation");
    expect(epochs).toHaveLength(22);
    for (const { metrics: parts } of epochs) {
      expect(parts).toMatchObject({
        train: { accuracy: expect.any(Number) },
        validation: {},
        test: { accuracy: expect.any(Number) },
      });
    }
  },
  120_000,
);

it.skipIf(!existsSync(prices))(
  `stock comes near the last price as a forecast of the next${without(prices)}`,
  async () => {
    const { run, metrics } = await train("stock", "--set", `data.file=${prices}`);
    expect(metrics.test.rmse).toBeLessThan(1.25 * (await lastPriceError(run)));
    const { metrics: again } = (await rnnx("evaluate", run)).at(-1) ?? {};
    expect(again).toEqual(metrics);
  },
  120_000,
);

const transformer = shared("etth1.csv");

it.skipIf(!existsSync(transformer))(
  `etth1 has the usual split of ETTh1, and forecasts better than the day before after two epochs${without(transformer)}`,
  async () => {
    const { events, metrics } = await train("etth1", "--set", `data.file=${transformer}`, "--set", "train.epochs=2");
    // Windows of 96 + 96 rows whose targets are in rows 96 to 8,640, to 11,520 and to 14,400.
    expect(events[0]).toMatchObject({ examples: { train: 8449, validation: 2785, test: 2785 } });
    // The mean squared error in deviations of the training rows: 0.512 of the day before, 0.369 after ten epochs.
    expect((metrics.test.rmse ?? Number.NaN) ** 2).toBeLessThan(0.45);
  },
  240_000,
);

const [hoursBefore, hoursAfter] = [shared("m4/hourly_train.csv"), shared("m4/hourly_test.csv")];

it.skipIf(!existsSync(hoursBefore))(
  `m4-hourly has the test split of M4, and forecasts better than the hours of the day before after 150 steps${without(hoursBefore)}`,
  async () => {
    const wide = (file: string) =>
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.replaceAll('"', "").split(",").filter(Boolean));
    const after = wide(hoursAfter);
    // Every eighth series: less to read.
    const rows = wide(hoursBefore).flatMap(([name, ...values], series) =>
      series % 8 === 0
        ? [...values, ...(after[series] ?? []).slice(1)].map((value, hour) => `${name},${hour + 1},${value}`)
        : [],
    );
    const file = join(temporaryFolder(), "m4.csv");
    writeFileSync(file, `series,hour,value\n${rows.join("\n")}\n`);
    const { events, run, metrics } = await train(
      "m4-hourly",
      "--set",
      `data.file=${file}`,
      "--set",
      "train.steps=150",
      "--set",
      "train.epochs=null",
    );
    expect(events).toContainEqual(
      expect.objectContaining({ event: "start", examples: expect.objectContaining({ test: 52 }) }),
    );
    const { details } = ((await rnnx("evaluate", run, "--split", "test")).at(-1) ?? {}) as {
      details?: ForecastDetails;
    };
    const naive = details?.baselines?.find(({ baseline }) => baseline === "seasonal naive");
    expect(metrics.test.smape).toBeLessThan(naive?.smape ?? 0);
    expect(metrics.test.coverage).toBeGreaterThan(0.6);
  },
  240_000,
);

const recordings = shared("spoken_digits");

it.skipIf(!existsSync(recordings))(
  `spoken-digits leaves the recordings of one speaker out of the training${without(recordings)}`,
  async () => {
    const files = ["--set", `data.file=${recordings}/*.wav`, "--set", "train.epochs=1"];
    const { events, metrics } = await train("spoken-digits", ...files, "--fold", "2");
    expect(events[0]).toMatchObject({ examples: { train: 2500, validation: 0, test: 500 } });
    expect(metrics.test.accuracy).toBeGreaterThan(0.5);
  },
  240_000,
);

/** The error on the test part of taking the price of a window's last day for the next, on the scaled target. */
async function lastPriceError(run: string): Promise<number> {
  const read = await readSpecFile(`${run}/spec.json`);
  if (!read.ok) throw new Error("the run's spec does not read");
  const opened = await openData(read.spec, read.folder);
  if (!opened.ok) throw new Error("the run's data does not open");
  const { splits, batch, metadata } = opened.value;
  if (metadata.type !== "table") throw new Error("the run's data is no table");
  const arrays = batch(splits.test);
  const [inputs, targets] = [arrays.get("inputs"), arrays.get("targets")];
  const [, window = 0, width = 0] = inputs?.shape ?? [];
  const price = metadata.columns.indexOf("Close");
  const errors = Array.from(splits.test, (_, row) => {
    const last = Number(inputs?.data[(row + 1) * window * width - width + price]);
    return (Number(targets?.data[row]) - last) ** 2;
  });
  return Math.sqrt(errors.reduce((sum, error) => sum + error, 0) / errors.length);
}
