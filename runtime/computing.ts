/** What computes a training: sessions of its models; for WebGPU, which runs no loops, sessions for arrays of each size. */
import type { Tensor } from "onnxruntime-common";
import { type Artifact, carriedRoles, copyOf, type Port, type Ports } from "../compiler/artifact.js";
import type { BoundModel, BoundModels } from "../compiler/compile.js";
import { openBound } from "./bound.js";
import { type CarriedRole, dataFeeds, type Fetch, withRole } from "./carried.js";
import type { Batch } from "./data/source.js";
import { openNative } from "./native/session.js";
import type { Feeds, Runner } from "./runner.js";
import {
  type Device,
  deviceFor,
  type OpenedSession,
  openSession,
  type Place,
  type RequestedDevice,
  reasonOf,
} from "./session.js";
import { tensorOf } from "./tensors.js";

export interface Computing {
  readonly training: Runner;
  readonly evaluation: Runner;
  readonly device: Device;
  readonly notice: string;
  /** Brings what the device carries; undefined where the host does. */
  readonly fetch: Fetch | undefined;
}

export type OpenedComputing =
  | { readonly ok: true; readonly computing: Computing }
  | Extract<OpenedSession, { readonly ok: false }>;

export interface Models {
  readonly artifact: Artifact;
  readonly models: BoundModels;
  /** Of a batch, as `loadOf` says it. */
  readonly load: number;
  /** What the user asked for. */
  readonly threads: number | undefined;
  /** What `time` always is; undefined where it differs from batch to batch. */
  readonly steps: number | undefined;
}

/** @param first gives the first batch to train on. */
export function openComputing(device: RequestedDevice, models: Models, first: () => Batch): Promise<OpenedComputing> {
  return device === "webgpu" ? openWebgpu(models, first) : openSessions(device, models);
}

async function openSessions(device: RequestedDevice, { artifact, load, threads }: Models): Promise<OpenedComputing> {
  const place = threads === undefined ? {} : { exactThreads: threads };
  const training = await openStep(device, artifact.train, artifact.manifest.train, load, place);
  if (!training.ok) return training;
  const { runner, device: found, notice } = training;
  const evaluation = await openSession(artifact.eval, found, load, place);
  if (!evaluation.ok) return evaluation;
  const computing = { training: runner, evaluation: evaluation.session, device: found, notice };
  return { ok: true, computing: { ...computing, fetch: undefined } };
}

export type OpenedStep =
  | { readonly ok: true; readonly runner: Runner; readonly device: Device; readonly notice: string }
  | Extract<OpenedSession, { readonly ok: false }>;

/** Bytes that a call puts out, from which copying them is more than loading another library once. */
const worthRoom = 2 ** 20;

function bytesPutOut({ outputs }: Ports): number {
  const entriesOf = ({ shape }: Port) => shape.reduce<number>((count, dim) => count * (Number(dim) || 1), 1);
  return outputs.reduce((sum, port) => sum + 4 * entriesOf(port), 0);
}

/**
 * What makes updates, or a part of them. On the CPU what a large model makes is put where there is room for it, if sessions can be
 * called so.
 */
export async function openStep(
  requested: RequestedDevice,
  model: Uint8Array,
  ports: Ports,
  load: number,
  place: Place,
): Promise<OpenedStep> {
  const wantsRoom = deviceFor(requested) === "cpu" && bytesPutOut(ports) >= worthRoom;
  const native = wantsRoom ? await openNative(model, ports, load, place) : undefined;
  if (native !== undefined) return { ok: true, runner: native, device: "cpu", notice: "" };
  const opened = await openSession(model, requested, load, place);
  return opened.ok ? { ...opened, runner: opened.session } : opened;
}

async function openWebgpu({ artifact, models, load, steps }: Models, first: () => Batch): Promise<OpenedComputing> {
  const { train, eval: ports } = artifact.manifest;
  const create = (model: Uint8Array, staying: readonly string[]) => openSession(model, "webgpu", load, { staying });
  const lacking = models.trial && (await triedHalf(await models.trial(), create));
  if (lacking !== null) return lacking;
  const training = openBound(train, models.train, create, carriedRoles);
  const opened = await training.open(dataFeeds(train, first(), [1]));
  if (!opened.ok) return opened;

  const copies = new Map(carriedRoles.map((role) => [role, openCopies(withRole(train.inputs, role), role)]));
  function openCopies(inputs: readonly Port[], role: CarriedRole): Runner {
    const outputs = inputs.map((port) => ({ ...port, name: copyOf(port.name) }));
    return openBound({ inputs, outputs }, (sizes) => models.copies(role, sizes), create);
  }
  const fetch: Fetch = async (role, tensors) => {
    // What is not trained has never left the host.
    const away = Object.entries(tensors).filter(([, { location }]) => location !== "cpu");
    if (away.length === 0) return tensors;
    const given = (await copies.get(role)?.run(Object.fromEntries(away))) ?? {};
    return { ...tensors, ...Object.fromEntries(away.map(([name]) => [name, at(given, copyOf(name))])) };
  };

  const evaluation = await openEvaluation();
  if ("message" in evaluation) return evaluation;
  return { ok: true, computing: { training, evaluation, device: "webgpu", notice: "", fetch } };

  /** Sequences of ever other lengths would each need a session: the host evaluates those. */
  async function openEvaluation(): Promise<Runner | Extract<OpenedSession, { ok: false }>> {
    if (steps !== undefined) return openBound(ports, models.eval, create);
    const host = await openSession(artifact.eval, "cpu", load);
    return host.ok ? onHost(host.session, fetch) : host;
  }
}

/** Numbers of 16 bits are a feature that a device may lack, which shows when they are computed. */
async function triedHalf(
  { model }: BoundModel,
  create: (model: Uint8Array, staying: readonly string[]) => Promise<OpenedSession>,
): Promise<Extract<OpenedSession, { ok: false }> | null> {
  const opened = await create(model, []);
  if (!opened.ok) return opened;
  try {
    await opened.session.run({ x: tensorOf({ dtype: "float32", shape: [1], data: Float32Array.of(1) }) });
    return null;
  } catch (error) {
    const message = `The webgpu device computes no float16: ${reasonOf(error)}.`;
    return { ok: false, message, hint: 'Set "precision" in train to "float32", or use another --device.' };
  } finally {
    await opened.session.release();
  }
}

/** A runner that is fed from the host: parameters that lie on a device are brought when they are others than before. */
function onHost(runner: Runner, fetch: Fetch): Runner {
  let brought: { readonly from: Readonly<Record<string, Tensor>>; readonly here: Readonly<Record<string, Tensor>> } = {
    from: {},
    here: {},
  };
  return {
    async run(feeds: Feeds, wanted?: readonly string[]) {
      const away = Object.entries(feeds).filter(([, { location }]) => location !== "cpu");
      const from = Object.fromEntries(away);
      if (away.some(([name, tensor]) => brought.from[name] !== tensor))
        brought = { from, here: await fetch("parameter", from) };
      const all = { ...feeds, ...Object.fromEntries(away.map(([name]) => [name, at(brought.here, name)])) };
      return wanted === undefined ? runner.run(all) : runner.run(all, wanted);
    },
  };
}

function at(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The device did not give "${name}".`);
  return tensor;
}
