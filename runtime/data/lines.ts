/** The lines of a text that comes in pieces, ended as any system ends them. */

/**
 * Lines without their ends. Of a line that is longer than `longest` characters there is only a beginning, which is longer than that too: a
 * file without an end of line takes no more memory.
 */
export async function* linesOf(pieces: AsyncIterable<string>, longest: number): AsyncGenerator<string> {
  let parts: string[] = [];
  let length = 0;
  const take = (part: string) => {
    if (length <= longest) parts.push(part);
    length += part.length;
  };
  const line = () => {
    const whole = parts.join("");
    [parts, length] = [[], 0];
    return whole;
  };
  /** Whether the piece before ended between the halves of "\r\n", or may have. */
  let halved = false;
  for await (const piece of pieces) {
    if (piece === "") continue;
    const [first = "", ...others] = (halved && piece.startsWith("\n") ? piece.slice(1) : piece).split(/\r\n|\n|\r/);
    halved = piece.endsWith("\r");
    take(first);
    for (const next of others) {
      yield line();
      take(next);
    }
  }
  if (length > 0) yield line();
}
