/** Sessions of ONNX Runtime on the device that was asked for. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { fail, ok, type Result } from "../result.js";
import { elementCount } from "../tensors/array.js";

export type Device = "cpu" | "cuda" | "webgpu";
export type RequestedDevice = Device | "auto";

export interface OpenedSession {
  readonly session: InferenceSession;
  readonly device: Device;
  /** Why the device is not the one hoped for; empty otherwise. */
  readonly notice: string;
}

/** Why a session could not be opened, and the way out. */
export interface SessionError {
  readonly message: string;
  readonly hint: string;
}

export type SessionResult = Result<OpenedSession, SessionError>;

/** `fastest` may round what is multiplied with quantized weights to whole numbers, as the runtime does by itself. */
export type QuantizedMatmul = "fastest" | "float32";

/** Where and how a session computes; by default it has all of the machine. */
export interface SessionOptions {
  /** `fastest` by default. */
  readonly quantizedMatmul?: QuantizedMatmul;
  /** The most that it may take of the machine. */
  readonly maxThreads?: number;
  /** What the user asked for, whatever the size of the model. */
  readonly requestedThreads?: number;
  /** The number of its GPU, for CUDA. */
  readonly gpu?: number;
  /** Outputs that stay on the device, for WebGPU. */
  readonly deviceOutputs?: readonly string[];
}

/** Loads below which a second thread costs more than it computes (docs/performance.md, threads). */
const MULTITHREAD_THRESHOLD = 1.2e5;

/**
 * How much a session has to do between two meetings of its threads: the entries of the largest parameter, times the root of the rows
 * that meet it at once. With few rows a product waits for its matrix, so that more rows take less than as much longer.
 */
export function estimateWorkPerSync(parameters: Iterable<{ readonly shape: readonly number[] }>, rows: number): number {
  const sizes = Array.from(parameters, ({ shape }) => elementCount(shape));
  return Math.max(0, ...sizes) * Math.sqrt(rows);
}

/** Whether one thread is enough. */
export function isSingleThreaded(workPerSync: number): boolean {
  return workPerSync < MULTITHREAD_THRESHOLD;
}

/** Opens a session for a model, its bytes or its file. Only `auto` falls back to the CPU. */
export async function openSession(
  model: Uint8Array | string,
  requested: RequestedDevice,
  workPerSync: number,
  options: SessionOptions = {},
): Promise<SessionResult> {
  const device = resolveDevice(requested);
  try {
    return ok({ session: await createSession(model, device, workPerSync, options), device, notice: "" });
  } catch (error) {
    // A model that the CPU refuses is not the user's doing.
    if (device === "cpu") throw error;
    const message = `The ${device} device cannot be used: ${errorReason(error)}.`;
    if (requested !== "auto") return fail({ message, hint: hints[device] });
    const session = await createSession(model, "cpu", workPerSync, options);
    return ok({ session, device: "cpu", notice: `${message} The CPU is used instead.` });
  }
}

/** The one to try. */
export function resolveDevice(requested: RequestedDevice): Device {
  if (requested !== "auto") return requested;
  return hasCudaProvider() ? "cuda" : "cpu";
}

/** For a device that gives up in the middle of a run, where there is nobody left to ask. */
export function sessionError({ message, hint }: SessionError): Error {
  return new Error(`${message} ${hint}`);
}

/** The runtime's own words, without the place in its source and the condition that failed there. */
export function errorReason(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return first.replace(/^.*was false\. /, "").replace(/\.$/, "");
}

const hints: Readonly<Record<"cuda" | "webgpu", string>> = {
  cuda:
    "CUDA needs an NVIDIA GPU with CUDA 12 and cuDNN 9, and ONNX Runtime's CUDA files, which its package does not bring: " +
    "run its install script with ONNXRUNTIME_NODE_INSTALL=cuda12 set, or use --device cpu.",
  webgpu:
    "WebGPU needs a GPU with a Vulkan, Metal or Direct3D 12 driver (Mesa 25 or later in software): or use --device cpu.",
};

async function createSession(
  model: Uint8Array | string,
  device: Device,
  workPerSync: number,
  place: SessionOptions,
): Promise<InferenceSession> {
  const { env, InferenceSession } = await import("onnxruntime-node");
  // What goes wrong comes back as an error; the runtime's own log would only repeat it on stderr.
  env.logLevel = "fatal";
  const ortOptions = ortSessionOptions(device, workPerSync, place);
  return typeof model === "string"
    ? InferenceSession.create(model, ortOptions)
    : InferenceSession.create(model, ortOptions);
}

/** How a session of some load is opened. */
export function ortSessionOptions(
  device: Device,
  workPerSync: number,
  { maxThreads, requestedThreads, gpu, quantizedMatmul, deviceOutputs = [] }: SessionOptions,
): InferenceSession.SessionOptions {
  const singleThreaded = isSingleThreaded(workPerSync);
  const extra = {
    ...(singleThreaded && { intra_op: { allow_spinning: "0" } }),
    ...(quantizedMatmul === "float32" && { qdq_matmulnbits_accuracy_level: "1" }),
  };
  // A plan of the memory for each shape is laid beside what was taken before it was made, and saves a large model no time.
  const threadCount = requestedThreads ?? (singleThreaded ? 1 : maxThreads);
  const provider =
    device === "webgpu"
      ? { name: device, preferredLayout: "NCHW" as const }
      : device === "cuda" && gpu !== undefined
        ? { name: device, deviceId: gpu }
        : device;
  return {
    executionProviders: device === "cpu" ? ["cpu"] : [provider, "cpu"],
    // What is made for WebGPU keeps to its kernels: the runtime would move axes to where it has none.
    graphOptimizationLevel: device === "webgpu" ? "disabled" : "all",
    logSeverityLevel: 3,
    ...(deviceOutputs.length > 0 && {
      preferredOutputLocation: Object.fromEntries(deviceOutputs.map((name) => [name, "gpu-buffer" as const])),
    }),
    ...(!singleThreaded && { enableMemPattern: false }),
    ...(threadCount !== undefined && { intraOpNumThreads: threadCount }),
    extra: { session: extra },
  };
}

/** Whether ONNX Runtime's CUDA provider is installed beside it. */
function hasCudaProvider(): boolean {
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const library = process.platform === "win32" ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";
  return existsSync(join(folder, "bin/napi-v6", process.platform, process.arch, library));
}
