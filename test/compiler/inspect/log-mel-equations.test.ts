/** The equations of log_mel with deltas, whose numbers test/compiler/elaborate/layers/log-mel.test.ts compares. */
import { expect, test } from "vitest";
import type { LayerShapes } from "../../../compiler/inspect/equation-lines.js";
import { logMelEquations } from "../../../compiler/inspect/log-mel-equations.js";
import { laterStepsOf } from "../../../schema/kinds/layers.js";
import type { NormalLogMel } from "../../../schema/normal/index.js";
import { readSpec } from "../../../schema/read.js";

async function layerWith(options: object): Promise<NormalLogMel> {
  const read = await readSpec(
    JSON.stringify({
      data: { type: "arrays", inputs: [[[0], [0]]], targets: [[0]] },
      model: [
        { layer: "log_mel", sample_rate: 1000, window: 0.02, bands: 4, ...options },
        { layer: "pool", mode: "last" },
        { layer: "dense", size: 1 },
      ],
      loss: { type: "squared_error" },
      optimizer: { type: "adam" },
    }),
  );
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.spec.model[0] as NormalLogMel;
}

const linesOf = (layer: NormalLogMel, width: number) =>
  logMelEquations(layer, { output: ["batch", "time", width] } as unknown as LayerShapes).equations.map(
    ({ text, shape }) => `${text}  [${shape.join(", ")}]`,
  );

test("deltas are slopes of the features, and read later frames", async () => {
  const plain = await layerWith({});
  expect(linesOf(plain, 4).at(-1)).toBe("y[t] = log(max(s[t] @ M, 0.000001))  [batch, time, 4]");
  expect(laterStepsOf(plain)).toBeUndefined();
  const layer = await layerWith({ deltas: 2 });
  expect(linesOf(layer, 12).slice(1)).toEqual([
    "c[t] = log(max(s[t] @ M, 0.000001))  [batch, time, 4]",
    "d[t] = (c[t + 1] - c[t - 1] + 2 (c[t + 2] - c[t - 2])) / 10  [batch, time, 4]",
    "e[t] = (d[t + 1] - d[t - 1] + 2 (d[t + 2] - d[t - 2])) / 10  [batch, time, 4]",
    "y[t] = c[t], d[t], e[t], joined along the features  [batch, time, 12]",
  ]);
  expect(laterStepsOf(layer)).toEqual({ reason: "has slopes that read later frames", setting: '"deltas": 0' });
});
