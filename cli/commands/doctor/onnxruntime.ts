/** Checks of ONNX Runtime: it loads, and it trains on each device. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../../runtime/sessions/session.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { type CheckResult, failed, good, warning } from "./check.js";

export async function checkOnnxRuntime(): Promise<readonly CheckResult[]> {
  const loading = await checkLoading();
  if (loading.state !== "good") return [loading];
  const results = [loading];
  for (const device of ["cpu", "cuda", "webgpu"] as const) results.push(await checkDevice(device));
  return results;
}

async function checkLoading(): Promise<CheckResult> {
  try {
    const { env } = await import("onnxruntime-node");
    return good("onnxruntime", `onnxruntime-node ${env.versions.node ?? env.versions.common}`);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    const hint = "Reinstall the packages (npm ci). Builds exist for Linux, macOS and Windows on x64 and arm64.";
    return failed("onnxruntime", `ONNX Runtime does not load: ${reason}`, hint);
  }
}

/** Trains a tiny model for one step, which tests everything from the compiler to the run directory. */
async function checkDevice(device: Device): Promise<CheckResult> {
  const { train } = await import("../../../runtime/train.js");
  const folder = mkdtempSync(join(tmpdir(), "rnnx-doctor-"));
  try {
    const out = join(folder, "run");
    const request = { spec: await tinySpec(), folder, out, device, resume: false, init: null, disabledPasses: [] };
    const outcome = await train(request, { onEvent: () => {} });
    if (outcome.ok) return good(device, "trains a model");
    const [message, hint] =
      outcome.error.kind === "failed"
        ? [outcome.error.message, outcome.error.hint]
        : ["A valid spec was rejected.", ""];
    return device === "cpu" ? failed(device, message, hint) : warning(device, message, hint);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tinySpec(): Promise<NormalSpec> {
  const { readSpec } = await import("../../../schema/read.js");
  const read = await readSpec(
    JSON.stringify({
      name: "doctor",
      data: { type: "text", text: "hihello", unit: "char", window: 6 },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam" },
      train: { steps: 1 },
    }),
  );
  if (!read.ok) throw new Error("The built-in spec of the doctor is invalid.");
  return read.spec;
}
