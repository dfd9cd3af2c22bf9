/**
 * Sessions of models without loops: one for each combination of static shapes. The device keeps the training state
 * between calls, and the values for the host are packed into one output.
 */
import { Tensor } from "onnxruntime-common";
import { type Ports, HOST_OUTPUT as reportName } from "../../compiler/artifact.js";
import type { SpecializedModel } from "../../compiler/compile.js";
import { ok, type Result } from "../result.js";
import { elementCount } from "../tensors/array.js";
import { type SymbolSizes, symbolSizesOf } from "./ports.js";
import type { Feeds, Runner } from "./runner.js";
import { type SessionError, sessionError } from "./session.js";

export interface StaticShapeRunner extends Runner {
  /** Opens the session for the shapes of the feeds, so that errors show before the first call. */
  open(feeds: Feeds): Promise<Result<StaticSession, SessionError>>;
}

export interface StaticSession {
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Opens the session of a model for given sizes. */
export type SessionFactory = (
  model: SpecializedModel,
  sizes: SymbolSizes,
) => Promise<Result<StaticSession, SessionError>>;

interface CachedSession {
  readonly session: StaticSession;
  readonly report: SpecializedModel["hostOutputs"];
}

/** Maximum number of sessions; the least recently used one is released. */
const MAX_SESSIONS = 16;

/**
 * @param model builds the model for given sizes.
 */
export function openStaticShapeRunner(
  ports: Ports,
  model: (sizes: SymbolSizes) => Promise<SpecializedModel>,
  create: SessionFactory,
): StaticShapeRunner {
  const step = ports.outputs.find(({ role }) => role === "step");
  const sessions = new Map<string, CachedSession>();
  const sessionFor = async (sizes: SymbolSizes): Promise<Result<CachedSession, SessionError>> => {
    // Ports name the symbols in the order of the given feeds.
    const key = JSON.stringify([...sizes].sort());
    let cached = sessions.get(key);
    sessions.delete(key);
    if (cached === undefined) {
      const specialized = await model(sizes);
      const result = await create(specialized, sizes);
      if (!result.ok) return result;
      cached = { session: result.value, report: specialized.hostOutputs };
    }
    sessions.set(key, cached);
    const [oldest] = sessions;
    if (oldest !== undefined && sessions.size > MAX_SESSIONS) {
      sessions.delete(oldest[0]);
      await oldest[1].session.release();
    }
    return ok(cached);
  };
  return {
    async open(feeds) {
      const result = await sessionFor(symbolSizesOf(ports.inputs, feeds));
      return result.ok ? ok(result.value.session) : result;
    },
    async run(feeds) {
      const sizes = symbolSizesOf(ports.inputs, feeds);
      const result = await sessionFor(sizes);
      if (!result.ok) throw sessionError(result.error);
      const { session, report } = result.value;
      // All outputs are fetched: ONNX Runtime 1.30 returns a subset in the wrong order on WebGPU.
      const { [reportName]: packedReport, ...outputs } = await session.run(feeds);
      const stepOutput = step && { [step.name]: advanceStep(feeds.step, sizes.get("steps") ?? 1) };
      return { ...outputs, ...(packedReport && splitReport(packedReport, report)), ...stepOutput };
    },
  };
}

/** Unpacks the tensors of the packed output. */
function splitReport({ data }: Tensor, report: SpecializedModel["hostOutputs"]): Record<string, Tensor> {
  if (!(data instanceof Float32Array)) throw new Error("The session returned no float32 report.");
  let end = 0;
  const entries = report.map(({ name, shape }) => {
    const start = end;
    end += elementCount(shape);
    return [name, new Tensor("float32", data.slice(start, end), shape)] as const;
  });
  return Object.fromEntries(entries);
}

/** Advances the step, which the device does not count. */
function advanceStep(previous: Tensor | undefined, steps: number): Tensor {
  const [count = 0n] = (previous?.data ?? []) as BigInt64Array;
  return new Tensor("int64", BigInt64Array.of(count + BigInt(steps)), []);
}
