/**
 * Deep, frozen copies of plain data.
 *
 * Everything that enters or leaves the memory broker is copied here, so that processes share no more than they would over
 * a wire: who changes an object that was handed over gets an error instead of a changed fleet.
 */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  return (Array.isArray(value) ? Object.freeze(value.map(copy)) : copyFields(value as Fields)) as T;
}

type Fields = Readonly<Record<string, unknown>>;

/** A loop, because every call of a port comes by here three times. */
function copyFields(value: Fields): Fields {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const field = value[name];
    if (field === undefined) continue;
    const copied = typeof field === 'object' ? copy(field) : field;
    if (name === '__proto__') Object.defineProperty(fields, name, { value: copied, enumerable: true });
    else fields[name] = copied;
  }
  return Object.freeze(fields);
}
