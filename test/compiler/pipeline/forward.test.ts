/** The exported model against the reference evaluator, for several batch sizes and lengths. */
import { describe, expect, test } from "vitest";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { withDynamicShapes } from "../../../compiler/signature.js";
import type { NumericArray } from "../../../runtime/tensors/array.js";
import { type RandomStream, randomStream } from "../../../runtime/tensors/random.js";
import { build, type Compiled, drawParameters, filled, numbers, openModel, toTensor } from "../../support/artifacts.js";
import { outputsOf, programOf, tensorOfArray } from "../../support/programs.js";
import { expectClose } from "../../support/reference-numbers.js";
import { specs } from "../../support/small-specs.js";

describe("the exported model has the outputs of the evaluator", () => {
  test.each(specs)("$name", async (spec) => {
    const compiled = await build(spec);
    const weights = drawParameters(compiled.artifact.manifest.parameters);
    const session = await openModel(filled(compiled.artifact.model, compiled.artifact, weights));
    const program = programOf({ ...compiled, signature: withDynamicShapes(compiled.signature) }, "inference");
    const parameters = Object.entries(weights).map(([name, { dims, data }]): [string, Tensor] => [
      name,
      tensor("float32", dims, data as Float32Array),
    ]);
    for (const [batch, time] of [
      [1, 1],
      [1, 5],
      [3, 1],
      [3, 5],
    ] as const) {
      const data = drawData(compiled, batch, time);
      const operands = new Map([...parameters, ...data.map(([name, array]) => [name, tensorOfArray(array)] as const)]);
      const expected = outputsOf(program, operands, ["prediction", "state"]);
      const results = await session.run(Object.fromEntries(data.map(([name, array]) => [name, toTensor(array)])));
      const outputs = new Map(Object.entries(results).map(([name, result]) => [name.replace(/^final\//, ""), result]));
      expect([...outputs.keys()]).toEqual([...expected.keys()]);
      for (const [name, { shape, data: expectedData }] of expected) {
        const result = outputs.get(name);
        const actual = tensor("float32", result?.dims ?? [], numbers(result));
        expectClose(actual, { shape, data: [...expectedData] }, 2e-6, `${name} at batch ${batch}, time ${time}`);
      }
    }
    await session.release();
  });
});

/** Data for every input of the model: ids of the vocabulary, lengths up to the number of steps. */
function drawData({ artifact, signature, spec }: Compiled, batch: number, time: number): [string, NumericArray][] {
  const random = randomStream(batch, spec.name, time);
  return artifact.manifest.model.inputs.flatMap(({ name, role, dtype, shape }): [string, NumericArray][] => {
    if (role !== "data") return [];
    const sizes = shape.map((dim) => (dim === "batch" ? batch : dim === "time" ? time : Number(dim)));
    const vocabulary = Number(signature.sizes.vocabulary ?? 1);
    return [[name, drawArray(dtype, sizes, name === "lengths" ? time : vocabulary, random)]];
  });
}

/** Lengths are int64 and count from 1; ids are int32 and count from 0. */
function drawArray(dtype: string, shape: readonly number[], limit: number, random: RandomStream): NumericArray {
  const draw = (entry: () => number) => tabulate("float32", shape, entry).data;
  if (dtype === "int64")
    return { dtype, shape, data: BigInt64Array.from([...draw(() => 1 + random.below(limit))], BigInt) };
  if (dtype === "int32") return { dtype, shape, data: Int32Array.from(draw(() => random.below(limit))) };
  return { dtype: "float32", shape, data: Float32Array.from(draw(() => random.normal())) };
}
