/**
 * What `await` waits for: a promise of any library, which need not be one of this realm. Whoever waits only where there is something to wait
 * for has to ask this, and not whether it is a `Promise`.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && typeof (value as { readonly then?: unknown }).then === 'function';
}
