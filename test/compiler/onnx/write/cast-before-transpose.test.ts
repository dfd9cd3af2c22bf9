/** No emitted model has a Transpose whose Cast is a factor of a product: ONNX Runtime 1.30 breaks it. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { onnx } from "onnx-proto";
import { describe, expect, test } from "vitest";
import { compile } from "../../../../compiler/compile.js";
import { buildExport, emitExport } from "../../../../compiler/export/index.js";
import { exportForms } from "../../../../compiler/export/options.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { castBeforeTranspose } from "../../../../compiler/onnx/write/cast-before-transpose.js";
import { emitModel } from "../../../../compiler/onnx/write/model.js";
import { boundaryOf } from "../../../../runtime/export/source-run.js";
import type { NormalSpec } from "../../../../schema/normal/index.js";
import { smallGallerySubject } from "../../../support/export-subjects.js";

/** Names of the casts of transposed values that a product reads, directly or scaled by a constant; in loop bodies too. */
function brokenCasts({ node }: onnx.IGraphProto, scalars: ReadonlySet<string>): readonly string[] {
  const nodes = node ?? [];
  const producers = new Map(nodes.flatMap((producer) => (producer.output ?? []).map((name) => [name, producer])));
  const behind = (name: string): readonly string[] => {
    const producer = producers.get(name);
    const inputs = producer?.input ?? [];
    const isScaling = /^(?:Mul|Div)$/.test(producer?.opType ?? "") && inputs.some((input) => scalars.has(input));
    if (producer?.opType !== "Cast" && producer?.opType !== "Identity" && !isScaling) return [];
    const isBroken = producer?.opType === "Cast" && producers.get(inputs[0] ?? "")?.opType === "Transpose";
    return [...(isBroken ? [String(producer.name)] : []), ...inputs.flatMap(behind)];
  };
  return nodes.flatMap(({ opType, input, attribute }) => [
    ...(opType === "MatMul" || opType === "Gemm" ? (input ?? []).flatMap(behind) : []),
    ...(attribute ?? []).flatMap(({ g }) => (g ? brokenCasts(g, scalars) : [])),
  ]);
}

async function brokenCastsOf(model: Uint8Array): Promise<readonly string[]> {
  const { default: onnxProto } = await import("onnx-proto");
  const graph = onnxProto.onnx.ModelProto.decode(model).graph ?? {};
  const scalars = (graph.initializer ?? []).flatMap(({ name, dims }) => (dims?.length === 0 ? [String(name)] : []));
  return brokenCasts(graph, new Set(scalars));
}

const emission = { name: "test", opset: 17, irVersion: 8, inputs: ["x", "w"], outputs: ["y"] };

describe.each(["a cast", "a scaled cast"])("%s of a transposed value", (name) => {
  test("is written in front of the Transpose, with equal values", async () => {
    const b = graphBuilder("test");
    const x = b.input("x", { dtype: "int64", shape: [2, 3, 4] });
    const w = b.input("w", { dtype: "float32", shape: [4, 5] });
    const cast = b.cast(b.transpose(x, [1, 0, 2]), "float32");
    const graph = b.finish([b.matmul(name === "a cast" ? cast : b.mul(cast, 2), w)]);
    expect(
      castBeforeTranspose(graph)
        .nodes.map(({ op }) => op)
        .slice(0, 2),
    ).toEqual(["Cast", "Transpose"]);
    const model = emitModel(graph, emission);
    expect(await brokenCastsOf(model)).toEqual([]);
    // ONNX Runtime's optimizer crashes on the other order.
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    const session = await InferenceSession.create(model);
    const ids = BigInt64Array.from({ length: 24 }, (_, index) => BigInt(index));
    const ones = new Tensor("float32", new Float32Array(20).fill(1), [4, 5]);
    const { y } = await session.run({ x: new Tensor("int64", ids, [2, 3, 4]), w: ones });
    const factor = name === "a cast" ? 1 : 2;
    expect(y?.dims).toEqual([3, 2, 5]);
    expect([...((y?.data ?? []) as Float32Array)].filter((_, index) => index % 5 === 0)).toEqual(
      [6, 54, 22, 70, 38, 86].map((sum) => sum * factor),
    );
  });
});

test("a graph without the pattern is the same one", () => {
  const b = graphBuilder("test");
  const x = b.input("x", { dtype: "float32", shape: [2, 3] });
  const transposed = b.transpose(x, [1, 0]);
  const graph = b.finish([b.matmul(transposed, x), b.cast(transposed, "int64")]);
  expect(castBeforeTranspose(graph)).toBe(graph);
});

const specs = readdirSync(fileURLToPath(new URL("../../../../specs", import.meta.url))).flatMap((file) =>
  file.endsWith(".json") ? [file.slice(0, -".json".length)] : [],
);

describe.each(specs)("%s", (name) => {
  test.each(["float32", "float16"])("has no such cast with %s", async (precision) => {
    const { spec, signature } = await smallGallerySubject(name);
    const mixed = { type: "float16", loss_scale: 1024 } as const;
    const train = { ...spec.train, precision: precision === "float32" ? ("float32" as const) : mixed };
    // Processes do not share losses that are means over different numbers of entries.
    const options = { dataParallel: spec.losses.length === 1 };
    const compiled = await compile({ ...spec, train } satisfies NormalSpec, signature, options);
    if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
    const { train: training, eval: evaluation, model, stream, shard } = compiled.artifact;
    const models = [training, evaluation, model, stream, shard?.gradient, shard?.update];
    for (const bytes of models) if (bytes) expect(await brokenCastsOf(bytes)).toEqual([]);
  });
});

test("exported forms have no such cast", async () => {
  for (const name of ["stock", "mnist-rows", "hihello"]) {
    const subject = await smallGallerySubject(name);
    for (const form of exportForms) {
      if (form === "generate" && subject.metadata.type !== "text") continue;
      const options = { form, opset: 17, recurrent: "scan", unroll: null, boundary: boundaryOf(subject) } as const;
      const exported = buildExport(subject.spec, subject.signature, subject.parameters, options);
      expect(await brokenCastsOf(await emitExport(exported, { doc: "", metadata: {} }))).toEqual([]);
    }
  }
});
