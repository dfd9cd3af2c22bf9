/** Whole runs against the reference numbers of fixtures/training. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.js";
import {
  cases,
  eventsOfKind,
  fixture,
  losses,
  requestFor,
  run,
  specOfCase,
  weightsOf,
} from "../../support/training-runs.js";

interface Expected {
  readonly losses: readonly number[];
  readonly final: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
}

const runs = cases.flatMap((name) => [[name, 1] as const, [name, 20] as const]);

test.each(runs)(
  "%s, %i steps per call: every loss and every final tensor within 1e-4",
  async (name, steps_per_call) => {
    const out = temporaryFolder();
    const request = {
      ...requestFor(name, await specOfCase(name, { steps_per_call }), out),
      init: { file: fixture(name, "init.safetensors"), maps: [] },
    };
    const { outcome, events, calls } = await run(request);
    expect(calls).toEqual(Array(20 / steps_per_call).fill(steps_per_call));
    expect(outcome).toMatchObject({ ok: true });

    const expected: Expected = JSON.parse(readFileSync(fixture(name, "expect.json"), "utf8"));
    const actual = losses(events);
    expect(actual).toHaveLength(expected.losses.length);
    for (const [index, loss] of expected.losses.entries()) {
      expect(Math.abs((actual[index] ?? 0) - loss) / loss, `the loss of step ${index + 1}`).toBeLessThan(1e-4);
    }
    const weights = weightsOf(out);
    expect([...weights.keys()].sort()).toEqual(Object.keys(expected.final).sort());
    for (const [tensor, { shape, data }] of Object.entries(expected.final)) {
      const tensorValue = weights.get(tensor);
      expect(tensorValue?.shape).toEqual(shape);
      const difference = Math.hypot(...data.map((value, index) => value - (tensorValue?.data[index] ?? 0)));
      expect(difference / Math.hypot(...data), tensor).toBeLessThan(1e-4);
    }
    expect(eventsOfKind(events, "step").map(({ step }) => step)).toEqual(expected.losses.map((_, index) => index + 1));
  },
);
