/** The placement of the training step's nodes on a device, by the list of its known kernels. */
import type { Ports, Role } from "../../../compiler/artifact.js";
import type { SpecializedModel } from "../../../compiler/compile.js";
import type { RuntimeReport } from "../../../compiler/portability/report.js";
import { formatCount } from "../../../runtime/format.js";
import { isTf32Allowed } from "../../../runtime/sessions/tf32.js";
import { exitCodes } from "../../exit-codes.js";
import { reportSpecErrors } from "../../open-spec.js";
import type { SpecWithSignature } from "../../open-spec-with-data.js";
import type { Output } from "../../output.js";
import { portabilityOf, portabilityText } from "./compatibility.js";

export const placementDevices = ["cpu", "cuda", "webgpu"] as const;
export type PlacementDevice = (typeof placementDevices)[number];

const runtimes: Readonly<Record<PlacementDevice, string>> = {
  cpu: "ONNX Runtime, CPU",
  cuda: "ONNX Runtime, CUDA",
  webgpu: "ONNX Runtime, WebGPU",
};

export async function printPlacement(
  output: Output,
  opened: SpecWithSignature,
  device: PlacementDevice,
): Promise<number> {
  const { compile } = await import("../../../compiler/compile.js");
  const { spec, signature, origins } = opened;
  const compiled = await compile(spec, signature, { origins, ...(device !== "cpu" && { target: device }) });
  if (!compiled.ok) {
    await reportSpecErrors(output, opened.locate(compiled.problems), opened.source);
    return exitCodes.invalidInput;
  }
  const { artifact, models } = compiled;
  const sizes = new Map(Object.entries({ ...signature.expected, steps: 1 }));
  const step = device === "cpu" ? null : await models.train(sizes);
  const report = await runtimeReport(step?.model ?? artifact.train, device);
  const nodes = Object.values(report.nodes).reduce((sum, count) => sum + count, 0);
  const calls = device === "cuda" && step !== null ? await callsOf(step, artifact.manifest.train) : null;
  output.record({
    event: "result",
    name: spec.name,
    device,
    nodes,
    placement: report,
    ...(calls !== null && { calls_per_step: calls, tf32: isTf32Allowed() }),
  });
  output.print(`training step of ${spec.name}: ${report.nodes.runs} of ${nodes} nodes on the ${device} device\n`);
  if (calls !== null) output.print(`${callsText(calls)}\n${tf32Text()}\n`);
  output.print(portabilityText([report], output.colors.print));
  return exitCodes.success;
}

/** Calls of a training step. */
interface CudaCalls {
  readonly launches: number;
  /** Of a captured step these are within its one launch. */
  readonly kernels: number;
  readonly copies_to_device: number;
  readonly copies_to_host: number;
  readonly synchronizations: number;
}

async function callsOf({ model, isCapturable }: SpecializedModel, ports: Ports): Promise<CudaCalls> {
  const [{ readNodes }, { cudaKernels }, { carriedRoles }] = await Promise.all([
    import("../../../compiler/onnx/read/nodes.js"),
    import("../../../compiler/portability/cuda-kernels.js"),
    import("../../../compiler/artifact.js"),
  ]);
  const kernels = cudaKernels(readNodes(model));
  // A factor on the learning rate is copied when it changes; carried and frozen tensors stay on the device.
  const staying: readonly Role[] = [...carriedRoles, "frozen", "rate_scale"];
  const copied = ports.inputs.filter(({ role }) => !staying.includes(role));
  return {
    launches: isCapturable ? 1 : kernels,
    kernels,
    copies_to_device: copied.length,
    copies_to_host: 1,
    synchronizations: 1,
  };
}

function callsText({ launches, kernels, copies_to_device, copies_to_host, synchronizations }: CudaCalls): string {
  const graph =
    launches === 1
      ? `1 launch, of a CUDA graph with about ${formatCount(kernels, "kernel")}`
      : `about ${launches} launches`;
  const copies = `${copies_to_device} copies to the device, ${copies_to_host} from it`;
  return `each step: ${graph}; ${copies}; ${formatCount(synchronizations, "synchronization")}`;
}

function tf32Text(): string {
  return isTf32Allowed()
    ? "products of float32 values: in TF32 on GPUs that have it"
    : "products of float32 values: in float32; --allow-tf32 of train permits TF32";
}

async function runtimeReport(model: Uint8Array, device: PlacementDevice): Promise<RuntimeReport> {
  const { readModel } = await import("../../../compiler/onnx/read/model.js");
  const read = readModel(model);
  if (!read.ok) throw new Error(read.problem.message);
  const report = (await portabilityOf(model, read.model)).find(({ runtime }) => runtime === runtimes[device]);
  if (report === undefined) throw new Error(`There is no report on ${runtimes[device]}.`);
  return report;
}
