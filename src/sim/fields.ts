/**
 * Fields of values whose types are not known here: what ports were asked and answered, as the journal keeps them.
 *
 * Apart, because everybody who reads a journal looks at them in the same two ways.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}

/** A text or a number as text; anything else is no word. */
export function wordOf(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}
