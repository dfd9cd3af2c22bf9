/**
 * The runners that a training computes with: sessions, or, for devices on which a step has no loops (CUDA, WebGPU), one
 * session per combination of shapes.
 */
import { type InferenceSession, Tensor } from "onnxruntime-common";
import {
  type Artifact,
  carriedRoles,
  type Port,
  type Ports,
  type Role,
  readbackName,
} from "../../compiler/artifact.js";
import type { SpecializedModel, SpecializedModels } from "../../compiler/compile.js";
import type { Batch } from "../data/source.js";
import { type Failure, fail, ok, type Result } from "../result.js";
import { tensorOf } from "../tensors/ort.js";
import { type CudaDevice, openCudaDevice, uncapturedNotice } from "./native/cuda-graph.js";
import { openNativeSession } from "./native/session.js";
import { dataFeeds, type FetchTensors, trainingState } from "./ports.js";
import type { Feeds, Runner } from "./runner.js";
import {
  type Device,
  errorReason,
  openSession,
  type RequestedDevice,
  resolveDevice,
  type SessionError,
  type SessionOptions,
} from "./session.js";
import { openStaticShapeRunner, type SessionFactory, type StaticSession } from "./static-shapes.js";

export interface Backend {
  readonly training: Runner;
  readonly evaluation: Runner;
  readonly device: Device;
  readonly notice: string;
  /** True where a call of many steps is a model of many, without a loop over them. */
  readonly unrollsSteps: boolean;
  /** Copies tensors from the device; undefined where the host holds them. */
  readonly fetchTensors: FetchTensors | undefined;
  /** Notices of the calls since it was last called. */
  readonly takeNotices?: () => readonly string[];
}

export type BackendResult = Result<Backend, SessionError>;

export interface BackendOptions {
  readonly artifact: Artifact;
  /** Null for the step of another program's model. */
  readonly models: SpecializedModels | null;
  /** Of a micro-batch, by `estimateWorkPerSync`. */
  readonly workPerSync: number;
  /** Requested by the user. */
  readonly threads: number | undefined;
  /** The length of all sequences; undefined where it differs from batch to batch. */
  readonly timeSteps: number | undefined;
}

/** @param firstBatch returns the first training batch. */
export function openBackend(
  device: RequestedDevice,
  options: BackendOptions,
  firstBatch: () => Batch,
): Promise<BackendResult> {
  if (device === "webgpu") return openWebgpu(options, firstBatch);
  return resolveDevice(device) === "cuda" ? openCuda(device, options, firstBatch) : openSessions(device, options);
}

/** The step as a CUDA graph, or, where it cannot be captured, its loops. */
async function openCuda(
  device: RequestedDevice,
  options: BackendOptions,
  firstBatch: () => Batch,
): Promise<BackendResult> {
  const captured = await openCapturedStep(options, firstBatch);
  if (captured.ok) {
    const { artifact, workPerSync } = options;
    const opened = await openSession(artifact.eval, "cuda", workPerSync, sessionOptionsOf(options));
    if (!opened.ok) return opened;
    const evaluation = hostRunner(opened.value.session, captured.value.fetchTensors);
    return ok({ ...captured.value, evaluation, device: "cuda", unrollsSteps: true, notice: "" });
  }
  const sessions = await openSessions(device, options);
  if (!sessions.ok || sessions.value.device !== "cuda") return sessions;
  return ok({ ...sessions.value, notice: uncapturedNotice(captured.error) });
}

const sessionOptionsOf = ({ threads }: BackendOptions): SessionOptions =>
  threads === undefined ? {} : { requestedThreads: threads };

type CapturedStep = Pick<Backend, "training" | "takeNotices"> & { readonly fetchTensors: FetchTensors };

