/** Text files as they are read, piece by piece: UTF-8, or a problem. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { RunProblem } from "../../problem.js";
import { unreadableFile } from "../../storage/system-errors.js";

/** A file that a member of the spec names. */
export interface NamedFile {
  readonly file: string;
  /** The spec's folder. */
  readonly folder: string;
  /** The JSON pointer of the member. */
  readonly path: string;
}

/** Thrown through the streams between a file and its reader, and caught by `readingProblem`. */
class NotUtf8Error extends Error {}

/** Thrown where a text is read as words. */
export class WordTooLongError extends Error {}

/** In characters; no spec is longer. */
export const MAX_WORD_LENGTH = 2 ** 24;

/** The text of a file without its byte-order mark. Errors are for `readingProblem`. */
export async function* readTextChunks({ file, folder }: NamedFile): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Buffer) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new NotUtf8Error();
    }
  };
  for await (const chunk of createReadStream(resolve(folder, file))) yield decode(chunk);
  yield decode();
}

/** The bytes of a file. Errors are for `readingProblem`. */
export async function* readByteChunks({ file, folder }: NamedFile): AsyncGenerator<Uint8Array> {
  for await (const piece of createReadStream(resolve(folder, file))) yield piece;
}

/** What stopped the reading of a file; anything that is not the file's fault is thrown on. */
export function readingProblem({ file, path }: NamedFile, error: unknown, hint = "Save it as UTF-8."): RunProblem {
  if (error instanceof WordTooLongError) return longWordProblem(path, file);
  return error instanceof NotUtf8Error ? notUtf8Problem(path, file, hint) : unreadableFile(path, file, error);
}

function longWordProblem(path: string, file: string): RunProblem {
  const message = `"${file}" has a word of more than ${MAX_WORD_LENGTH} characters.`;
  return { code: "text-word", path, file, message, hint: 'Is it text? "unit": "char" reads what has no spaces.' };
}

export function notUtf8Problem(path: string, file: string, hint: string): RunProblem {
  return { code: "text-encoding", path, file, message: `"${file}" is not UTF-8.`, hint };
}

/**
 * Lines without their ends. Of a line that is longer than `longest` characters there is only a beginning, which is longer than that too: a
 * file without an end of line takes no more memory.
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
  /** Whether the piece before ended between the halves of "\r\n", or may have. */
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
