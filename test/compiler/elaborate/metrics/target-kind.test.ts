/** The metrics that can read the targets of each loss, and the message and hint for the others. */
import { expect, test } from "vitest";
import { problemsOf } from "../../../support/check-spec.js";

const inputs = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [
    [2, 1],
    [4, 3],
    [6, 5],
  ],
];
const rnn = { layer: "rnn", cell: "gru", hidden_size: 3 };
const last = { ...rnn, return: "last" };
const steps = [
  [0, 1, 2],
  [2, 1, 0],
];
const rows = [
  [0, 1, 1],
  [1, 0, 0],
];

const losses = [
  ["sequence_loss", steps, rnn],
  ["cross_entropy", [0, 2], last],
  ["squared_error", rows, last],
  ["binary_cross_entropy", rows, last],
  ["ctc", [[0], [1]], rnn],
] as const;
const metrics = [
  ...["accuracy", "f1", "precision", "recall", "perplexity", "bits_per_character", "exact_sequence"],
  ...["label_error_rate", "binary_accuracy", "rmse", "mae"],
].map((type): object => ({ type }));

test("a metric for another kind of targets is rejected, with an alternative", async () => {
  const failures: string[] = [];
  for (const [type, targets, layer] of losses) {
    failures.push(`${type}:`);
    for (const metric of [...metrics, { type: "top_k", k: 2 }]) {
      const data = { type: "arrays", inputs, targets };
      const spec = { data, model: [layer], loss: { type }, metrics: [metric], optimizer: { type: "adam" } };
      const messages = (await problemsOf(spec)).map((text) => text.replace(/^.*?: /, ""));
      failures.push(`  ${Object.values(metric).join(" ")}: ${messages.join("\n") || "fits"}`);
    }
  }
  expect(`\n${failures.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    sequence_loss:
      accuracy: fits
      f1: fits
      precision: fits
      recall: fits
      perplexity: fits
      bits_per_character: fits
      exact_sequence: fits
      label_error_rate: label_error_rate needs the loss ctc, but the loss is sequence_loss. Use "accuracy".
      binary_accuracy: binary_accuracy needs binary targets, which sequence_loss does not have. Use "accuracy".
      rmse: rmse needs numbers as targets, but the targets of sequence_loss are classes. Use "accuracy".
      mae: mae needs numbers as targets, but the targets of sequence_loss are classes. Use "accuracy".
      top_k 2: fits
    cross_entropy:
      accuracy: fits
      f1: fits
      precision: fits
      recall: fits
      perplexity: fits
      bits_per_character: fits
      exact_sequence: exact_sequence needs a sequence of outputs, but the model has one output per sequence. Use "accuracy".
      label_error_rate: label_error_rate needs the loss ctc, but the loss is cross_entropy. Use "accuracy".
      binary_accuracy: binary_accuracy needs binary targets, which cross_entropy does not have. Use "accuracy".
      rmse: rmse needs numbers as targets, but the targets of cross_entropy are classes. Use "accuracy".
      mae: mae needs numbers as targets, but the targets of cross_entropy are classes. Use "accuracy".
      top_k 2: fits
    squared_error:
      accuracy: accuracy needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
      f1: f1 needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
      precision: precision needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
      recall: recall needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
      perplexity: perplexity needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
      bits_per_character: bits_per_character needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
      exact_sequence: exact_sequence needs a sequence of outputs, but the model has one output per sequence. Use "rmse" or "mae".
      label_error_rate: label_error_rate needs the loss ctc, but the loss is squared_error. Use "rmse" or "mae".
      binary_accuracy: binary_accuracy needs binary targets, which squared_error does not have. Use "rmse" or "mae".
      rmse: fits
      mae: fits
      top_k 2: top_k needs target classes, but the targets of the loss are numbers. Use "rmse" or "mae".
    binary_cross_entropy:
      accuracy: accuracy needs one target class per output, but the targets of the loss are binary. Use "binary_accuracy" or "f1".
      f1: fits
      precision: fits
      recall: fits
      perplexity: perplexity needs one target class per output, but the targets of the loss are binary. Use "binary_accuracy" or "f1".
      bits_per_character: bits_per_character needs one target class per output, but the targets of the loss are binary. Use "binary_accuracy" or "f1".
      exact_sequence: exact_sequence needs a sequence of outputs, but the model has one output per sequence. Use "binary_accuracy" or "f1".
      label_error_rate: label_error_rate needs the loss ctc, but the loss is binary_cross_entropy. Use "binary_accuracy" or "f1".
      binary_accuracy: fits
      rmse: fits
      mae: fits
      top_k 2: top_k needs one target class per output, but the targets of the loss are binary. Use "binary_accuracy" or "f1".
    ctc:
      accuracy: accuracy needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
      f1: f1 needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
      precision: precision needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
      recall: recall needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
      perplexity: perplexity needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
      bits_per_character: bits_per_character needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
      exact_sequence: fits
      label_error_rate: fits
      binary_accuracy: binary_accuracy needs binary targets, which ctc does not have. Use "exact_sequence".
      rmse: rmse needs numbers as targets, but the targets of ctc are classes. Use "exact_sequence".
      mae: mae needs numbers as targets, but the targets of ctc are classes. Use "exact_sequence".
      top_k 2: top_k needs one target class per step, but the targets of ctc are label sequences. Use "exact_sequence".
    "
  `);
});

