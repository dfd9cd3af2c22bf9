/** Text files read in chunks: a strict UTF-8 decoder, a line splitter, and the problems of reading. */

import { resolve } from "node:path";
import { formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { unreadableFile } from "../../storage/system-errors.js";
import { GunzipError, readFileChunks } from "./file-chunks.js";

/** A file that a key of the spec names. */
export interface NamedFile {
  readonly file: string;
  /** The spec's folder. */
  readonly folder: string;
  /** The JSON pointer of the key. */
  readonly path: string;
}

/** Thrown through the streams between a file and its reader; `readingProblem` handles it. */
class NotUtf8Error extends Error {
  constructor(readonly line: number) {
    super();
  }
}

/** Thrown by a reader of words; `readingProblem` handles it. */
export class WordTooLongError extends Error {}

/** In characters. */
export const MAX_WORD_LENGTH = 2 ** 24;

/** The text of a file without its byte-order mark. Pass errors to `readingProblem`. */
export async function* readTextChunks({ file, folder }: NamedFile): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Buffer) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      return undefined;
    }
  };
  const path = resolve(folder, file);
  for await (const chunk of readFileChunks(path)) {
    const text = decode(chunk);
    if (text === undefined) throw new NotUtf8Error(await lineOfBadByte(readFileChunks(path)));
    yield text;
  }
  const rest = decode();
  if (rest === undefined) throw new NotUtf8Error(await lineOfBadByte(readFileChunks(path)));
  yield rest;
}

/** The line, from 1, of the first byte that is not UTF-8. */
async function lineOfBadByte(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const [lf, cr] = [10, 13];
  let [line, previous] = [1, 0];
  try {
    for await (const chunk of chunks) {
      let start = 0;
      for (const [index, byte] of chunk.entries()) {
        if (byte === lf || byte === cr) {
          // No longer character contains these bytes, so each line is decoded for itself.
          decoder.decode(chunk.subarray(start, index + 1), { stream: true });
          start = index + 1;
          if (byte === cr || previous !== cr) line += 1;
        }
        previous = byte;
      }
      decoder.decode(chunk.subarray(start), { stream: true });
    }
  } catch {}
  return line;
}

/** The bytes of a file. Pass errors to `readingProblem`. */
export async function* readByteChunks({ file, folder }: NamedFile): AsyncGenerator<Uint8Array> {
  for await (const chunk of readFileChunks(resolve(folder, file))) yield chunk;
}

/** The problem for an error of reading a file. Errors that the file did not cause are thrown again. */
export function readingProblem({ file, path }: NamedFile, error: unknown, hint = "Save it as UTF-8."): RunProblem {
  if (error instanceof WordTooLongError) return longWordProblem(path, file);
  if (error instanceof GunzipError) {
    const message = `"${file}" cannot be read: ${error.reason}.`;
    return { code: "file-format", path, file, message, hint: error.hint };
  }
  return error instanceof NotUtf8Error
    ? notUtf8Problem(path, file, error.line, hint)
    : unreadableFile(path, file, error);
}

function longWordProblem(path: string, file: string): RunProblem {
  const message = `"${file}" has a word of more than ${formatInteger(MAX_WORD_LENGTH)} characters.`;
  return { code: "text-word", path, file, message, hint: 'Set "unit": "char" to read text without spaces.' };
}

function notUtf8Problem(path: string, file: string, line: number, hint: string): RunProblem {
  return { code: "text-encoding", path, file, line, message: `${file}:${line}: The line is not UTF-8.`, hint };
}

/** The problem of a file that is read at once, for bytes that are not UTF-8. */
export async function encodingProblem(path: string, file: string, bytes: Uint8Array): Promise<RunProblem> {
  return notUtf8Problem(path, file, await lineOfBadByte([bytes]), "Save it as UTF-8.");
}

/**
 * Lines without their line ends (LF, CR or CRLF). A line of more than `maxLength` characters is cut at the end of the
 * chunk that exceeds the limit, which bounds the memory; its length is still above `maxLength`.
 */
export async function* splitLines(chunks: AsyncIterable<string>, maxLength: number): AsyncGenerator<string> {
  let segments: string[] = [];
  let length = 0;
  const append = (segment: string) => {
    if (length <= maxLength) segments.push(segment);
    length += segment.length;
  };
  const finishLine = () => {
    const text = segments.join("");
    [segments, length] = [[], 0];
    return text;
  };
  /** True when the previous chunk may have ended between CR and LF. */
  let endsWithCr = false;
  for await (const chunk of chunks) {
    if (chunk === "") continue;
    const [first = "", ...others] = (endsWithCr && chunk.startsWith("\n") ? chunk.slice(1) : chunk).split(/\r\n|\n|\r/);
    endsWithCr = chunk.endsWith("\r");
    append(first);
    for (const next of others) {
      yield finishLine();
      append(next);
    }
  }
  if (length > 0) yield finishLine();
}

/** The text with every line end (LF, CR or CRLF) as LF. */
export async function* normalizeLineEnds(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  /** True when the previous chunk may have ended between CR and LF. */
  let endsWithCr = false;
  for await (const chunk of chunks) {
    if (chunk === "") continue;
    const text = endsWithCr && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    endsWithCr = chunk.endsWith("\r");
    yield text.replace(/\r\n?/g, "\n");
  }
}
