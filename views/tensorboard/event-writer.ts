/** Event files of a training, one folder for each part of the data, which TensorBoard shows as curves over one another. */
import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Metrics, TrainEvent } from "../../runtime/events.js";
import { type Summary, startEvent, summaryEvent, versionEvent } from "./event-proto.js";
import { encodeRecord } from "./tfrecord.js";

export interface EventWriter {
  /** Takes the events of a training as they come; those that TensorBoard has no place for pass by. */
  write(event: TrainEvent): void;
  /** Returns when all events are in the files. */
  close(): void;
}

/** Bytes that are kept back before they are written. */
const flushBytes = 64 * 1024;

/** Makes the folder, so that what cannot be written fails before the training starts. */
export function openEventFiles(folder: string): EventWriter {
  mkdirSync(folder, { recursive: true });
  const seconds = () => Date.now() / 1000;
  const startedAt = Math.floor(seconds());
  const files = new Map<string, { readonly path: string; chunks: Uint8Array[]; bytes: number }>();
  let firstStep = 0;

  const flush = (file: { readonly path: string; chunks: Uint8Array[]; bytes: number }) => {
    if (file.bytes > 0) appendFileSync(file.path, Buffer.concat(file.chunks));
    file.chunks = [];
    file.bytes = 0;
  };
  const append = (split: string, bytes: Uint8Array) => {
    const file = files.get(split) ?? open(split);
    const framed = encodeRecord(bytes);
    file.chunks.push(framed);
    file.bytes += framed.length;
    if (file.bytes >= flushBytes) flush(file);
  };
  const open = (split: string) => {
    const splitFolder = join(folder, split);
    mkdirSync(splitFolder, { recursive: true });
    const path = join(splitFolder, `events.out.tfevents.${startedAt}.${hostname()}.${process.pid}.0`);
    const file = { path, chunks: [] as Uint8Array[], bytes: 0 };
    files.set(split, file);
    append(split, versionEvent(seconds()));
    append(split, startEvent(seconds(), firstStep));
    return file;
  };
  const summarize = (split: string, step: number, summaries: readonly Summary[]) => {
    if (summaries.length > 0) append(split, summaryEvent(seconds(), step, summaries));
  };

  return {
    write(event) {
      switch (event.event) {
        case "start":
          firstStep = event.step + 1;
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
          for (const [split, metrics] of Object.entries(event.metrics))
            summarize(split, event.step, scalars("evaluation/", metrics));
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
