/** The splits, the optimizer and the length of a training that fit the rows of a file. */

type JsonObject = Readonly<Record<string, unknown>>;

export function splitFor(rows: number): JsonObject {
  if (rows >= 50) return { validation: 0.1, test: 0.1 };
  return rows >= 10 ? { validation: 0.2 } : {};
}

export function training(
  rows: number,
  hasEpochs: boolean,
): { readonly optimizer: JsonObject; readonly train: JsonObject } {
  const trained = Math.floor(rows * (rows >= 50 ? 0.8 : rows >= 10 ? 0.8 : 1));
  const length =
    trained >= MANY_EXAMPLES ? { steps: 2000 } : hasEpochs ? { epochs: epochsFor(trained) } : { steps: 200 };
  return {
    optimizer: { type: "adam", learning_rate: 0.005, clip: { global_norm: 5 } },
    train: {
      ...length,
      batch_size: trained < 64 ? "all" : trained >= MANY_EXAMPLES ? 128 : 32,
      ...(rows >= 10 && { keep_best: { metric: "loss", mode: "min" } }),
    },
  };
}

/** Examples of which a training reads as many as 2,000 batches of 128 have. */
const MANY_EXAMPLES = 60_000;

/** Fewer passes through more examples: about 20,000 examples are read. */
export function epochsFor(examples: number): number {
  return Math.max(3, Math.min(60, Math.ceil(20_000 / Math.max(examples, 1))));
}
