/** The plateau schedule: reductions of the learning rate, also in a resumed run. */
import { describe, expect, test } from "vitest";
import type { PlateauState } from "../../../runtime/run/training-snapshot.js";
import { updatePlateau } from "../../../runtime/training/reduce-lr-on-plateau.js";
import type { NormalPlateau } from "../../../schema/normal/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, requestFor, run, specOfCase, weightsOf } from "../../support/training-runs.js";

const schedule: NormalPlateau = {
  type: "plateau",
  metric: "loss",
  mode: "min",
  factor: 0.5,
  patience: 2,
  minimum_delta: 0,
  cooldown: 0,
  minimum_ratio: 0.1,
  warmup_steps: 0,
};

/** The scale after each evaluation. */
function scales(change: Partial<NormalPlateau>, values: readonly number[]): readonly number[] {
  let state: PlateauState | null = null;
  return values.map((loss) => {
    state = updatePlateau({ ...schedule, ...change }, state, { train: {}, validation: { loss }, test: {} });
    return state?.scale ?? Number.NaN;
  });
}

describe("the learning rate is reduced", () => {
  test.each<[string, Partial<NormalPlateau>, readonly number[], readonly number[]]>([
    [
      "after as many evaluations without a better one as its patience",
      {},
      [5, 4, 4, 6, 5, 3],
      [1, 1, 1, 0.5, 0.5, 0.5],
    ],
    ["again after the same number of evaluations", {}, [5, 5, 5, 5, 5, 5], [1, 1, 0.5, 0.5, 0.25, 0.25]],
    ["not below the minimum", { factor: 0.2 }, [1, 2, 2, 2, 2], [1, 1, 0.2, 0.2, 0.1]],
    ["where an improvement is smaller than the delta", { minimum_delta: 1 }, [5, 4.5, 4.2], [1, 1, 0.5]],
    ["with mode max", { mode: "max" }, [1, 2, 2, 1], [1, 1, 1, 0.5]],
    ["not during the cooldown", { cooldown: 2 }, [1, 1, 1, 1, 1, 1, 1], [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]],
    ["where NaN is no improvement", { patience: 1 }, [1, Number.NaN, 0.5], [1, 0.5, 0.5]],
  ])("%s", (_, change, values, expected) => {
    expect(scales(change, values)).toEqual(expected);
  });

  test("the named metric is monitored", () => {
    const metrics = { train: {}, validation: { loss: 1, accuracy: 0.5 }, test: {} };
    expect(updatePlateau({ ...schedule, metric: "accuracy" }, null, metrics)).toMatchObject({ best: 0.5 });
  });

  test("without a validation split the training split is monitored", () => {
    const metrics = { train: { loss: 3 }, validation: {}, test: {} };
    expect(updatePlateau(schedule, null, metrics)).toMatchObject({ best: 3 });
  });

  test("other schedules have no state", () => {
    expect(updatePlateau({ type: "constant" }, null, { train: { loss: 3 }, validation: {}, test: {} })).toBe(null);
  });
});

describe("a run whose learning rate is reduced to 0 after two evaluations", () => {
  const request = async (out: string, train: object) => {
    const spec = await specOfCase("lstm-adam", { steps: 12, evaluate_every: 2, checkpoint_every: 3, ...train });
    // No loss improves by this delta.
    const schedule0 = { ...schedule, patience: 1, factor: 0, minimum_ratio: 0, minimum_delta: 1000 };
    return requestFor("lstm-adam", { ...spec, optimizer: { ...spec.optimizer, schedule: schedule0 } }, out);
  };

  test("keeps its weights, for any number of steps per call, and when resumed", async () => {
    const [uninterrupted, single, interrupted] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    const { events } = await run(await request(uninterrupted, { steps_per_call: 8 }));
    const actualLosses = losses(events);
    expect(actualLosses).toHaveLength(12);
    // The first evaluation stays the best; after the second, at step 4, the rate is 0.
    expect(new Set(actualLosses.slice(0, 5)).size).toBe(5);
    expect(new Set(actualLosses.slice(4)).size).toBe(1);
    expect(losses((await run(await request(single, { steps_per_call: 1 }))).events)).toEqual(actualLosses);

    const first = await run(
      await request(interrupted, { steps_per_call: 1 }),
      (emitted) => eventsOfKind(emitted, "step").length >= 3,
    );
    expect(losses(first.events).length).toBeLessThan(5);
    const resumed = await run({ ...(await request(interrupted, { steps_per_call: 2 })), resume: true });
    expect([...losses(first.events), ...losses(resumed.events)]).toEqual(actualLosses);
    expect(weightsOf(interrupted)).toEqual(weightsOf(uninterrupted));
  });
});
