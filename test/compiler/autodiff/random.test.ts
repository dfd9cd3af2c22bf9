/** Random graphs: the gradient along a random direction is the finite difference along it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { gradients, weightedSum } from "../../support/finite-differences.js";
import { graphOf, inputsOf, instructions } from "../../support/random-differentiable-graphs.js";

const STEP = 1e-5;

test("the gradient of a random graph is its finite difference in every direction", () => {
  fc.assert(
    fc.property(instructions, fc.nat(999), (steps, seed) => {
      const graph = verify(graphOf(steps), "growth");
      const inputs = inputsOf(seed);
      const random = randomStream(seed, "direction");
      const loss = weightedSum(graph, inputs, random);
      const direction = inputs.map(({ data }) => data.map(() => random.normal()));
      const lossAt = (step: number): number => {
        const shifted = loss.operands.map((operand, index) => ({
          ...operand,
          data: operand.data.map((entry, place) => entry + step * (direction[index]?.[place] ?? 0)),
        }));
        return at(evaluate(loss.graph, shifted), 0).data[0] ?? Number.NaN;
      };
      const gradient = gradients(
        loss,
        inputs.map((_, index) => index),
      );
      const slope = gradient.reduce(
        (sum, { data }, index) =>
          sum + data.reduce((dot, entry, place) => dot + entry * (direction[index]?.[place] ?? 0), 0),
        0,
      );
      const difference = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
      expect(Math.abs(slope - difference)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(difference)));
    }),
    { seed: 1, numRuns: 300 },
  );
});
