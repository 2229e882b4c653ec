/**
 * What the scenarios say of what they find: plain sentences, no library, so that a failure reads like an invariant.
 */

/** @throws with the words of `what` unless it holds. */
export function demand(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

/** What may fail is not accepted, and then nobody counts on it. */
export const tolerated = (error: unknown): undefined => void error;

/** The value, or the error that came instead. */
export async function outcomeOf(
  promise: Promise<unknown>,
): Promise<{ readonly value: unknown } | { readonly error: unknown }> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** What an error says of why the task ended. */
export function reasonOf(error: unknown): unknown {
  const details: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'details') : undefined;
  return typeof details === 'object' && details !== null ? Reflect.get(details, 'reason') : undefined;
}
