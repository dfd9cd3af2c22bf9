/** Output of commands: results on stdout, as text or as one JSON object per line, and everything else on stderr. */
import colors from "picocolors";
import type { Colors } from "picocolors/types.js";
import { orderedJson } from "../runtime/ordered-json.js";
import { columnsOf, wrapText } from "./wrap-text.js";

export type { Colors };

export interface Output {
  readonly json: boolean;
  /** Writes a JSON line to stdout, with `--json` only. */
  record(value: object): void;
  /** Writes a line of text to stdout, except with `--json`. A terminal gets it wrapped at spaces. */
  print(text: string): void;
  /** Writes text to stdout as it is, except with `--json`. */
  write(text: string): void;
  /** Writes a line to stderr. A terminal gets it wrapped at spaces. */
  note(text: string): void;
  /** Aborted when the reader closes stdout or stderr (`| head`), which is not a failure. */
  readonly closed: AbortSignal;
  /** Colors of stdout and of stderr; none without a terminal, or with NO_COLOR. */
  readonly colors: { readonly print: Colors; readonly note: Colors };
}

export function openOutput(json: boolean): Output {
  const closed = new AbortController();
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    if (!closed.signal.aborted) stream.write(text);
  };
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      closed.abort();
    });
  }
  return {
    json,
    record: (value) => {
      if (json) write(process.stdout, `${orderedJson(value)}\n`);
    },
    print: (text) => {
      if (!json) write(process.stdout, `${wrapText(text, columnsOf(process.stdout))}\n`);
    },
    write: (text) => {
      if (!json) write(process.stdout, text);
    },
    note: (text) => write(process.stderr, `${wrapText(text, columnsOf(process.stderr))}\n`),
    closed: closed.signal,
    colors: { print: colorsFor(process.stdout), note: colorsFor(process.stderr) },
  };
}

function colorsFor(stream: { readonly isTTY?: boolean }): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  const supported = stream.isTTY === true && TERM !== "dumb";
  return colors.createColors((NO_COLOR === undefined || NO_COLOR === "") && (forced || supported));
}
