/**
 * Sessions for arrays of known sizes, one for each combination of them: what a device without loops runs. It keeps what a training
 * carries from call to call; whole numbers are of 32 bits there, and what the host reads comes in one piece.
 */
import { type InferenceSession, Tensor } from "onnxruntime-common";
import { type Ports, type Role, report as reportName } from "../compiler/artifact.js";
import type { BoundModel } from "../compiler/compile.js";
import type { Feeds, Runner } from "./runner.js";
import { failedToOpen, type OpenedSession } from "./session.js";
import { type Sizes, sizesOf } from "./sizes.js";

export interface BoundRunner extends Runner {
  /** Opens the session for what would be fed, so that what stands in the way is known before the first call. */
  open(feeds: Feeds): Promise<OpenedSession>;
}

interface Open {
  readonly session: InferenceSession;
  readonly report: BoundModel["report"];
}

/** At most so many sessions are kept: the one that was used least recently goes. */
const mostSessions = 16;

/**
 * @param model of some sizes.
 * @param create opens it; the named outputs stay on the device.
 * @param staying roles of outputs that do.
 */
export function openBound(
  ports: Ports,
  model: (sizes: Sizes) => Promise<BoundModel>,
  create: (model: Uint8Array, staying: readonly string[]) => Promise<OpenedSession>,
  staying: readonly Role[] = [],
): BoundRunner {
  const kept = ports.outputs.filter(({ role }) => staying.includes(role)).map(({ name }) => name);
  const step = ports.outputs.find(({ role }) => role === "step");
  const known = new Map<string, Open>();
  const openFor = async (sizes: Sizes): Promise<{ readonly found: Open } | Extract<OpenedSession, { ok: false }>> => {
    const key = JSON.stringify([...sizes]);
    let found = known.get(key);
    known.delete(key);
    if (found === undefined) {
      const { model: bytes, report } = await model(sizes);
      const opened = await create(bytes, kept);
      if (!opened.ok) return opened;
      found = { session: opened.session, report };
    }
    known.set(key, found);
    const [oldest] = known;
    if (oldest !== undefined && known.size > mostSessions) {
      known.delete(oldest[0]);
      await oldest[1].session.release();
    }
    return { found };
  };
  return {
    async open(feeds) {
      const opened = await openFor(sizesOf(ports.inputs, feeds));
      return "found" in opened ? { ok: true, session: opened.found.session, device: "webgpu", notice: "" } : opened;
    },
    async run(feeds) {
      const sizes = sizesOf(ports.inputs, feeds);
      const opened = await openFor(sizes);
      if (!("found" in opened)) throw failedToOpen(opened);
      const { session, report } = opened.found;
      const narrow = Object.entries(feeds).map(([name, tensor]) => [name, narrowed(tensor)] as const);
      // All outputs are fetched: a device gives them in the wrong order otherwise.
      const { [reportName]: numbers, ...outputs } = await session.run(Object.fromEntries(narrow));
      const counted = step && { [step.name]: advanced(feeds.step, sizes.get("steps") ?? 1) };
      return { ...outputs, ...(numbers && parted(numbers, report)), ...counted };
    },
  };
}

/** The tensors that came as one vector. */
function parted({ data }: Tensor, report: BoundModel["report"]): Record<string, Tensor> {
  if (!(data instanceof Float32Array)) throw new Error("The session gave no float32 report.");
  let end = 0;
  const parts = report.map(({ name, shape }) => {
    const start = end;
    end += shape.reduce((product, size) => product * size, 1);
    return [name, new Tensor("float32", data.slice(start, end), shape)] as const;
  });
  return Object.fromEntries(parts);
}

/** The number of updates after some more, which the device does not count. */
function advanced(before: Tensor | undefined, steps: number): Tensor {
  const [count = 0n] = (before?.data ?? []) as BigInt64Array;
  return new Tensor("int64", BigInt64Array.of(count + BigInt(steps)), []);
}

function narrowed(tensor: Tensor): Tensor {
  if (tensor.type !== "int64") return tensor;
  return new Tensor("int32", Int32Array.from(tensor.data as BigInt64Array, Number), tensor.dims);
}
