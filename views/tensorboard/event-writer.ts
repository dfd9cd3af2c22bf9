/** TensorBoard event files of a training run: one folder per split, which TensorBoard overlays as runs. */
import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Metrics, TrainEvent } from "../../runtime/events.js";
import { type Summary, startEvent, summaryEvent, versionEvent } from "./event-proto.js";
import { encodeRecord } from "./tfrecord.js";

export interface EventWriter {
  /** Writes an event of the training run; events without a TensorBoard equivalent are ignored. */
  write(event: TrainEvent): void;
  /** Writes all buffered events. */
  close(): void;
}

/** Size of the write buffer of a file, in bytes. */
const flushBytes = 64 * 1024;

/** Creates the folder, so that a folder that is not writable fails before training starts. */
export function openEventWriter(folder: string): EventWriter {
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
        case "evaluation":
          for (const [split, metrics] of Object.entries(event.metrics))
            summarize(split, event.step, scalars("evaluation/", metrics));
          for (const file of files.values()) flush(file);
          break;
        case "sample":
          // TensorBoard renders text as Markdown, which joins lines outside of code.
          summarize("train", event.step, [{ kind: "text", tag: "sample", text: indentedCode(event.text) }]);
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

/** An indented code block of Markdown. */
function indentedCode(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
