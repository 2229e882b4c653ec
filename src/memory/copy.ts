/**
 * Deep, frozen copies of plain data.
 *
 * Everything that enters or leaves the memory broker is copied here, so that processes share no more than they would over
 * a wire: who changes an object that was handed over gets an error instead of a changed fleet.
 */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(copy)) as T;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.freeze(Object.fromEntries(fields.map(([name, field]) => [name, copy(field)]))) as T;
}
