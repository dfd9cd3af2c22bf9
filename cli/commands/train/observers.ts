/** Who watches a training besides the terminal: the live page, and TensorBoard's event files. */
import type { TrainEvent } from "../../../runtime/events.js";
import type { TrainOutcome } from "../../../runtime/outcome.js";
import { reportInvalidInput } from "../../errors.js";
import type { Output } from "../../output.js";

export interface TrainingObserver {
  readonly show: (event: TrainEvent) => void;
  /** On a terminal the page stays until Ctrl-C, so that a training of seconds can be looked at too. */
  readonly close: (outcome: TrainOutcome) => Promise<void>;
}

interface ObserverFlags {
  /** The page's port, or true: any. */
  readonly dashboard?: number | true;
  readonly tensorboard?: string;
}

/** Undefined when one cannot be opened and the user has been told. */
export async function openObservers(
  output: Output,
  name: string,
  flags: ObserverFlags,
): Promise<TrainingObserver | undefined> {
  const observers: TrainingObserver[] = [];
  if (flags.tensorboard !== undefined) observers.push(await tensorboardObserver(flags.tensorboard));
  if (flags.dashboard !== undefined) {
    const page = await dashboardObserver(output, name, flags.dashboard === true ? 0 : flags.dashboard);
    if (page === undefined) return undefined;
    observers.push(page);
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
  const { openEventFiles: openEventWriter } = await import("../../../views/tensorboard/event-writer.js");
  const files = openEventWriter(folder);
  return { show: files.write, close: async () => files.close() };
}

async function dashboardObserver(output: Output, name: string, port: number): Promise<TrainingObserver | undefined> {
  const [{ openServer: startDashboardServer }, { openRecorder: createRecorder }] = await Promise.all([
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
    const reason = code === "EACCES" ? "may not be used" : "is in use";
    reportInvalidInput(
      output,
      "port",
      `port ${port} of this machine ${reason}`,
      "Name another, or leave it out: --dashboard.",
    );
    return undefined;
  }
  output.record({ event: "dashboard", url: server.url });
  output.note(`watch it at ${output.colors.note.bold(server.url)}`);
  return {
    show: recorder.record,
    async close(outcome) {
      if (!outcome.ok) recorder.fail(outcome.kind === "failed" ? outcome.message : "The spec or its data is wrong.");
      const staysOpen = process.stderr.isTTY === true && !output.json && outcome.ok && !outcome.done.interrupted;
      if (staysOpen) {
        output.note(output.colors.note.dim(`The page stays at ${server.url} until Ctrl-C.`));
        await new Promise<void>((resolve) => {
          for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
        });
      }
      await server.close();
    },
  };
}
