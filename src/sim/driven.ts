/**
 * Objects of the simulated world in the hands of a test: whoever waits for one of their promises lets virtual time go on.
 *
 * Apart from the simulation, because it knows nothing of fleets: it wraps whatever it is given, however deep.
 */
export type Drive = <T>(promise: Promise<T>, what: string) => Promise<T>;

type Method = (...args: readonly unknown[]) => unknown;

/** `target` with every promise, and every loop over parts or progress, driven. */
export function driven<T>(target: T, drive: Drive, what = 'it'): T {
  if (Array.isArray(target)) return target.map((one: unknown) => driven(one, drive, what)) as T; // the handles of enqueueMany
  if (typeof target !== 'object' || target === null || isPlain(target)) return target;
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value === 'function') return method(object, value as Method, `${what}.${String(name)}`, drive);
      return driven(value, drive, `${what}.${String(name)}`);
    },
  });
}

function method(object: object, run: Method, what: string, drive: Drive): Method {
  return (...args) => {
    const result = run.apply(object, args as unknown[]);
    if (result instanceof Promise)
      return withResult(drive(result, what).then((value: unknown) => driven(value, drive, what)));
    return driven(result, drive, what);
  };
}

/** `enqueue(...).result()` in one breath, as tests write it. */
function withResult(handle: Promise<unknown>): Promise<unknown> {
  const result = async (...args: readonly unknown[]): Promise<unknown> =>
    await ((await handle) as { result: Method }).result(...args);
  return Object.assign(handle, { result });
}

/** Data is handed out as it is. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) &&
    !Object.values(value).some((field) => typeof field === 'function') &&
    !(Symbol.asyncIterator in value)
  );
}
