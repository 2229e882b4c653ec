/**
 * Virtual time in words: points as in a log, spans as people say them.
 *
 * Apart, because rows, folds and the list of faults say the same time in the same way.
 */

/** `12.345 s`, past a minute `2:03.456`. */
export function pointWords(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(3)} s`;
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms % 60_000) / 1_000];
  const tail = seconds.toFixed(3).padStart(6, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** `340 ms`, `1.2 s`, `5 min 20 s`. */
export function timeWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
