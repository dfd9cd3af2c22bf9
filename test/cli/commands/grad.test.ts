/** `rnnx grad`: the files of a training step, trained weights in the model, mistakes of the command line. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { onnx } from "onnx-proto";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import { graphProto, modelBytes } from "../../support/onnx-models.js";
import { rnnx, temporaryFolder } from "../../support/spawn.js";

const encoder = fileURLToPath(new URL("../../fixtures/onnx/encoder.onnx", import.meta.url));

test("a training step, and its initial weights in the model again", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "tuned");
  expect(await rnnx("grad", encoder, "--loss", "cross_entropy", "--out", out)).toMatchObject({ code: 0 });
  expect(["train.onnx", "eval.onnx", "manifest.json"].every((name) => existsSync(join(out, name)))).toBe(true);
  const model = join(folder, "trained.onnx");
  const applied = await rnnx("grad", encoder, "--apply", join(out, "initial.safetensors"), "--out", model);
  expect(applied).toMatchObject({ code: 0 });
  // The weights are those of the file: no byte differs.
  expect(readFileSync(model).equals(readFileSync(encoder))).toBe(true);
  // Flags and training.json give its spec, so a problem has no line of a file.
  const rows = join(folder, "rows.safetensors");
  writeFileSync(rows, writeSafetensors(new Map()));
  const train = await rnnx("train", out, "--data", rows, "--out", join(folder, "run"));
  expect(train).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: .*rows\.safetensors/) });
});

test("trained weights of a model with external data are written next to it, and other numbers stay", async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const stored = (name: string, dims: readonly number[], offset: number) => ({
    ...{ name, dataType: 1, dims: [...dims], dataLocation: 1 },
    externalData: Object.entries({ location: "net.bin", offset, length: 16 }).map(([key, value]) => ({
      key,
      value: `${value}`,
    })),
  });
  const graph = graphProto({
    inputs: { x: { shape: ["n", 2] } },
    nodes: [
      { operator: "MatMul", inputs: ["x", "v"], outputs: ["h"] },
      { operator: "MatMul", inputs: ["h", "w"], outputs: ["y"] },
    ],
    outputs: ["y"],
  });
  const initializer = [stored("v", [2, 2], 4), stored("w", [2, 2], 20)] as unknown as onnx.ITensorProto[];
  writeFileSync(at("net.onnx"), modelBytes({ ...graph, initializer }));
  writeFileSync(at("net.bin"), new Uint8Array(Float32Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8).buffer));
  const written = await rnnx(
    "grad",
    at("net.onnx"),
    "--loss",
    "squared_error",
    "--parameters",
    "w",
    "--out",
    at("step"),
  );
  expect(written).toMatchObject({ code: 0 });
  const trained = Float32Array.of(-1, -2, -3, -4);
  writeFileSync(at("w.safetensors"), writeSafetensors(new Map([["w", { shape: [2, 2], data: trained }]])));
  const applied = await rnnx("grad", at("net.onnx"), "--apply", at("w.safetensors"), "--out", at("trained.onnx"));
  expect(applied).toMatchObject({ code: 0 });
  const session = await ort.InferenceSession.create(at("trained.onnx"));
  const outputs = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, 10), [1, 2]) });
  // [1, 10] @ [[1, 2], [3, 4]] = [31, 42]
  expect([...((outputs.y as ort.Tensor).data as Float32Array)]).toEqual([-31 - 3 * 42, -2 * 31 - 4 * 42]);
  // The files of the model are as they were.
  expect(new Float32Array(Uint8Array.from(readFileSync(at("net.bin"))).buffer)).toEqual(
    Float32Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8),
  );
});

test("weights of a training that separated a tied one need its --untie", async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const graph = graphProto({
    inputs: { x: { shape: ["n", 2] } },
    nodes: [
      { operator: "MatMul", inputs: ["x", "w"], outputs: ["h"] },
      { operator: "MatMul", inputs: ["h", "w"], outputs: ["y"] },
    ],
    outputs: ["y"],
  });
  const initializer = [{ name: "w", dataType: 1, dims: [2, 2], floatData: [1, 2, 3, 4] }];
  writeFileSync(at("net.onnx"), modelBytes({ ...graph, initializer }));
  const weights = [
    ["w", { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) }],
    ["w/m", { shape: [2, 2], data: Float32Array.of(0, 0, 0, 0) }],
    ["w/y", { shape: [2, 2], data: Float32Array.of(5, 6, 7, 8) }],
  ] as const;
  writeFileSync(at("w.safetensors"), writeSafetensors(new Map(weights)));
  const apply = (...flags: readonly string[]) =>
    rnnx("grad", at("net.onnx"), "--apply", at("w.safetensors"), "--out", at("trained.onnx"), ...flags);
  expect(await apply()).toMatchObject({ code: 2, stderr: expect.stringContaining('stores no tensor "w/y"') });
  expect(await apply("--untie", "w")).toMatchObject({ code: 0 });
  const session = await ort.InferenceSession.create(at("trained.onnx"));
  const outputs = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, 10), [1, 2]) });
  expect([...((outputs.y as ort.Tensor).data as Float32Array)]).toEqual([5 + 10 * 7, 6 + 10 * 8]);
});

test("mistakes end in a message, and write nothing", async () => {
  const out = join(temporaryFolder(), "tuned");
  const results = await Promise.all([
    rnnx("grad", encoder, "--out", out),
    rnnx("grad", encoder, "--loss", "cros_entropy", "--out", out),
    rnnx("grad", encoder, "--loss", "cross_entropy", "--parameters", "head.*", "--out", out),
    rnnx("grad", encoder, "--apply", encoder, "--out", out),
    rnnx("grad", encoder, "--loss", "cross_entropy", "--untie", "head.*", "--out", out),
    rnnx("grad", encoder, "--loss", "cross_entropy", "--set", "optimizer.schedule.type=cosine_decay", "--out", out),
    rnnx("train", encoder),
    rnnx("validate", encoder),
    rnnx("train", join(out, "none"), "--data", "x.npz"),
  ]);
  expect(results.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2]);
  const messages = results.map(({ stderr }) => stderr);
  expect(messages[0]).toContain("--loss is missing");
  expect(messages[1]).toMatch(/^error: --loss cros_entropy: .*\nDid you mean "cross_entropy"\?$/m);
  expect(messages[1]).not.toContain("options");
  expect(messages[2]).toContain('No parameter of the model is named "head.*"');
  expect(messages[3]).toContain("encoder.onnx");
  expect(messages[4]).toContain("--untie head.* names no tensor that several nodes read");
  expect(messages[5]).toContain("For example --set optimizer.schedule.decay_steps=1000.");
  expect(messages[6]).toContain("rnnx grad");
  expect(messages[7]).toContain("is an ONNX model, not a spec");
  expect(messages[8]).toContain("does not exist");
  expect(existsSync(out)).toBe(false);
});

test("a training step over another leaves no file of the earlier one, and replaces no model", async () => {
  const out = join(temporaryFolder(), "tuned");
  const flags = ["--loss", "cross_entropy", "--out", out];
  expect((await rnnx("grad", encoder, ...flags, "--input-gradient")).code).toBe(0);
  expect(existsSync(join(out, "input-gradient.onnx"))).toBe(true);
  expect((await rnnx("grad", encoder, ...flags)).code).toBe(0);
  expect(existsSync(join(out, "input-gradient.onnx"))).toBe(false);
  const own = await rnnx("grad", join(out, "eval.onnx"), "--loss", "output", "--output", "loss", "--out", out);
  expect(own.stderr).toContain("has the file eval.onnx, which would be replaced");
  const file = await rnnx("grad", encoder, "--loss", "cross_entropy", "--out", join(out, "eval.onnx"));
  expect(file).toMatchObject({ code: 2 });
  expect(file.stderr).toContain("eval.onnx is a file, not a folder");
});

test("settings of the training and outputs over inputs are refused", async () => {
  const out = temporaryFolder();
  const settings = await rnnx("grad", encoder, "--loss", "cross_entropy", "--set", "train.accumulate=4", "--out", out);
  expect(settings).toMatchObject({ code: 2 });
  expect(settings.stderr).toContain("--set train.accumulate=4 is no setting of the loss or the optimizer");
  for (const [target, message] of [
    [out, "is a folder; with --apply it is a file"],
    [encoder, "is a file that is read"],
  ] as const) {
    const applied = await rnnx("grad", encoder, "--apply", join(out, "trained.safetensors"), "--out", target);
    expect(applied.code).toBe(2);
    expect(applied.stderr).toContain(message);
  }
});
