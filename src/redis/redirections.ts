/**
 * What a node of a Redis Cluster answers when a key is elsewhere. Nothing was carried out then, so the call may go to another node.
 *
 * It stands alone because commands and blocking reads follow it each in its own way.
 */
import type { Address } from './cluster-slots.ts';

export type Redirection =
  /** The slot belongs to another master for good. */
  | { readonly kind: 'moved' }
  /** The slot is on its way, and this key is there already. */
  | { readonly kind: 'ask'; readonly to: Address }
  /** The slot is on its way, and the keys of the call are apart. */
  | { readonly kind: 'later' };

/** Of an error of a link; undefined when it is another one. */
export function redirectionOf(error: unknown): Redirection | undefined {
  const message = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
  const [word, , to = ''] = message.split(' ');
  if (word === 'MOVED') return { kind: 'moved' };
  if (word === 'ASK') return { kind: 'ask', to };
  return word === 'TRYAGAIN' ? { kind: 'later' } : undefined;
}
