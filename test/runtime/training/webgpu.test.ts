/** Training on WebGPU: the losses of the CPU, every node on the device, and runs that are resumed on the other device. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { openData } from "../../../runtime/data/index.js";
import type { Device } from "../../../runtime/sessions/session.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { readSpecFile } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, requestFor, run, specOfCase, weightsOf } from "../../support/training-runs.js";
import { hasWebgpu, withWebgpu } from "../../support/webgpu.js";

const specs = join(import.meta.dirname, "../../../specs");

async function gallery(name: string, steps: number): Promise<NormalSpec> {
  const read = await readSpecFile(join(specs, `${name}.json`));
  if (!read.ok) throw new Error(`${name} is wrong`);
  return { ...read.spec, train: { ...read.spec.train, steps, epochs: null, sample: null } };
}

async function trainOn(device: Device, spec: NormalSpec, out: string, resume = false) {
  const request = { spec, folder: specs, out, device, resume, init: null, disabledPasses: [] };
  const result = await run(request);
  if (!result.outcome.ok) throw new Error(JSON.stringify(result.outcome));
  return { ...result, done: result.outcome.value };
}

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((loss, index) => {
    expect(Math.abs(loss - (expected[index] ?? 0)) / (expected[index] ?? 0), `step ${index + 1}`).toBeLessThan(
      tolerance,
    );
  });
}

describe.skipIf(!hasWebgpu)(`on WebGPU${withWebgpu}`, () => {
  test.each([
    ["hihello", 30],
    ["ship", 8],
    // Dropout masks are the same too.
    ["dropout", 2],
  ])("%s has the losses and the metrics of the CPU", async (name, steps) => {
    const spec = await gallery(name, steps);
    const folder = temporaryFolder();
    const host = await trainOn("cpu", spec, join(folder, "cpu"));
    const device = await trainOn("webgpu", spec, join(folder, "webgpu"));
    expectNear(losses(device.events), losses(host.events), 1e-4);
    expect(eventsOfKind(device.events, "start")[0]?.device).toBe("webgpu");
    expect(device.done.metrics.train.loss).toBeCloseTo(host.done.metrics.train.loss ?? Number.NaN, 3);
    expect(device.done.predictions).toEqual(host.done.predictions);
  });

  test("float16 works there too, and skips updates that are not finite", async () => {
    const spec = await gallery("hihello", 30);
    const precision = { type: "float16", loss_scale: { initial: 2 ** 30, growth_interval: 5 } } as const;
    const folder = temporaryFolder();
    const half = { ...spec, train: { ...spec.train, precision } };
    const host = await trainOn("cpu", half, join(folder, "cpu"));
    const device = await trainOn("webgpu", half, join(folder, "webgpu"));
    expectNear(losses(device.events).slice(0, 1), losses(host.events).slice(0, 1), 0.01);
    expect(device.done.skipped).toBeGreaterThan(3);
    expect(device.done.loss).toBeLessThan(0.9 * (losses(device.events)[0] ?? 0));
  });

  test.each([
    ["hihello", "float32"],
    ["ship", "float32"],
    ["ship", "float16"],
  ])("every node of a step of %s is on the device, in %s", async (name, precision) => {
    const full = await gallery(name, 1);
    const half = { type: "float16", loss_scale: 1024 } as const;
    const spec = precision === "float32" ? full : { ...full, train: { ...full.train, precision: half } };
    const opened = await openData(spec, specs);
    if (!opened.ok) throw new Error("the data is not there");
    const signature = opened.value.signature(spec.train);
    const compiled = await compile(spec, signature, { target: "webgpu" });
    if (!compiled.ok) throw new Error("the spec does not compile");
    const sizes = new Map(
      Object.entries({ ...signature.expected, batch: Math.min(signature.expected.batch, 4), steps: 1 }),
    );
    const folder = temporaryFolder();
    const session = await InferenceSession.create((await compiled.models.train(sizes)).model, {
      executionProviders: [{ name: "webgpu", preferredLayout: "NCHW" }, "cpu"],
      graphOptimizationLevel: "disabled",
      logSeverityLevel: 4,
      enableProfiling: true,
      profileFilePrefix: join(folder, "profile"),
    });
    const feeds = compiled.artifact.manifest.train.inputs.map(({ name: port, dtype, shape }) => {
      const dims = shape.map((dim) => (typeof dim === "number" ? dim : (sizes.get(dim) ?? Number.NaN)));
      const count = dims.reduce((product, size) => product * size, 1);
      return [
        port,
        dtype === "float32"
          ? new Tensor(dtype, new Float32Array(count), dims)
          : new Tensor("int32", new Int32Array(count), dims),
      ] as const;
    });
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    await session.release();
    const [profile = ""] = readdirSync(folder);
    const events: readonly {
      readonly cat: string;
      readonly name: string;
      readonly args: { readonly provider: string };
    }[] = JSON.parse(readFileSync(join(folder, profile), "utf8"));
    const kernels = events.filter((event) => event.cat === "Node" && event.name.endsWith("kernel_time"));
    expect(kernels.length).toBeGreaterThan(100);
    expect(new Set(kernels.map(({ args }) => args.provider))).toEqual(new Set(["WebGpuExecutionProvider"]));
  });

  test("frozen parameters are unchanged", async () => {
    const spec = await gallery("ship", 2);
    const model = spec.model.map((layer) =>
      layer.layer === "rnn"
        ? { ...layer, cells: layer.cells.map((cell, index) => ({ ...cell, trainable: index > 0 })) }
        : layer,
    );
    const folder = temporaryFolder();
    const [host, device] = ["cpu", "webgpu"].map((name) => join(folder, name)) as [string, string];
    const expected = await trainOn("cpu", { ...spec, model }, host);
    expectNear(losses((await trainOn("webgpu", { ...spec, model }, device)).events), losses(expected.events), 1e-4);
    const [hostWeights, deviceWeights] = [weightsOf(host), weightsOf(device)];
    expect(deviceWeights.get("rnn/0/U")).toEqual(hostWeights.get("rnn/0/U"));
    expect(deviceWeights.get("rnn/1/U")).not.toEqual(hostWeights.get("rnn/0/U"));
    expect([...deviceWeights.keys()]).toEqual([...hostWeights.keys()]);
  });

  test("sequences of several lengths and a smaller last batch, resumed on the other device", async () => {
    const full = await specOfCase("lstm-lengths-clip");
    const spec = { ...full, train: { ...full.train, steps: 6, checkpoint_every: 3 } };
    const out = temporaryFolder();
    const expected = await run({ ...requestFor("lstm-lengths-clip", spec, join(out, "cpu")), device: "cpu" });
    const half = { ...spec, train: { ...spec.train, steps: 3 } };
    const first = await run({ ...requestFor("lstm-lengths-clip", half, join(out, "run")), device: "webgpu" });
    const second = await run({
      ...requestFor("lstm-lengths-clip", spec, join(out, "run")),
      device: "cpu",
      resume: true,
    });
    expectNear([...losses(first.events), ...losses(second.events)], losses(expected.events), 1e-4);
    const [actual, host] = [join(out, "run"), join(out, "cpu")].map(weightsOf);
    for (const [name, { data }] of host ?? [])
      data.forEach((weight, index) => {
        expect(actual?.get(name)?.data[index]).toBeCloseTo(weight, 3);
      });
  });
});
