/** The end of a training states columns that a forecast without a model predicts better, with its error. */
import { expect, test } from "vitest";
import { evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import { trainSpec } from "../../support/training-runs.js";

/** Values that repeat after five rows, so that the seasonal naive forecast has no error. */
const rows = Array.from({ length: 60 }, (_, row) => [[3, 9, 4, 7, 5][row % 5], 10 + ((row * 7) % 13)]);
const csv = `a,b\n${rows.map((row) => row.join(",")).join("\n")}\n`;

async function trained(data: object, outputs: number, steps: number) {
  const spec = {
    name: "n",
    data: {
      type: "table",
      file: "t.csv",
      window: 5,
      horizon: 2,
      scale: "standard",
      season: 5,
      split: { test: 12 },
      ...data,
    },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 8, return: "last" },
      { layer: "dense", size: outputs },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam", learning_rate: 0.03 },
    train: { steps, batch_size: "all" },
  };
  const { out, events } = await trainSpec(spec, { "t.csv": csv });
  const notices = events.flatMap((event) => (event.event === "notice" ? [event.message] : []));
  return { out, notices: notices.filter((message) => message.includes("worse than")) };
}

test("each column has its best baseline, with the errors of an evaluation", async () => {
  const { out, notices } = await trained({ target: ["a", "b"] }, 4, 1);
  const evaluated = await evaluateRun({
    run: out,
    data: null,
    split: "test",
    weights: "end",
    device: "cpu",
    withDetails: true,
  });
  if (!evaluated.ok) throw new Error(JSON.stringify(evaluated.error));
  const { columns = [], baselines = [] } = evaluated.value.details ?? {};
  const naive = baselines.filter(({ baseline }) => baseline !== "mean");
  expect(notices).toEqual(
    columns.flatMap(({ column, mae }) => {
      const [best] = naive.filter((each) => each.column === column).sort((x, y) => x.mae - y.mae);
      if (best === undefined || best.mae >= mae) return [];
      const error = (value: number) => Number(value.toPrecision(4));
      return [
        `On the test split the model is worse than the ${best.baseline} of "${column}" as a forecast: ` +
          `its mae is ${error(mae)}, that of the ${best.baseline} ${error(best.mae)}.`,
      ];
    }),
  );
  expect(notices[0]).toContain('worse than the seasonal naive of "a"');
});

test("a model that is better than all has none", async () => {
  const { notices } = await trained({ target: ["b"], columns: ["b"], season: 4 }, 2, 150);
  expect(notices).toEqual([]);
});

test("a target of the last row of the window is no forecast", async () => {
  const { notices } = await trained({ target: ["b"], horizon: 0 }, 1, 1);
  expect(notices).toEqual([]);
});
