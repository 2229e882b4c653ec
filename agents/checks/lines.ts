/**
 * Splits a text into lines that are safe to search.
 *
 * A minified file is one line of two million characters, and a pattern that looks ahead on it can take minutes. The
 * text of a line therefore ends after 4,096 characters; its true length is kept beside it.
 */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without the line end, at most 4,096 characters. */
  readonly text: string;
  readonly length: number;
}

const LINE_LIMIT = 4096;

export function* linesOf(text: string): Generator<Line> {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let number = 1; start < text.length; number += 1) {
    const newline = text.indexOf('\n', start);
    const next = newline < 0 ? text.length : newline;
    const end = next > start && text[next - 1] === '\r' ? next - 1 : next;
    yield { number, text: text.slice(start, Math.min(end, start + LINE_LIMIT)), length: end - start };
    start = next + 1;
  }
}
