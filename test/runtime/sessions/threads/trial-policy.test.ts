/** When a training tries another number of threads: synthetic durations, no clock. */
import { describe, expect, test } from "vitest";
import { createTrialPolicy, TRIAL_PAIRS, type TrialPolicy } from "../../../../runtime/sessions/threads/trial-policy.js";

const MANY_STEPS = 1e6;

/** Records calls of 10 steps each. */
function recordCalls(policy: TrialPolicy, count: number, milliseconds: number): void {
  for (let call = 0; call < count; call++) policy.record(10, milliseconds);
}

const pairs = (current: number, other: number) => Array.from({ length: TRIAL_PAIRS }, () => ({ current, other }));

describe("the policy of trials", () => {
  test("the first trial follows the slow first calls, in a run that is long enough", () => {
    const policy = createTrialPolicy();
    recordCalls(policy, 7, 150);
    expect(policy.isDue(MANY_STEPS, false)).toBe(false);
    recordCalls(policy, 1, 150);
    expect(policy.pace()).toBe(15);
    expect(policy.isDue(MANY_STEPS, false)).toBe(true);
    // A trial costs 200 + 8 × 150 = 1,400 ms; a fiftieth of 70 s, or 4,667 steps.
    expect(policy.isDue(4700, false)).toBe(true);
    expect(policy.isDue(4600, false)).toBe(false);
  });

  test("single slow calls do not change the pace", () => {
    const policy = createTrialPolicy();
    recordCalls(policy, 3, 900);
    for (const milliseconds of [150, 900, 150, 900, 150]) policy.record(10, milliseconds);
    expect(policy.pace()).toBe(15);
  });

  test("the other number is used if it takes at most nine tenths of the time, without its first call", () => {
    const settle = (other: number) => {
      const policy = createTrialPolicy();
      recordCalls(policy, 8, 150);
      const [, ...rest] = pairs(150, other);
      return policy.settle([{ current: 1, other: 10_000 }, ...rest], 100);
    };
    expect(settle(90)).toEqual({ isFaster: true, ratio: 0.6 });
    expect(settle(140).isFaster).toBe(false);
    expect(settle(300)).toEqual({ isFaster: false, ratio: 2 });
  });

  test("another trial needs a change of the pace, either way, and fifty times the time of the last", () => {
    for (const [changed, isDue] of [
      [150, false],
      [170, false],
      [200, true],
      [110, true],
    ] as const) {
      const policy = createTrialPolicy();
      recordCalls(policy, 8, 150);
      policy.settle(pairs(150, 300), 200);
      // Twice 50 × 1,400 ms, since the trial changed nothing.
      recordCalls(policy, 930, 150);
      expect(policy.isDue(MANY_STEPS, false)).toBe(false);
      recordCalls(policy, 10, changed);
      expect(policy.isDue(MANY_STEPS, false)).toBe(isDue);
    }
  });

  test("a change of the pace waits for the end of the pause", () => {
    const policy = createTrialPolicy();
    recordCalls(policy, 8, 150);
    policy.settle(pairs(150, 300), 200);
    recordCalls(policy, 5, 150);
    recordCalls(policy, 100, 600);
    expect(policy.isDue(MANY_STEPS, false)).toBe(false);
    recordCalls(policy, 200, 600);
    expect(policy.isDue(MANY_STEPS, false)).toBe(true);
  });

  test("away from the first number there is another trial after the pause, and ever longer ones", () => {
    const policy = createTrialPolicy();
    recordCalls(policy, 8, 150);
    policy.settle(pairs(150, 90), 200);
    const callsUntilDue = () => {
      let calls = 0;
      for (; !policy.isDue(MANY_STEPS, true); calls++) recordCalls(policy, 1, 100);
      policy.settle(pairs(100, 150), 200);
      return calls;
    };
    // 50 × 1,400 ms after the change; then twice and four times 50 × 1,000 ms.
    expect([callsUntilDue(), callsUntilDue(), callsUntilDue()]).toEqual([700, 1000, 2000]);
  });
});
