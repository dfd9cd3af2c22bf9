/** The process of one trial: trains the requested spec, sends events, and stops on command or when its parent exits. */
import type { TrainEvent } from "../events.js";
import type { TrainOutcome } from "../outcome.js";
import { train } from "../train.js";
import type { TrainRequest } from "../training/request.js";

export type TrialCommand = { readonly type: "train"; readonly request: TrainRequest } | { readonly type: "stop" };

export type TrialMessage =
  | { readonly type: "event"; readonly event: TrainEvent }
  | { readonly type: "outcome"; readonly outcome: TrainOutcome }
  /** An exception, which is a bug. */
  | { readonly type: "crash"; readonly message: string };

const controller = new AbortController();
const send = (message: TrialMessage) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, {}, () => resolve()));

// Ctrl-C reaches every process of the sweep; the parent decides.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => controller.abort());
process.on("message", (message: TrialCommand) => {
  if (message.type === "stop") controller.abort();
  else void run(message.request);
});

async function run(request: TrainRequest): Promise<void> {
  const onEvent = (event: TrainEvent) => {
    // Step events are many, and the run records them.
    if (process.connected && event.event !== "step") void send({ type: "event", event });
  };
  try {
    const outcome = await train(request, { signal: controller.signal, onEvent });
    if (process.connected) await send({ type: "outcome", outcome });
  } catch (error) {
    if (process.connected)
      await send({ type: "crash", message: error instanceof Error ? error.message : String(error) });
  }
  if (process.connected) process.disconnect();
}
