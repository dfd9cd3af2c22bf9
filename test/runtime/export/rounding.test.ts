/** The tolerance of an export grows with the rounding that its model amplifies, up to a limit. */
import { expect, test } from "vitest";
import { boundaryOf } from "../../../runtime/export/source-run.js";
import { verificationFailure } from "../../../runtime/export/verify/failure.js";
import { openReference } from "../../../runtime/export/verify/reference.js";
import { type RoundingTolerance, roundingTolerance } from "../../../runtime/export/verify/rounding.js";
import { subject } from "../../support/export-subjects.js";

const USUAL = 1e-5;

/** A dense layer with two columns that differ by `distance`, and a norm of them. */
async function toleranceOf(distance: number, epsilon = 1e-5): Promise<RoundingTolerance> {
  const model = await subject({
    data: {
      type: "arrays",
      inputs: [
        [0.5, 1],
        [1, 2],
      ],
      targets: [
        [0, 1],
        [1, 0],
      ],
    },
    model: [
      { layer: "dense", size: 2, bias: false },
      { layer: "layer_norm", epsilon },
    ],
    loss: { type: "squared_error" },
  });
  const columns = { shape: [2, 2], data: Float32Array.of(1, 1 + distance, 0.5, 0.5 - distance) };
  const trainedModel = { ...model, parameters: new Map([...model.parameters, ["dense/W", columns]]) };
  const reference = await openReference(trainedModel);
  const boundary = boundaryOf(trainedModel);
  const tolerance = await roundingTolerance({ trainedModel, reference, boundary }, [{ batch: 3, time: 1 }], USUAL);
  await reference.release();
  return tolerance;
}

test("a model of ordinary numbers has the usual tolerance", async () => {
  expect((await toleranceOf(2)).tolerance).toBe(USUAL);
});

test("a norm of nearly equal numbers has a larger one, below the limit", async () => {
  const { tolerance, rounding } = await toleranceOf(1e-4);
  expect(tolerance).toBeGreaterThan(3 * USUAL);
  expect(tolerance).toBe(rounding);
});

test("a difference beyond the limit is refused, and rounding is named where it is the reason", async () => {
  const { tolerance, rounding } = await toleranceOf(1e-5, 1e-12);
  expect(tolerance).toBe(1e-3);
  expect(rounding).toBeGreaterThan(0.01);
  const failureOf = (difference: number) => verificationFailure({ runs: [], difference, tolerance, rounding });
  const refused = "The exported model differs from the trained one by 5.0e-3, more than 0.001: nothing was written.";
  expect(failureOf(0.005).error).toEqual({
    kind: "failed",
    message: `${refused} The model amplifies rounding: its outputs differ as much from one runtime to another.`,
    hint: "A norm of nearly equal numbers does so. Normalize more features, or increase its epsilon.",
  });
  expect(failureOf(2 * rounding).error).toMatchObject({ kind: "failed", hint: "" });
});
