/** A protobuf message with other contents of some of its fields. */
import protobuf from "protobufjs/minimal.js";
import { bytesTag, fields } from "../protobuf.js";

/** The fields of a message as they are in the file, some of them with another content; null drops a field. */
export function rewritten(
  message: Uint8Array,
  change: (field: number, content: Uint8Array) => Uint8Array | null | undefined,
): Uint8Array {
  const writer = protobuf.Writer.create();
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const { field, bytes, start, lengthOffset } of fields(message)) {
    const end = fieldEnd(message, { bytes, start, lengthOffset });
    const content = change(field, bytes);
    if (content === undefined) chunks.push(message.subarray(from, end));
    else if (content !== null) chunks.push(writer.reset().uint32(bytesTag(field)).bytes(content).finish());
    from = end;
  }
  return Buffer.concat(chunks);
}

/** The offset after a field: a varint has no bytes, and is as long as its continuation bits. */
function fieldEnd(
  message: Uint8Array,
  { bytes, start, lengthOffset }: { readonly bytes: Uint8Array; readonly start: number; readonly lengthOffset: number },
): number {
  if (bytes.length > 0 || start > lengthOffset) return start + bytes.length;
  let end = lengthOffset;
  while (((message[end] ?? 0) & 0x80) !== 0) end++;
  return end + 1;
}
