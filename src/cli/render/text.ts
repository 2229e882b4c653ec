/**
 * Text as it may stand on a terminal: without control characters, cut to fit, with units that people read.
 *
 * Statuses, logs, events and results crossed processes and quote strangers' files; printed raw, an escape sequence among
 * them would drive the reader's terminal.
 */

/** One printable line: line ends become spaces, every other control character becomes visible. */
export function plain(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(controlCharacters, visible);
}

/** The same for texts of several lines. */
export function plainLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(controlCharacters, (char) => (char === '\n' ? char : visible(char)));
}

/** C0, DEL and C1 controls, and the characters that reorder a line (bidirectional overrides and isolates). */
const controlCharacters = /[\p{Cc}\p{Bidi_Control}]/gu;

function visible(char: string): string {
  if (char === '\t') return '  ';
  const code = char.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u{fffd}';
}

/** `text` within `width` columns. */
export function cut(text: string, width: number): string {
  const letters = Array.from(text);
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** The words of `text` on lines of at most `width` columns; a longer word is broken. */
export function wrap(text: string, width: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ').flatMap((whole) => whole.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [''])) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Any value as one line of JSON. */
export function inline(value: unknown): string {
  return plain(JSON.stringify(value) ?? 'null');
}

/** Any value as JSON on several lines, for programs and people alike: JSON escapes what would disturb a terminal. */
export function pretty(value: unknown): string {
  const json = JSON.stringify(value, null, 2) ?? 'null';
  return json.replace(controlCharacters, (char) => (char === '\n' ? char : escaped(char)));
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** One JSON record on one line, safe for a terminal and for programs that read JSON lines. */
export function record(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(controlCharacters, escaped);
}

/** `850 ms`, `12.3 s`, `4 min 05 s`, `3 h 12 min`, `5 d 2 h`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${two(Math.floor(ms / 1_000) % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Local wall time, `14:03:07`. */
export function timeOfDay(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
}

/** Local date and time, `2026-03-01 14:03:07`. */
export function dateAndTime(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${timeOfDay(ms)}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
