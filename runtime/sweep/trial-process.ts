/** The process of one trial: trains what it is sent, says how it goes, stops when it is told to or when its parent is gone. */
import type { TrainEvent, TrainRequest } from "../events.js";
import type { TrainOutcome } from "../outcome.js";
import { train } from "../train.js";

export type TrialCommand = { readonly type: "train"; readonly request: TrainRequest } | { readonly type: "stop" };

export type TrialMessage =
  | { readonly type: "event"; readonly event: TrainEvent }
  | { readonly type: "outcome"; readonly outcome: TrainOutcome }
  /** A mistake of rnnx. */
  | { readonly type: "broken"; readonly message: string };

const controller = new AbortController();
const send = (message: TrialMessage) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, {}, () => resolve()));

// A terminal's Ctrl-C reaches every process of the sweep: the parent says what it means.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => controller.abort());
process.on("message", (message: TrialCommand) => {
  if (message.type === "stop") controller.abort();
  else void run(message.request);
});

async function run(request: TrainRequest): Promise<void> {
  const onEvent = (event: TrainEvent) => {
    // Steps are many, and they are in the run's own records.
    if (process.connected && event.event !== "step") void send({ type: "event", event });
  };
  try {
    const outcome = await train(request, { signal: controller.signal, onEvent });
    if (process.connected) await send({ type: "outcome", outcome });
  } catch (error) {
    if (process.connected)
      await send({ type: "broken", message: error instanceof Error ? error.message : String(error) });
  }
  if (process.connected) process.disconnect();
}
