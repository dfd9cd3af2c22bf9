/** TensorBoard's `Event` protobuf message: scalars, text, file version and session start. */
import protobuf from "protobufjs/minimal.js";

/** Field numbers of tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto. */
const fields = {
  event: { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 },
  sessionLog: { status: 1 },
  summary: { value: 1 },
  value: { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 },
  metadata: { pluginData: 1 },
  pluginData: { name: 1 },
  tensor: { dtype: 1, shape: 2, strings: 8 },
  shape: { dim: 2 },
  dim: { size: 1 },
} as const;

const [varint, double, bytes, float] = [0, 1, 2, 5];
const sessionStart = 1;
const stringType = 7;

export type Summary =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "text"; readonly tag: string; readonly text: string };

type Writer = protobuf.Writer;

function writeTag(writer: Writer, field: number, wire: number): Writer {
  return writer.uint32((field << 3) | wire);
}

function writeMessage(writer: Writer, field: number, write: (inner: Writer) => void): void {
  writeTag(writer, field, bytes).fork();
  write(writer);
  writer.ldelim();
}

function eventBytes(seconds: number, step: number, write: (writer: Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create();
  writeTag(writer, fields.event.wallTime, double).double(seconds);
  if (step !== 0) writeTag(writer, fields.event.step, varint).int64(step);
  write(writer);
  return writer.finish();
}

/** The first event of a file. */
export function versionEvent(seconds: number): Uint8Array {
  return eventBytes(seconds, 0, (writer) => {
    writeTag(writer, fields.event.fileVersion, bytes).string("brain.Event:2");
  });
}

/** Session start at `step`: TensorBoard discards earlier events of this step and of later ones. */
export function startEvent(seconds: number, step: number): Uint8Array {
  return eventBytes(seconds, step, (writer) => {
    writeMessage(writer, fields.event.sessionLog, (log) =>
      writeTag(log, fields.sessionLog.status, varint).int32(sessionStart),
    );
  });
}

export function summaryEvent(seconds: number, step: number, summaries: readonly Summary[]): Uint8Array {
  return eventBytes(seconds, step, (writer) => {
    writeMessage(writer, fields.event.summary, (container) => {
      for (const summary of summaries)
        writeMessage(container, fields.summary.value, (value) => writeValue(value, summary));
    });
  });
}

function writeValue(value: Writer, summary: Summary): void {
  writeTag(value, fields.value.tag, bytes).string(summary.tag);
  if (summary.kind === "scalar") {
    writeTag(value, fields.value.simpleValue, float).float(summary.value);
    return;
  }
  writeMessage(value, fields.value.tensor, (tensor) => {
    writeTag(tensor, fields.tensor.dtype, varint).int32(stringType);
    writeMessage(tensor, fields.tensor.shape, (shape) => {
      writeMessage(shape, fields.shape.dim, (dim) => writeTag(dim, fields.dim.size, varint).int64(1));
    });
    writeTag(tensor, fields.tensor.strings, bytes).string(summary.text);
  });
  writeMessage(value, fields.value.metadata, (metadata) => {
    writeMessage(metadata, fields.metadata.pluginData, (plugin) =>
      writeTag(plugin, fields.pluginData.name, bytes).string("text"),
    );
  });
}
