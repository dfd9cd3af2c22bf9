/** The placement of the training step's nodes on a device, by the list of its known kernels. */
import type { RuntimeReport } from "../../../compiler/portability/report.js";
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
  const compiled = await compile(spec, signature, { origins, ...(device === "webgpu" && { target: device }) });
  if (!compiled.ok) {
    await reportSpecErrors(output, opened.locate(compiled.problems), opened.source);
    return exitCodes.invalidInput;
  }
  const { artifact, models } = compiled;
  const sizes = new Map(Object.entries({ ...signature.expected, steps: 1 }));
  const report = await runtimeReport(device === "webgpu" ? (await models.train(sizes)).model : artifact.train, device);
  const nodes = Object.values(report.nodes).reduce((sum, count) => sum + count, 0);
  output.record({ event: "result", name: spec.name, device, nodes, placement: report });
  output.print(`training step of ${spec.name}: ${report.nodes.runs} of ${nodes} nodes on the ${device} device\n`);
  output.print(portabilityText([report], output.colors.print));
  return exitCodes.success;
}

async function runtimeReport(model: Uint8Array, device: PlacementDevice): Promise<RuntimeReport> {
  const { readModel } = await import("../../../compiler/onnx/read/model.js");
  const read = readModel(model);
  if (!read.ok) throw new Error(read.problem.message);
  const report = (await portabilityOf(model, read.model)).find(({ runtime }) => runtime === runtimes[device]);
  if (report === undefined) throw new Error(`There is no report on ${runtimes[device]}.`);
  return report;
}
