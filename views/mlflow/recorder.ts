/** Records a training run in MLflow: its spec as parameters, its events as metrics by step, its models as files. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Metrics, TrainEvent } from "../../runtime/events.js";
import { isList, isObject, type Json, type JsonObject } from "../../schema/json-pointer.js";
import {
  MlflowError,
  type MlflowMetric,
  type MlflowRun,
  type MlflowStore,
  type RunDescription,
  type RunStatus,
} from "./store.js";

export interface MlflowRecorder {
  readonly show: (event: TrainEvent) => void;
  /** Sends the rest. @param folder of the run, whose files are added; null for none. */
  readonly close: (status: RunStatus, folder: string | null) => Promise<void>;
}

/** Files of a run directory that are added to an MLflow run. */
const files = ["spec.json", "data.json", "model.onnx", "stream.onnx", "weights.safetensors", "result.json"];

/** Metrics that wait at least, between evaluations, and at most, while a server does not answer. */
const [MIN_WAITING, MAX_WAITING] = [500, 200_000];

/**
 * A recorder, whose run starts with the training.
 *
 * @param note receives the address of the run, and messages about a store that fails, which does not end the training.
 */
export function recordRun(
  store: MlflowStore,
  description: RunDescription,
  parameters: Readonly<Record<string, string>>,
  note: (message: string) => void,
): MlflowRecorder {
  let waiting: MlflowMetric[] = [];
  let sending: Promise<void> = Promise.resolve();
  let [isStarted, hasParameters, hasFailed, dropped] = [false, false, false, 0];
  let run: MlflowRun | undefined;

  const openRun = async (): Promise<MlflowRun> => {
    run ??= await store.startRun(description);
    if (hasParameters) return run;
    await run.logParameters(parameters);
    hasParameters = true;
    note(`MLflow run: ${run.address}`);
    return run;
  };
  const add = (prefix: string, step: number, metrics: Metrics) => {
    const timestamp = Date.now();
    for (const [name, value] of Object.entries(metrics))
      waiting.push({ key: metricKey(`${prefix}/${name}`), value, step, timestamp });
    if (waiting.length <= MAX_WAITING) return;
    dropped += waiting.length - MAX_WAITING;
    waiting = waiting.slice(-MAX_WAITING);
  };
  /** Sends what waits. Metrics of a failed request wait for the next one. */
  const send = async () => {
    const metrics = waiting;
    waiting = [];
    try {
      const opened = await openRun();
      if (metrics.length > 0) await opened.logMetrics(metrics);
    } catch (error) {
      waiting = [...metrics, ...waiting];
      if (!hasFailed) note(`${reasonOf(error)} Training continues; the metrics are sent again later.`);
      hasFailed = true;
    }
  };
  const flush = () => {
    sending = sending.then(send);
  };
  return {
    show(event) {
      if (event.event === "start") {
        isStarted = true;
        flush();
      } else if (event.event === "step") {
        const { step, loss, gradient_norm, learning_rate } = event;
        add("step", step, { loss, gradient_norm, learning_rate });
        if (waiting.length >= MIN_WAITING && !hasFailed) flush();
      } else if (event.event === "evaluation") {
        for (const [split, metrics] of Object.entries(event.metrics)) add(split, event.step, metrics);
        flush();
      }
    },
    async close(status, folder) {
      if (!isStarted) return;
      flush();
      await sending;
      const missing = waiting.length + dropped;
      if (missing > 0) note(`${missing} values of metrics were not recorded in MLflow.`);
      if (run === undefined) return;
      try {
        for (const name of folder === null ? [] : files) {
          const path = join(folder ?? "", name);
          const notice = existsSync(path) ? await run.logFile(name, path) : undefined;
          if (notice === undefined) continue;
          note(notice);
          break;
        }
        await run.end(status);
      } catch (error) {
        note(`${reasonOf(error)} The MLflow run is not complete.`);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof MlflowError) return `${error.message}${error.hint === "" ? "" : ` ${error.hint}`}`;
  return `MLflow: ${error instanceof Error ? error.message : String(error)}.`;
}

/** Letters that MLflow takes in names. */
function metricKey(name: string): string {
  return name.replace(/[^\w./ -]/g, "_").slice(0, 250);
}

/** Characters of a value at most. */
const MAX_VALUE = 500;

/** The values of a spec by their paths, `model.0.hidden_size`; a list of numbers or texts is one value. */
export function parametersOf(spec: JsonObject): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  const visit = (value: Json, path: string) => {
    const isNested = isList(value) && value.some((entry) => isObject(entry));
    if (isNested) for (const [index, entry] of value.entries()) visit(entry, `${path}.${index}`);
    else if (isObject(value) && Object.keys(value).length > 0)
      for (const [key, member] of Object.entries(value)) visit(member, path === "" ? key : `${path}.${key}`);
    else {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      entries.push([metricKey(path), text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text]);
    }
  };
  const { $schema: _, ...values } = spec;
  visit(values, "");
  return Object.fromEntries(entries);
}