async function openCapturedStep(
  { artifact, models }: BackendOptions,
  firstBatch: () => Batch,
): Promise<Result<CapturedStep, string>> {
  if (models === null) return fail("it is the step of another program's model");
  const ports = artifact.manifest.train;
  let cuda: CudaDevice | undefined;
  try {
    const device = await openCudaDevice(ports);
    if (device === undefined) return fail("that needs Linux and the package koffi");
    cuda = device;
    const training = openStaticShapeRunner(ports, models.train, async (model, sizes) => ok(device.open(model, sizes)));
    await training.open(dataFeeds(ports, firstBatch(), [1]));
    return ok({ training, fetchTensors: (_, tensors) => device.fetch(tensors), takeNotices: device.takeNotices });
  } catch (error) {
    cuda?.release();
    return fail(errorReason(error));
  }
}

async function openSessions(device: RequestedDevice, options: BackendOptions): Promise<BackendResult> {
  const { artifact, workPerSync } = options;
  const sessionOptions = sessionOptionsOf(options);
  const trainingResult = await openStepRunner(
    device,
    artifact.train,
    artifact.manifest.train,
    workPerSync,
    sessionOptions,
  );
  if (!trainingResult.ok) return trainingResult;
  const { runner, device: actualDevice, notice } = trainingResult.value;
  const evaluationResult = await openSession(artifact.eval, actualDevice, workPerSync, sessionOptions);
  if (!evaluationResult.ok) return evaluationResult;
  const backend = { training: runner, evaluation: evaluationResult.value.session, device: actualDevice, notice };
  return ok({ ...backend, unrollsSteps: false, fetchTensors: undefined });
}

export type StepRunnerResult = Result<
  { readonly runner: Runner; readonly device: Device; readonly notice: string },
  SessionError
>;

/** Output size per call above which avoiding ONNX Runtime's copy of the outputs pays for loading the C API. */
const NATIVE_OUTPUT_BYTES = 2 ** 20;

function outputBytes({ outputs }: Ports): number {
  const elementCount = ({ shape }: Port) => shape.reduce<number>((count, dim) => count * (Number(dim) || 1), 1);
  return outputs.reduce((sum, port) => sum + 4 * elementCount(port), 0);
}

/**
 * Opens a runner of a training graph, or of one of its halves. On the CPU a graph with large outputs runs through the C
 * API, where it is available, which writes outputs into existing buffers.
 */
export async function openStepRunner(
  requested: RequestedDevice,
  model: Uint8Array,
  ports: Ports,
  workPerSync: number,
  options: SessionOptions,
): Promise<StepRunnerResult> {
  const prefersNative = resolveDevice(requested) === "cpu" && outputBytes(ports) >= NATIVE_OUTPUT_BYTES;
  const native = prefersNative ? await openNativeSession(model, ports, workPerSync, options) : undefined;
  if (native !== undefined) return ok({ runner: native, device: "cpu", notice: "" });
  const result = await openSession(model, requested, workPerSync, options);
  if (!result.ok) return result;
  const { session, device, notice } = result.value;
  return ok({ runner: session, device, notice });
}

