/** Who watches a training besides the terminal: the live page, and TensorBoard's event files. */
import type { TrainEvent } from "../../runtime/events.js";
import type { TrainOutcome } from "../../runtime/outcome.js";
import { refuse } from "../failures.js";
import type { Output } from "../output.js";

export interface Watchers {
  readonly show: (event: TrainEvent) => void;
  /** On a terminal the page stays until Ctrl-C, so that a training of seconds can be looked at too. */
  readonly close: (outcome: TrainOutcome) => Promise<void>;
}

interface Wanted {
  /** The page's port, or true: any. */
  readonly watch?: number | true;
  readonly tensorboard?: string;
}

/** Undefined when one cannot be opened and the user has been told. */
export async function openWatchers(output: Output, name: string, wanted: Wanted): Promise<Watchers | undefined> {
  const open: Watchers[] = [];
  if (wanted.tensorboard !== undefined) open.push(await eventFiles(wanted.tensorboard));
  if (wanted.watch !== undefined) {
    const page = await livePage(output, name, wanted.watch === true ? 0 : wanted.watch);
    if (page === undefined) return undefined;
    open.push(page);
  }
  return {
    show(event) {
      for (const watcher of open) watcher.show(event);
    },
    async close(outcome) {
      for (const watcher of open) await watcher.close(outcome);
    },
  };
}

async function eventFiles(folder: string): Promise<Watchers> {
  const { openEventFiles } = await import("../../views/tensorboard/writer.js");
  const files = openEventFiles(folder);
  return { show: files.write, close: async () => files.close() };
}

async function livePage(output: Output, name: string, port: number): Promise<Watchers | undefined> {
  const [{ openServer }, { openRecorder }] = await Promise.all([
    import("../../views/live/server.js"),
    import("../../views/live/state.js"),
  ]);
  const recorder = openRecorder(name);
  let server: Awaited<ReturnType<typeof openServer>>;
  try {
    server = await openServer(recorder.state, port);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const reason = code === "EACCES" ? "may not be used" : "is in use";
    refuse(output, "port", `port ${port} of this machine ${reason}`, "Name another, or leave it out: --watch.");
    return undefined;
  }
  output.record({ event: "watch", url: server.url });
  output.note(`watch it at ${output.colors.note.bold(server.url)}`);
  return {
    show: recorder.take,
    async close(outcome) {
      if (!outcome.ok) recorder.fail(outcome.kind === "failed" ? outcome.message : "The spec or its data is wrong.");
      const stays = process.stderr.isTTY === true && !output.json && outcome.ok && !outcome.done.interrupted;
      if (stays) {
        output.note(output.colors.note.dim(`The page stays at ${server.url} until Ctrl-C.`));
        await new Promise<void>((resolve) => {
          for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
        });
      }
      await server.close();
    },
  };
}
