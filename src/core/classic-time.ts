/**
 * Times as classic agents write them.
 *
 * It stands alone because events, messages and logs each write one, and a wrong zone would go unnoticed for long.
 */

/** The second that was written last: a date costs more than the record that it stands in. */
let written = { second: Number.NaN, text: '' };

/** ISO 8601 with whole seconds and a numeric offset: `2026-01-02T03:04:05+00:00`. */
export function isoSeconds(ms: number): string {
  const second = Math.floor(ms / 1_000);
  if (second !== written.second) written = { second, text: `${new Date(ms).toISOString().slice(0, 19)}+00:00` };
  return written.text;
}

/** `Y-m-d H:i:s` in UTC. */
export function logTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** Milliseconds since 1970 of a time with a zone (a log's counts as UTC), or undefined: Python writes none. */
export function parseTime(text: string): number | undefined {
  const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
  const ms = /(Z|[+-]\d\d:\d\d)$/.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
