/** Replaced weights: the values of some initializers change, and no other byte of the model. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onnx } from "onnx-proto";
import { describe, expect, test } from "vitest";
import { readProgram } from "../../../../compiler/onnx/read/program.js";
import { replaceWeights } from "../../../../compiler/onnx/splice/replace-weights.js";
import { modelBytes } from "../../../support/onnx-models.js";

const encoder = readFileSync(fileURLToPath(new URL("../../../fixtures/onnx/encoder.onnx", import.meta.url)));

const initializers = (bytes: Uint8Array) =>
  new Map(readProgram(bytes, () => new Uint8Array()).graph.initializers.map((tensor) => [tensor.name, tensor]));

describe("replaced weights", () => {
  test("of nothing leave the bytes as they are", () => {
    expect(replaceWeights(encoder, new Map())).toEqual({
      ok: true,
      model: Buffer.from(encoder),
      files: new Map(),
      replaced: [],
    });
  });

  test("are read back, and the other tensors stay", () => {
    const data = Float32Array.from({ length: 32 }, (_, index) => index / 7);
    const result = replaceWeights(encoder, new Map([["o.weight", { shape: [4, 8], data }]]));
    if (!result.ok) throw new Error(result.message);
    expect(result.replaced).toEqual(["o.weight"]);
    expect(result.model.length).toBe(encoder.length);
    const [before, after] = [initializers(encoder), initializers(result.model)];
    expect([...(after.get("o.weight")?.values() ?? [])]).toEqual([...data]);
    for (const [name, tensor] of before)
      if (name !== "o.weight") expect(after.get(name)?.values()).toEqual(tensor.values());
  });

  test("keep fields of the model that no reader knows", () => {
    const model = modelBytes({ initializers: { w: { shape: [2], data: [1, 2] } }, nodes: [], outputs: [] });
    // Field 900, a varint, then field 901, text.
    const unknown = Uint8Array.from([0xa0, 0x38, 0x96, 0x01, 0xaa, 0x38, 0x02, 0x68, 0x69]);
    const bytes = Buffer.concat([model, unknown]);
    const result = replaceWeights(bytes, new Map([["w", { shape: [2], data: Float32Array.of(3, 4) }]]));
    if (!result.ok) throw new Error(result.message);
    expect([...result.model.subarray(-unknown.length)]).toEqual([...unknown]);
    expect([...(initializers(result.model).get("w")?.values() ?? [])]).toEqual([3, 4]);
  });

  test("keep the element type of the file", () => {
    const graph: onnx.IGraphProto = {
      name: "graph",
      initializer: [{ name: "w", dataType: 10, dims: [2], rawData: Uint8Array.of(0, 0x3c, 0, 0x40) }],
    };
    const model = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
    const result = replaceWeights(model, new Map([["w", { shape: [2], data: Float32Array.of(0.5, 8) }]]));
    if (!result.ok) throw new Error(result.message);
    expect(initializers(result.model).get("w")?.dtype).toBe("float16");
    expect([...(initializers(result.model).get("w")?.values() ?? [])]).toEqual([0.5, 8]);
  });

  test("of another shape are a problem", () => {
    const result = replaceWeights(encoder, new Map([["o.bias", { shape: [3], data: new Float32Array(3) }]]));
    expect(result).toEqual({ ok: false, message: "o.bias is [4] in the model, but [3] in the file of weights" });
  });
});
