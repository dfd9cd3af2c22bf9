/** ONNX Runtime as the doctor sees it: whether it loads, and on which devices it trains. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../runtime/session.js";
import type { NormalSpec } from "../../schema/normal.js";
import { bad, type Finding, good, poor } from "./finding.js";

export async function examineRuntime(): Promise<readonly Finding[]> {
  const loaded = await examineLoading();
  if (loaded.state !== "good") return [loaded];
  const found = [loaded];
  for (const device of ["cpu", "cuda", "webgpu"] as const) found.push(await examineDevice(device));
  return found;
}

async function examineLoading(): Promise<Finding> {
  try {
    const { env } = await import("onnxruntime-node");
    return good("onnxruntime", `onnxruntime-node ${env.versions.node ?? env.versions.common}`);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    const hint = "Install the packages again (npm ci). There are builds for Linux, macOS and Windows, x64 and arm64.";
    return bad("onnxruntime", `ONNX Runtime does not load: ${reason}`, hint);
  }
}

/** Trains a tiny model for a step: that shows the whole way, from the compiler to the run directory. */
async function examineDevice(device: Device): Promise<Finding> {
  const { train } = await import("../../runtime/train.js");
  const folder = mkdtempSync(join(tmpdir(), "rnnx-doctor-"));
  try {
    const out = join(folder, "run");
    const request = { spec: await tinySpec(), folder, out, device, resume: false, init: null, without: [] };
    const outcome = await train(request, { onEvent: () => {} });
    if (outcome.ok) return good(device, "trains a model");
    const [message, hint] =
      outcome.kind === "failed" ? [outcome.message, outcome.hint] : ["It refuses a good spec.", ""];
    return device === "cpu" ? bad(device, message, hint) : poor(device, message, hint);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tinySpec(): Promise<NormalSpec> {
  const { readSpec } = await import("../../schema/read.js");
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
  if (!read.ok) throw new Error("The doctor's own spec is wrong.");
  return read.spec;
}
