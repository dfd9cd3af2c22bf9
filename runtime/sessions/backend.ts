/**
 * The runners that a training computes with: sessions, or for WebGPU, which has no loops, one session per combination
 * of shapes.
 */
import type { Tensor } from "onnxruntime-common";
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
  type SessionResult,
} from "./session.js";
import { openStaticShapeRunner } from "./static-shapes.js";

export interface Backend {
  readonly training: Runner;
  readonly evaluation: Runner;
  readonly device: Device;
  readonly notice: string;
  /** Copies tensors from the device; undefined where the host holds them. */
  readonly fetchTensors: FetchTensors | undefined;
}

export type BackendResult = Result<Backend, SessionError>;

export interface BackendOptions {
  readonly artifact: Artifact;
  readonly models: SpecializedModels;
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
  return device === "webgpu" ? openWebgpu(options, firstBatch) : openSessions(device, options);
}

async function openSessions(
  device: RequestedDevice,
  { artifact, workPerSync, threads }: BackendOptions,
): Promise<BackendResult> {
  const sessionOptions = threads === undefined ? {} : { requestedThreads: threads };
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
  return ok({ ...backend, fetchTensors: undefined });
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

async function openWebgpu(
  { artifact, models, workPerSync, timeSteps }: BackendOptions,
  firstBatch: () => Batch,
): Promise<BackendResult> {
  const { train, eval: evalPorts } = artifact.manifest;
  const create = (model: Uint8Array, deviceOutputs: readonly string[]) =>
    openSession(model, "webgpu", workPerSync, { deviceOutputs });
  const float16Failure = models.float16Probe && (await checkFloat16Support(await models.float16Probe(), create));
  if (float16Failure !== null) return float16Failure;
  const training = openStaticShapeRunner(train, models.train, create, carriedRoles);
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
  return ok({ training, evaluation: evaluation.value, device: "webgpu", notice: "", fetchTensors });

  /** Sequences of varying lengths would need a session each, so the host evaluates them. */
  async function openEvaluationRunner(): Promise<Result<Runner, SessionError>> {
    if (timeSteps !== undefined) return ok(openStaticShapeRunner(evalPorts, models.eval, create));
    const hostSession = await openSession(artifact.eval, "cpu", workPerSync);
    return hostSession.ok ? ok(hostRunner(hostSession.value.session, fetchTensors)) : hostSession;
  }
}

/** float16 is an optional feature of a device. Its absence shows only in a computation. */
async function checkFloat16Support(
  { model }: SpecializedModel,
  create: (model: Uint8Array, deviceOutputs: readonly string[]) => Promise<SessionResult>,
): Promise<Failure<SessionError> | null> {
  const result = await create(model, []);
  if (!result.ok) return result;
  try {
    await result.value.session.run({ x: tensorOf({ dtype: "float32", shape: [1], data: Float32Array.of(1) }) });
    return null;
  } catch (error) {
    const message = `The webgpu device does not support float16: ${errorReason(error)}.`;
    return fail({ message, hint: 'Set "precision" in train to "float32", or use another --device.' });
  } finally {
    await result.value.session.release();
  }
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
