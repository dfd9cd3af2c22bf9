/** The artifact: models of standard operators that ONNX Runtime loads, the same bytes for the same spec. */
import { describe, expect, test } from "vitest";
import type { Artifact, Ports } from "../../compiler/artifact.js";
import { readModel } from "../../compiler/onnx/read/model.js";
import { build, drawParameters, filled, openModel, portsOf } from "../support/artifacts.js";
import { rows, specs, tagging } from "../support/small-specs.js";

describe.each(specs)("the artifact of $name", (spec) => {
  test("loads in a plain session, with the ports of the manifest", async () => {
    const { artifact } = await build(spec);
    const { parameters } = artifact.manifest;
    for (const [name, model, ports] of modelsOf(artifact)) {
      const complete =
        name === "model" || name === "stream" ? filled(model, artifact, drawParameters(parameters)) : model;
      const session = await openModel(complete);
      const stored = complete === model ? [] : parameters.map((parameter) => parameter.name);
      const feedNames = ports.inputs.map((port) => port.name).filter((port) => !stored.includes(port));
      expect([...session.inputNames].sort(), name).toEqual(feedNames.sort());
      expect([...session.outputNames], name).toEqual(ports.outputs.map((port) => port.name));
      await session.release();
    }
  });

  test("has only operators of the standard domain", async () => {
    const { artifact } = await build(spec);
    for (const [name, bytes] of modelsOf(artifact)) {
      const read = readModel(bytes);
      if (!read.ok) throw new Error(read.problem.message);
      const { model } = read;
      expect(
        model.operators.filter(({ domain }) => domain !== "ai.onnx"),
        name,
      ).toEqual([]);
      expect(model.operators.length, name).toBeGreaterThan(0);
      expect(model.opsets, name).toEqual({ "ai.onnx": name === "train" || name === "eval" ? 18 : 17 });
      expect(model.irVersion).toBe(8);
    }
  });

  test("is deterministic, byte for byte", async () => {
    const { artifact: first } = await build(spec);
    await build(spec === rows ? tagging : rows);
    const { artifact: second } = await build(spec);
    const again = modelsOf(second);
    for (const [index, [name, bytes]] of modelsOf(first).entries())
      expect(Buffer.compare(bytes, again[index]?.[1] ?? Buffer.of()), name).toBe(0);
    expect(second.manifest).toEqual(first.manifest);
  });
});

/** Every model of an artifact with its ports. */
function modelsOf({
  train,
  eval: evaluate,
  model,
  stream,
  manifest,
}: Artifact): readonly [string, Uint8Array, Ports][] {
  return [
    ["train", train, manifest.train],
    ["eval", evaluate, manifest.eval],
    ["model", model, manifest.model],
    ...(stream && manifest.stream ? [["stream", stream, manifest.stream] as [string, Uint8Array, Ports]] : []),
  ];
}

test("the ports of a model with lengths and weights", async () => {
  const { manifest } = (await build(tagging)).artifact;
  expect(portsOf(manifest.eval.inputs.filter(({ role }) => role === "data")).toSorted()).toEqual([
    "data inputs: int32[batch, time]",
    "data lengths: int64[batch]",
    "data targets: int32[batch, time]",
    "data weights: float32[batch, time]",
  ]);
  expect(portsOf(manifest.eval.outputs)).toEqual([
    "loss loss: float32[]",
    "metric metrics/loss: float32[2]",
    "metric metrics/accuracy: float32[2]",
    "metric metrics/perplexity: float32[2]",
    "prediction outputs: float32[batch, time, 4]",
  ]);
  expect(portsOf(manifest.model.inputs.filter(({ role }) => role === "data"))).toEqual([
    "data inputs: int32[batch, time]",
    "data lengths: int64[batch]",
  ]);
  expect(portsOf(manifest.model.outputs)).toEqual([
    "prediction outputs: float32[batch, time, 4]",
    "state final/rnn/0/forward/h: float32[batch, 4]",
    "state final/rnn/0/backward/h: float32[batch, 4]",
  ]);
  expect(manifest.metrics).toEqual({
    loss: "mean",
    accuracy: "mean",
    perplexity: "exp_mean",
  });
});
