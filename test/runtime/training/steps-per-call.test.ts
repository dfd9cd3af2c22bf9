/** The number of steps per call: a number of the spec, or one that grows by the duration of the calls. */
import { describe, expect, test } from "vitest";
import { createStepsPerCallTuner, nextStepsPerCall } from "../../../runtime/training/steps-per-call.js";

describe("steps per call", () => {
  test("auto grows to calls of about 150 ms, in powers of two", () => {
    const tuner = createStepsPerCallTuner("auto", 100);
    const stepCounts: number[] = [];
    for (let call = 0; call < 6; call++) {
      const steps = tuner.stepsPerCall();
      stepCounts.push(steps);
      tuner.record(steps, 20 + steps * 0.5);
    }
    expect(stepCounts).toEqual([1, 4, 16, 64, 128, 128]);
  });

  test("auto stays at one step when a step is long, and recovers from a slow call", () => {
    expect(nextStepsPerCall(1, 1, 400)).toBe(1);
    expect(nextStepsPerCall(64, 64, 1000)).toBe(8);
    expect(nextStepsPerCall(64, 1, 0)).toBe(512);
  });

  test("a call cut short by an interval does not reduce the count", () => {
    expect(nextStepsPerCall(64, 2, 4)).toBe(64);
  });

  test("a number is kept, within the data limit of a call", () => {
    expect(createStepsPerCallTuner(7, 100).stepsPerCall()).toBe(7);
    expect(createStepsPerCallTuner(1000, 2 ** 20).stepsPerCall()).toBe(64);
    expect(createStepsPerCallTuner("auto", 2 ** 40).stepsPerCall()).toBe(1);
  });
});