async function openWebgpu(options: BackendOptions, firstBatch: () => Batch): Promise<BackendResult> {
  const { artifact, workPerSync, timeSteps } = options;
  const models = expectModels(options);
  const { train, eval: evalPorts } = artifact.manifest;
  const createWith =
    (deviceOutputs: readonly string[]): SessionFactory =>
    async ({ model }) => {
      const opened = await openSession(model, "webgpu", workPerSync, { deviceOutputs });
      return opened.ok ? ok(withInt32(opened.value.session)) : opened;
    };
  const create = createWith([]);
  const float16Failure = models.float16Probe && (await checkFloat16Support(await models.float16Probe(), create));
  if (float16Failure !== null) return float16Failure;
  const carried = train.outputs.filter(({ role }) => carriedRoles.some((kept) => kept === role));
  const training = openStaticShapeRunner(train, models.train, createWith(carried.map(({ name }) => name)));
  const result = await training.open(dataFeeds(train, firstBatch(), [1]));
  if (!result.ok) return result;

  const copyRunners = new Map<string, Runner>(
    Object.entries(trainingState).map(([part, roles]) => [part, openCopyRunner(roles)]),
  );
  function openCopyRunner(roles: readonly Role[]): Runner {
    const inputs = train.inputs.filter(({ role }) => roles.includes(role));
    const outputs = inputs.map((port) => ({ ...port, name: readbackName(port.name) }));
    return openStaticShapeRunner({ inputs, outputs }, (sizes) => models.readback(roles, sizes), create);
  }
  const fetchTensors: FetchTensors = async (role, tensors) => {
    // Frozen parameters have never left the host.
    const onDevice = Object.entries(tensors).filter(([, { location }]) => location !== "cpu");
    if (onDevice.length === 0) return tensors;
    const copied = (await copyRunners.get(role)?.run(Object.fromEntries(onDevice))) ?? {};
    return {
      ...tensors,
      ...Object.fromEntries(onDevice.map(([name]) => [name, requiredTensor(copied, readbackName(name))])),
    };
  };

  const evaluation = await openEvaluationRunner();
  if (!evaluation.ok) return evaluation;
  return ok({ training, evaluation: evaluation.value, device: "webgpu", unrollsSteps: true, notice: "", fetchTensors });

  /** Sequences of varying lengths would need a session each, so the host evaluates them. */
  async function openEvaluationRunner(): Promise<Result<Runner, SessionError>> {
    if (timeSteps !== undefined) return ok(openStaticShapeRunner(evalPorts, models.eval, create));
    const hostSession = await openSession(artifact.eval, "cpu", workPerSync);
    return hostSession.ok ? ok(hostRunner(hostSession.value.session, fetchTensors)) : hostSession;
  }
}

function expectModels({ models }: BackendOptions): SpecializedModels {
  if (models === null) throw new Error("The step of another program's model has no models of fixed shapes.");
  return models;
}

/** float16 is an optional feature of a device. Its absence shows only in a computation. */
async function checkFloat16Support(
  model: SpecializedModel,
  create: SessionFactory,
): Promise<Failure<SessionError> | null> {
  const result = await create(model, new Map());
  if (!result.ok) return result;
  try {
    await result.value.run({ x: tensorOf({ dtype: "float32", shape: [1], data: Float32Array.of(1) }) });
    return null;
  } catch (error) {
    const message = `The webgpu device does not support float16: ${errorReason(error)}.`;
    return fail({ message, hint: 'Set "precision" in train to "float32", or use another --device.' });
  } finally {
    await result.value.release();
  }
}

/** A session whose integers are int32. */
function withInt32(session: InferenceSession): StaticSession {
  return {
    async run(feeds) {
      const converted = Object.entries(feeds).map(([name, tensor]) => [name, toInt32(tensor)] as const);
      return { ...(await session.run(Object.fromEntries(converted))) } as Record<string, Tensor>;
    },
    release: () => session.release(),
  };
}

function toInt32(tensor: Tensor): Tensor {
  if (tensor.type !== "int64") return tensor;
  return new Tensor("int32", Int32Array.from(tensor.data as BigInt64Array, Number), tensor.dims);
}

/** A runner on the host. Parameters on the device are copied when they have changed. */
function hostRunner(runner: Runner, fetchTensors: FetchTensors): Runner {
  let cache: {
    readonly deviceTensors: Readonly<Record<string, Tensor>>;
    readonly hostTensors: Readonly<Record<string, Tensor>>;
  } = {
    deviceTensors: {},
    hostTensors: {},
  };
  return {
    async run(feeds: Feeds, outputNames?: readonly string[]) {
      const onDevice = Object.entries(feeds).filter(([, { location }]) => location !== "cpu");
      const deviceTensors = Object.fromEntries(onDevice);
      if (onDevice.some(([name, tensor]) => cache.deviceTensors[name] !== tensor))
        cache = { deviceTensors, hostTensors: await fetchTensors("parameter", deviceTensors) };
      const hostFeeds = {
        ...feeds,
        ...Object.fromEntries(onDevice.map(([name]) => [name, requiredTensor(cache.hostTensors, name)])),
      };
      return outputNames === undefined ? runner.run(hostFeeds) : runner.run(hostFeeds, outputNames);
    },
  };
}

function requiredTensor(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The device returned no "${name}".`);
  return tensor;
}
