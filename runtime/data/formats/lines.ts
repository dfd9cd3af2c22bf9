/** The lines of a text that comes in pieces, ended as any system ends them. */

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
