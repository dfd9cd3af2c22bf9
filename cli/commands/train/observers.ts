/** Observers of a training run in addition to the terminal: the dashboard, TensorBoard event files and MLflow. */
import { basename, resolve } from "node:path";
import type { TrainEvent } from "../../../runtime/events.js";
import type { TrainOutcome } from "../../../runtime/outcome.js";
import type { JsonObject } from "../../../schema/json-pointer.js";
import { reportInvalidInput } from "../../errors.js";
import type { Output } from "../../output.js";
import { waitForSignal } from "../../signals.js";

export interface TrainingObserver {
  readonly show: (event: TrainEvent) => void;
  /** Ends the observation. On a terminal the dashboard stays open until Ctrl-C, for runs of a few seconds. */
  readonly close: (outcome: TrainOutcome) => Promise<void>;
}

interface ObserverFlags {
  /** The port of the dashboard; true: any free port. */
  readonly dashboard?: number | true;
  readonly tensorboard?: string;
  readonly mlflow?: string;
}

/** The run to observe: the name and the values of its spec, and its directory. */
export interface ObservedRun {
  readonly name: string;
  readonly spec: JsonObject;
  readonly out: string;
  /** Prints a line next to the progress of the training. */
  readonly log: (message: string) => void;
}

/** Opens the observers that the flags request; undefined after reporting a failure. */
export async function openObservers(
  output: Output,
  run: ObservedRun,
  flags: ObserverFlags,
): Promise<TrainingObserver | undefined> {
  const observers: TrainingObserver[] = [];
  if (flags.tensorboard !== undefined) observers.push(await tensorboardObserver(flags.tensorboard));
  if (flags.dashboard !== undefined) {
    const dashboard = await dashboardObserver(output, run.name, flags.dashboard === true ? 0 : flags.dashboard);
    if (dashboard === undefined) return undefined;
    observers.push(dashboard);
  }
  if (flags.mlflow !== undefined) {
    const mlflow = await mlflowObserver(output, run, flags.mlflow);
    if (mlflow === undefined) return undefined;
    // A dashboard that stays open does not delay it.
    observers.unshift(mlflow);
  }
  return {
    show(event) {
      for (const observer of observers) observer.show(event);
    },
    async close(outcome) {
      for (const observer of observers) await observer.close(outcome);
    },
  };
}

async function tensorboardObserver(folder: string): Promise<TrainingObserver> {
  const { openEventWriter } = await import("../../../views/tensorboard/event-writer.js");
  const files = openEventWriter(folder);
  return { show: files.write, close: async () => files.close() };
}

async function mlflowObserver(output: Output, run: ObservedRun, target: string): Promise<TrainingObserver | undefined> {
  const [{ openMlflowStore }, { MlflowError }, { recordRun, parametersOf }, { packageVersion }] = await Promise.all([
    import("../../../views/mlflow/open-store.js"),
    import("../../../views/mlflow/store.js"),
    import("../../../views/mlflow/recorder.js"),
    import("../../../schema/package-root.js"),
  ]);
  try {
    const store = await openMlflowStore(target, run.name);
    const tags = { "mlflow.source.name": "rnnx", "rnnx.version": packageVersion(), "rnnx.run": resolve(run.out) };
    const recorder = recordRun(store, { name: basename(run.out), tags }, parametersOf(run.spec), run.log);
    return {
      show: recorder.show,
      close: (outcome) => {
        const isDone = outcome.ok && !outcome.value.interrupted;
        return recorder.close(isDone ? "FINISHED" : outcome.ok ? "KILLED" : "FAILED", isDone ? run.out : null);
      },
    };
  } catch (error) {
    if (!(error instanceof MlflowError)) throw error;
    reportInvalidInput(output, "mlflow", error.message, error.hint);
    return undefined;
  }
}

async function dashboardObserver(output: Output, name: string, port: number): Promise<TrainingObserver | undefined> {
  const [{ startDashboardServer }, { createRecorder }] = await Promise.all([
    import("../../../views/dashboard/server.js"),
    import("../../../views/dashboard/dashboard-state.js"),
  ]);
  const recorder = createRecorder(name);
  let server: Awaited<ReturnType<typeof startDashboardServer>>;
  try {
    server = await startDashboardServer(recorder.state, port);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const reason = code === "EACCES" ? "is not permitted" : "is in use";
    reportInvalidInput(
      output,
      "port",
      `port ${port} ${reason}`,
      "Choose another port, or use --dashboard without a number.",
    );
    return undefined;
  }
  output.record({ event: "dashboard", url: server.url });
  output.note(`dashboard: ${output.colors.note.bold(server.url)}`);
  return {
    show: recorder.record,
    async close(outcome) {
      if (!outcome.ok)
        recorder.fail(outcome.error.kind === "failed" ? outcome.error.message : "The spec or its data is invalid.");
      const staysOpen = process.stderr.isTTY === true && !output.json && outcome.ok && !outcome.value.interrupted;
      if (staysOpen) {
        output.note(output.colors.note.dim(`The dashboard stays at ${server.url} until Ctrl-C.`));
        await waitForSignal();
      }
      await server.close();
    },
  };
}
