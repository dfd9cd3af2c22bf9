/** Opens sessions of ONNX Runtime on a device. */
import type { InferenceSession } from "onnxruntime-node";
import { fail, ok, type Result } from "../result.js";
import { elementCount } from "../tensors/array.js";
import { cudaHint, hasCudaProvider } from "./cuda-provider.js";
import { configureTf32 } from "./tf32.js";

export type Device = "cpu" | "cuda" | "webgpu";
export type RequestedDevice = Device | "auto";

export interface OpenedSession {
  readonly session: InferenceSession;
  readonly device: Device;
  /** The reason for a fallback to the CPU; empty without one. */
  readonly notice: string;
}

/** The reason why a session could not be opened, and what to do. */
export interface SessionError {
  readonly message: string;
  readonly hint: string;
}

export type SessionResult = Result<OpenedSession, SessionError>;

/** `fastest` may quantize the operand that is multiplied by quantized weights, as ONNX Runtime does by default. */
export type QuantizedMatmul = "fastest" | "float32";

/** Resources of a session; by default all of the machine. */
export interface SessionOptions {
  /** `fastest` by default. */
  readonly quantizedMatmul?: QuantizedMatmul;
  /** Maximum number of threads. */
  readonly maxThreads?: number;
  /** Number of threads requested by the user, for any size of the model. */
  readonly requestedThreads?: number;
  /** Index of the GPU, for CUDA. */
  readonly gpu?: number;
  /** Outputs that stay on the device, for WebGPU. */
  readonly deviceOutputs?: readonly string[];
}

/** Work per synchronization below which one thread is faster (docs/performance.md, threads). */
const MULTITHREAD_THRESHOLD = 1.2e5;

/**
 * Work per synchronization of a session's threads: (elements of the largest parameter) × √(batch rows). A product of
 * few rows is bound by reading its matrix, so its time grows less than linearly with the rows.
 */
export function estimateWorkPerSync(parameters: Iterable<{ readonly shape: readonly number[] }>, rows: number): number {
  const sizes = Array.from(parameters, ({ shape }) => elementCount(shape));
  return Math.max(0, ...sizes) * Math.sqrt(rows);
}

export function isSingleThreaded(workPerSync: number): boolean {
  return workPerSync < MULTITHREAD_THRESHOLD;
}

/** Opens a session for a model, given as bytes or as a file. Only `auto` falls back to the CPU. */
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
    // A model that fails on the CPU is a bug of rnnx.
    if (device === "cpu") throw error;
    const message = `The ${device} device cannot be used: ${errorReason(error)}.`;
    if (requested !== "auto") return fail({ message, hint: await deviceHint(device) });
    const session = await createSession(model, "cpu", workPerSync, options);
    return ok({ session, device: "cpu", notice: `${message} The CPU is used instead.` });
  }
}

/** The device to try first. */
export function resolveDevice(requested: RequestedDevice): Device {
  if (requested !== "auto") return requested;
  return hasCudaProvider() ? "cuda" : "cpu";
}

/** The error of a device that fails during a run. */
export function sessionError({ message, hint }: SessionError): Error {
  return new Error(`${message} ${hint}`);
}

/** ONNX Runtime's message, without its source location and the condition that failed. */
export function errorReason(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return first.replace(/^.*was false\. /, "").replace(/\.$/, "");
}

/** The way out of a failure of a device. */
async function deviceHint(device: "cuda" | "webgpu"): Promise<string> {
  if (device === "cuda") return cudaHint();
  return "WebGPU needs a GPU with a Vulkan, Metal or Direct3D 12 driver (Mesa 25 or later in software). Otherwise use --device cpu.";
}

async function createSession(
  model: Uint8Array | string,
  device: Device,
  workPerSync: number,
  place: SessionOptions,
): Promise<InferenceSession> {
  if (device === "cuda") configureTf32();
  const { env, InferenceSession } = await import("onnxruntime-node");
  // Errors are returned to the caller; ONNX Runtime's log would repeat them on stderr.
  env.logLevel = "fatal";
  const ortOptions = ortSessionOptions(device, workPerSync, place);
  return typeof model === "string"
    ? InferenceSession.create(model, ortOptions)
    : InferenceSession.create(model, ortOptions);
}

/** The options of ONNX Runtime for a session. */
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
  // A memory pattern is allocated in addition to the memory in use before it, and does not make a large model faster.
  const threadCount = requestedThreads ?? (singleThreaded ? 1 : maxThreads);
  const provider =
    device === "webgpu"
      ? { name: device, preferredLayout: "NCHW" as const }
      : device === "cuda" && gpu !== undefined
        ? { name: device, deviceId: gpu }
        : device;
  return {
    executionProviders: device === "cpu" ? ["cpu"] : [provider, "cpu"],
    // A graph for WebGPU uses only its kernels. The layout optimizer would introduce operators without one.
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
