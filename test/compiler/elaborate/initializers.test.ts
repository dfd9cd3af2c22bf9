/** Initial weights of dense and convolution layers by the name of their distribution, with fans as Keras counts them. */
import { expect, test } from "vitest";
import { build } from "../../support/artifacts.js";

const [WINDOW, IN, OUT] = [3, 4, 6];
/** fan_in and fan_out of the convolution. */
const fans = { input: WINDOW * IN, output: WINDOW * OUT };

/** Initializers by parameter of a convolution and a dense layer. */
async function initializersOf(initializer: string) {
  const { artifact } = await build({
    data: { type: "arrays", inputs: [Array.from({ length: 5 }, () => [1, 2, 3, 4])], targets: [[0]] },
    model: [
      { layer: "conv1d", size: OUT, kernel_size: WINDOW, initializer },
      { layer: "pool", mode: "max" },
      { layer: "dense", size: 1, initializer },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  return Object.fromEntries(artifact.manifest.parameters.map((parameter) => [parameter.name, parameter.initializer]));
}

const within = (limit: number) => ({
  type: "uniform",
  minimum: expect.closeTo(-limit, 12),
  maximum: expect.closeTo(limit, 12),
});
const around = (variance: number) => ({ type: "normal", mean: 0, deviation: expect.closeTo(Math.sqrt(variance), 12) });

test.each([
  ["glorot_uniform", within(Math.sqrt(6 / (fans.input + fans.output))), within(Math.sqrt(6 / 7))],
  ["glorot_normal", around(2 / (fans.input + fans.output)), around(2 / 7)],
  ["he_uniform", within(Math.sqrt(6 / fans.input)), within(Math.sqrt(6 / 6))],
  ["he_normal", around(2 / fans.input), around(2 / 6)],
  ["lecun_uniform", within(Math.sqrt(3 / fans.input)), within(Math.sqrt(3 / 6))],
  ["lecun_normal", around(1 / fans.input), around(1 / 6)],
  ["pytorch_uniform", within(Math.sqrt(1 / fans.input)), within(Math.sqrt(1 / 6))],
])("%s", async (name, convolution, dense) => {
  const initializers = await initializersOf(name);
  expect(initializers["conv1d/W"]).toEqual(convolution);
  expect(initializers["dense/W"]).toEqual(dense);
  expect(initializers["conv1d/b"]).toEqual({ type: "constant", value: 0 });
});
