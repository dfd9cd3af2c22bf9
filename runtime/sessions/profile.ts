/** The run times of a model's nodes, by the profiler of ONNX Runtime on the CPU. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, ok, type Result } from "../result.js";
import type { NumericArray } from "../tensors/array.js";
import { median } from "../tensors/median.js";
import { tensorOf } from "../tensors/ort.js";
import { errorReason, ortSessionOptions, type SessionError } from "./session.js";

export interface NodeTime {
  readonly name: string;
  readonly operator: string;
  /** Median over the runs of the time in one run, with the nodes of its bodies. */
  readonly milliseconds: number;
  /** Bytes of its outputs. */
  readonly bytes: number;
}

export interface Profile {
  readonly runs: number;
  /** Median time of a run. */
  readonly milliseconds: number;
  /** In the order of the first run, after ONNX Runtime's optimizations: fused nodes have names of its own. */
  readonly nodes: readonly NodeTime[];
}

const WARMUP_RUNS = 2;
const MIN_RUNS = 5;
const MAX_RUNS = 50;
/** Milliseconds of all runs together, from the least number of runs on. */
const BUDGET = 3000;

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly output_size?: string };
}

/** @param file the path of a model, next to its external data. */
export async function profileModel(
  file: string,
  inputs: ReadonlyMap<string, NumericArray>,
): Promise<Result<Profile, SessionError>> {
  const { InferenceSession } = await import("onnxruntime-node");
  const folder = mkdtempSync(join(tmpdir(), "rnnx-profile-"));
  try {
    const session = await InferenceSession.create(file, {
      ...ortSessionOptions("cpu", Number.POSITIVE_INFINITY, {}),
      // Errors are thrown.
      logSeverityLevel: 4,
      enableProfiling: true,
      profileFilePrefix: join(folder, "profile"),
    });
    const feeds = Object.fromEntries([...inputs].map(([name, array]) => [name, tensorOf(array)]));
    let runs = 0;
    for (const start = performance.now(); runs < MAX_RUNS + WARMUP_RUNS; runs++) {
      if (runs >= MIN_RUNS + WARMUP_RUNS && performance.now() - start > BUDGET) break;
      await session.run(feeds);
    }
    session.endProfiling();
    await session.release();
    const [trace = ""] = readdirSync(folder);
    return ok(profileOf(JSON.parse(readFileSync(join(folder, trace), "utf8"))));
  } catch (error) {
    return fail({ message: `ONNX Runtime does not run the model: ${errorReason(error)}`, hint: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians of the runs after the first ones. */
export function profileOf(trace: readonly TraceEvent[]): Profile {
  const runs = trace
    .filter(({ cat, name }) => cat === "Session" && name === "model_run")
    .toSorted((a, b) => a.ts - b.ts)
    .slice(WARMUP_RUNS);
  const kernels = trace
    .filter(({ cat, name }) => cat === "Node" && name.endsWith(KERNEL))
    .toSorted((a, b) => a.ts - b.ts || b.dur - a.dur);
  const nodes = new Map<string, { operator: string; times: number[]; bytes: number }>();
  let [position, end] = [0, 0];
  for (const [run, { ts, dur }] of runs.entries()) {
    while ((kernels[position]?.ts ?? Number.POSITIVE_INFINITY) < ts) position++;
    for (; (kernels[position]?.ts ?? Number.POSITIVE_INFINITY) < ts + dur; position++) {
      const kernel = kernels[position] as TraceEvent;
      // Nodes of a body run within the node that has the body.
      if (kernel.ts < end) continue;
      end = kernel.ts + kernel.dur;
      const name = kernel.name.slice(0, -KERNEL.length);
      const node = nodes.get(name) ?? { operator: kernel.args?.op_name ?? "", times: runs.map(() => 0), bytes: 0 };
      node.times[run] = (node.times[run] ?? 0) + kernel.dur / 1000;
      node.bytes = Number(kernel.args?.output_size ?? 0);
      nodes.set(name, node);
    }
  }
  return {
    runs: runs.length,
    milliseconds: median(runs.map(({ dur }) => dur / 1000)),
    nodes: [...nodes].map(([name, { operator, times, bytes }]) => ({
      name,
      operator,
      milliseconds: median(times),
      bytes,
    })),
  };
}

const KERNEL = "_kernel_time";