const quantile = { type: "quantile", levels: [0.1, 0.5, 0.9] };
const ends = { type: "quantile", levels: [0.1, 0.9] };
const pairs = { equations: ["a, b = split(y, 2)", "loss = (a + b - t) ^ 2"], output_size: "2*target_size" };
const odds = { ...pairs, target: "probabilities" };
const counts = { equations: ["loss = exp(y) - t * y"], target: "counts" };
const yourOwn = 'Write your own metric: an entry of metrics with "equations" that read all outputs as y.';
const numbers = 'Use "rmse" or "mae".';

test.each([
  [
    "mae",
    { type: "pairs" },
    2,
    { pairs },
    "mae needs one output for each target, but pairs reads 2 outputs for 1 target.",
    yourOwn,
  ],
  ["binary_accuracy", { type: "odds" }, 2, { odds }, "but odds reads 2 outputs for 1 target.", yourOwn],
  ["f1", { type: "odds" }, 2, { odds }, "but odds reads 2 outputs for 1 target.", yourOwn],
  [
    "mae",
    { type: "counts" },
    1,
    { counts },
    "mae needs predictions of the targets, but the outputs of counts are none.",
    yourOwn,
  ],
  ["mae", ends, 2, undefined, "mae needs the median as the forecast.", 'Add 0.5 to "levels" of the loss.'],
  ["rmse", ends, 2, undefined, "rmse needs the median as the forecast.", 'Add 0.5 to "levels" of the loss.'],
  [
    "accuracy",
    ends,
    2,
    undefined,
    "accuracy needs target classes, but the targets of the loss are numbers.",
    'Use "rmse" or "mae", with 0.5 in "levels" of the loss.',
  ],
  [
    "accuracy",
    quantile,
    3,
    undefined,
    "accuracy needs target classes, but the targets of the loss are numbers.",
    numbers,
  ],
  [
    "binary_accuracy",
    { type: "poisson_nll" },
    1,
    undefined,
    "binary_accuracy needs binary targets, which poisson_nll does not have.",
    numbers,
  ],
])(
  "%s of a loss %j, whose outputs it cannot compare, is rejected",
  async (metric, loss, size, losses, message, hint) => {
    const data = { type: "arrays", inputs: [[1], [2]], targets: [[0], [1]] };
    const model = [{ layer: "dense", size }];
    const problems = await problemsOf({ data, model, loss, losses, metrics: [metric], optimizer: { type: "adam" } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${message} ${hint}`);
  },
);
