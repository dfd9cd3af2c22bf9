/** The output of training on a terminal, replayed by a terminal emulator. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { wrapText } from "../../../../cli/wrap-text.js";
import { formatSpeed } from "../../../../runtime/format.js";
import { rnnx, rnnxOnTerminal, temporaryFolder } from "../../../support/spawn.js";
import { replayTerminal } from "../../../support/terminal.js";

/** More evaluations than the emulated terminal has rows, so that the screen scrolls. */
const training = ["train", "specs/spam.json", "--set", "train.epochs=26", "--set", "train.batch_size=400", "--out"];

/** Lines without the progress, which depends on the time. */
const isProgress = (line: string) => /^([█░ ]*|step )[\d,]+\/[\d,]+( {2}|$)/.test(line);

/** The output without a terminal, which the terminal's has to equal. */
const out = join(temporaryFolder(), "run");
let piped = { stdout: "", stderr: "" };
beforeAll(async () => {
  piped = await rnnx(...training, out);
}, 60_000);

test.each([40, 60, 80, 200])("on %i columns every printed line of a training is whole", async (columns) => {
  const onTerminal = await rnnxOnTerminal(columns, ...training, out, "--overwrite");
  expect(onTerminal.code).toBe(0);
  const lines = replayTerminal(onTerminal.stdout, columns);
  const [expectedNotes = [], expectedResults = []] = [piped.stderr, piped.stdout].map((text) => {
    const printed = text.trimEnd().split("\n");
    return printed.filter((line) => !isProgress(line)).flatMap((line) => wrapText(line, columns).split("\n"));
  });
  const printed = lines.filter((line) => !isProgress(line));
  expect(expectedNotes.filter((line) => line.startsWith("epoch "))).toHaveLength(26);
  expect(printed.slice(0, expectedNotes.length)).toEqual(expectedNotes);
  expect(printed.slice(-expectedResults.length)).toEqual(expectedResults);
  // One line of progress remains, between the evaluations and the chart.
  expect(lines.filter(isProgress)).toHaveLength(1);
  expect(isProgress(lines[expectedNotes.length] ?? "")).toBe(true);
  const chart = lines.slice(expectedNotes.length + 1, -expectedResults.length);
  expect(chart[0]).toMatch(/^loss/);
  expect(chart.filter((line) => /[┤┼]/.test(line))).toHaveLength(11);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
});

test("the speed of the last progress line is that of the report and of a comparison", async () => {
  const folder = join(temporaryFolder(), "run");
  const onTerminal = await rnnxOnTerminal(120, "train", "specs/hihello.json", "--out", folder);
  const [, speed] = / ([\d.,]+) steps\/s/.exec(replayTerminal(onTerminal.stdout, 120).findLast(isProgress) ?? "") ?? [];
  expect(speed).toBeDefined();
  const { updates, seconds }: { updates: number; seconds: number } = JSON.parse(
    readFileSync(join(folder, "environment.json"), "utf8"),
  );
  expect(speed).toBe(formatSpeed(updates / seconds));
  expect((await rnnx("compare", folder, out)).stdout).toMatch(new RegExp(` ${speed} `));
  await rnnx("report", folder, "--out", join(folder, "report.html"));
  const report = readFileSync(join(folder, "report.html"), "utf8");
  expect(report).toContain(`<b>${speed}</b><span>steps per second</span>`);
});

/** A word is broken where a line of the terminal continues in the next row; paths may be longer than a row. */
const messages: readonly (readonly string[])[] = [
  ["validate", "test/fixtures/no-such-file.json"],
  ["train", "specs/stock.json", "--set", "data.columns=[1,2]", "--set", "model.0.cell=lstn"],
  ["train", "specs/stock.json", "--set", "data.target=[9]", "--dry-run"],
  ["train", "specs/stock.json", "--dry-run"],
  ["inspect", "specs/spam.json"],
  ["inspect", "--passes"],
  ["inspect", "specs/stock.json", "--device", "cuda"],
  ["init"],
  ["train", "--help"],
];
test.each(messages.flatMap((args) => [40, 60, 80].map((columns) => ({ args, columns }))))(
  "no word is broken on $columns columns: $args",
  async ({ args, columns }) => {
    const { stdout } = await rnnxOnTerminal(columns, ...args);
    const words = new Set(stdout.split(/\s+/).filter((word) => word.length > columns));
    for (const line of replayTerminal(stdout, columns))
      if (![...words].some((word) => line.includes(word))) expect(line.length).toBeLessThanOrEqual(columns);
  },
);

test("the emulator shows lines that a restored cursor damages", () => {
  const recording = "\u001b7\u001b[?7lbar\rline\n\u001b8chart\n";
  expect(replayTerminal(recording, 80)).toEqual(["chart"]);
  expect(replayTerminal("a long line\nb\n", 4)).toEqual(["a long line", "b"]);
  expect(replayTerminal("\u001b[?7llong line\n", 5)).toEqual(["longe"]);
});
