/** Event files of a training, one folder for each part of the data, which TensorBoard shows as curves over one another. */
import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Metrics, TrainEvent } from "../../runtime/events.js";
import { type Summary, startEvent, summaryEvent, versionEvent } from "./event.js";
import { record } from "./record.js";

export interface EventFiles {
  /** Takes the events of a training as they come; those that TensorBoard has no place for pass by. */
  write(event: TrainEvent): void;
  /** Returns when all events are in the files. */
  close(): void;
}

/** Bytes that are kept back before they are written. */
const enough = 64 * 1024;

/** Makes the folder, so that what cannot be written fails before the training starts. */
export function openEventFiles(folder: string): EventFiles {
  mkdirSync(folder, { recursive: true });
  const seconds = () => Date.now() / 1000;
  const opened = Math.floor(seconds());
  const files = new Map<string, { readonly path: string; parts: Uint8Array[]; bytes: number }>();
  let first = 0;

  const flush = (file: { readonly path: string; parts: Uint8Array[]; bytes: number }) => {
    if (file.bytes > 0) appendFileSync(file.path, Buffer.concat(file.parts));
    file.parts = [];
    file.bytes = 0;
  };
  const append = (part: string, bytes: Uint8Array) => {
    const file = files.get(part) ?? open(part);
    const framed = record(bytes);
    file.parts.push(framed);
    file.bytes += framed.length;
    if (file.bytes >= enough) flush(file);
  };
  const open = (part: string) => {
    const inside = join(folder, part);
    mkdirSync(inside, { recursive: true });
    const path = join(inside, `events.out.tfevents.${opened}.${hostname()}.${process.pid}.0`);
    const file = { path, parts: [] as Uint8Array[], bytes: 0 };
    files.set(part, file);
    append(part, versionEvent(seconds()));
    append(part, startEvent(seconds(), first));
    return file;
  };
  const summarize = (part: string, step: number, summaries: readonly Summary[]) => {
    if (summaries.length > 0) append(part, summaryEvent(seconds(), step, summaries));
  };

  return {
    write(event) {
      switch (event.event) {
        case "start":
          first = event.step + 1;
          break;
        case "step": {
          const { step, loss, gradient_norm, learning_rate, loss_scale } = event;
          summarize(
            "train",
            step,
            scalars("step/", {
              loss,
              gradient_norm,
              learning_rate,
              ...(loss_scale !== undefined && { loss_scale }),
            }),
          );
          break;
        }
        case "epoch":
          for (const [part, metrics] of Object.entries(event.metrics))
            summarize(part, event.step, scalars("evaluation/", metrics));
          for (const file of files.values()) flush(file);
          break;
        case "sample":
          // Markdown, which TensorBoard shows texts as, would eat line ends.
          summarize("train", event.step, [{ kind: "text", tag: "sample", text: indented(event.text) }]);
          break;
        default:
      }
    },
    close() {
      for (const file of files.values()) flush(file);
    },
  };
}

function scalars(prefix: string, values: Metrics): readonly Summary[] {
  return Object.entries(values).map(([name, value]) => ({ kind: "scalar", tag: `${prefix}${name}`, value }));
}

/** As Markdown's code. */
function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
