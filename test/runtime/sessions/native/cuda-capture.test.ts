/**
 * The notice about steps that are not captured as CUDA graphs, on a pretended device: a captured run and one without capture
 * give their own losses; and the options of its provider.
 */
import { Tensor } from "onnxruntime-common";
import { afterEach, expect, test, vi } from "vitest";
import type { Ports } from "../../../../compiler/artifact.js";
import type { OrtApi } from "../../../../runtime/sessions/native/c-api.js";
import { createDevice } from "../../../../runtime/sessions/native/cuda-graph.js";
import type { CudaMemory } from "../../../../runtime/sessions/native/cuda-memory.js";

const weights = { name: "w", dtype: "float32", shape: [2] } as const;
const ports: Ports = {
  inputs: [{ ...weights, role: "parameter" }],
  outputs: [{ ...weights, name: "next/w", role: "parameter" }],
};
const hostOutputs = [
  { name: "gradient_norm", shape: [2] },
  { name: "loss", shape: [] },
];

/** A device whose steps report `captured`, or `plain` without capture. */
function pretend(captured: readonly number[], plain: readonly number[], providerOptions: Map<string, string>[] = []) {
  let handles = 0n;
  const plainOptions = new Set<unknown>();
  let report = plain;
  const create = (...args: readonly unknown[]) => {
    (args.at(-1) as [bigint])[0] = ++handles;
  };
  const calls: Record<string, (...args: readonly unknown[]) => void> = {
    addRunOption(options, name, value) {
      if (name === "gpu_graph_id" && value === "-1") plainOptions.add(options);
    },
    updateCudaOptions(_, names, values) {
      providerOptions.push(
        new Map((names as string[]).map((name, index) => [name, (values as string[])[index] ?? ""])),
      );
    },
    runWithBinding(_, options) {
      report = plainOptions.has(options) ? plain : captured;
    },
  };
  const ort = new Proxy({} as OrtApi, {
    get: (_, name: string) => calls[name] ?? (name.startsWith("create") ? create : () => undefined),
  });
  const memory: CudaMemory = {
    stream: 0n,
    buffer: () => ++handles,
    upload: () => undefined,
    download: (to) => (to as Float32Array).set(report),
    release: () => undefined,
  };
  return createDevice(ort, memory, ports);
}

const floatsOf = (tensor: Tensor | undefined) => (tensor?.data ?? new Float32Array()) as Float32Array;
const feeds = () => ({ w: new Tensor("float32", Float32Array.of(1, 2), [2]) });
const open = (device: ReturnType<typeof pretend>, isCapturable = true) =>
  device.open({ model: new Uint8Array(), hostOutputs, isCapturable }, new Map());

test("a captured step that differs is stated once, with the value, and gives way to the step without capture", async () => {
  const device = pretend([1, 2, 2.5], [1, 2, 2.25]);
  const step = open(device);
  const { report } = await step.run(feeds());
  expect([...floatsOf(report)]).toEqual([1, 2, 2.25]);
  expect(device.takeNotices()).toEqual([
    'The step is not captured as a CUDA graph, and its kernels are started one by one: its output "loss" is 2.5 with capture and 2.25 without.',
  ]);
  await step.run(feeds());
  await open(device).run(feeds());
  expect(device.takeNotices()).toEqual([]);
});

test("a captured step within the tolerance is used without a notice, one that copies arguments has a notice", async () => {
  const device = pretend([1, 2, 2.2501], [1, 2, 2.25]);
  const { report } = await open(device).run(feeds());
  expect(floatsOf(report)[2]).toBeCloseTo(2.2501, 6);
  expect(device.takeNotices()).toEqual([]);
  open(device, false);
  expect(device.takeNotices()).toEqual([expect.stringContaining("copy their arguments from the host.")]);
});

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["0", undefined],
  ["1", "1"],
])("the captured and the uncaptured step have use_tf32 = %s with RNNX_ALLOW_TF32 = %s", (expected, allowed) => {
  vi.stubEnv("NVIDIA_TF32_OVERRIDE", undefined);
  vi.stubEnv("RNNX_ALLOW_TF32", allowed);
  const providerOptions: Map<string, string>[] = [];
  const device = pretend([1, 2, 3], [1, 2, 3], providerOptions);
  open(device);
  open(device, false);
  expect(providerOptions.map((options) => options.get("use_tf32"))).toEqual([expected, expected]);
});
