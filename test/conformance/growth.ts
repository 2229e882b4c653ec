/**
 * Numbers and ids of which a port promises that they grow: each new one of a name is greater than all before it, on either side.
 */
import { compareEntryIds } from '../../src/broker/entry-id.ts';
import type { Picked } from '../../src/broker/foreign.ts';
import type { SendReply } from '../../src/broker/mail.ts';
import { isAfter } from '../../src/broker/roster.ts';
import { isRecord } from './symbols.ts';
import type { Call } from './steps.ts';

export interface Grown {
  readonly scope: string;
  readonly value: string | number;
}

export class Growth {
  readonly #seen = new Map<string, Set<string | number>>();
  readonly #newest = new Map<string, string | number>();

  /** Undefined when it grows as promised; else in words. */
  note({ scope, value }: Grown): string | undefined {
    const seen = this.#seen.get(scope) ?? new Set();
    this.#seen.set(scope, seen);
    if (seen.has(value)) return undefined;
    seen.add(value);
    const newest = this.#newest.get(scope);
    this.#newest.set(scope, value);
    return newest === undefined || isGreater(value, newest) ? undefined : `${scope} went from ${newest} to ${value}`;
  }
}

/** A token that was granted once may be told again; another grant has another one. */
export function grownIn(
  { port, method, args }: Pick<Call, 'port' | 'method' | 'args'>,
  reply: unknown,
): readonly Grown[] {
  const [first] = args;
  switch (`${port}.${method}`) {
    case 'locks.acquire':
      return isRecord(reply) && reply['kind'] === 'granted' && isRecord(first)
        ? [{ scope: `token of ${String(first['name'])}`, value: reply['token'] as number }]
        : [];
    case 'presence.activate':
      return (reply as readonly { readonly kind: string; readonly epoch: number }[]).flatMap(
        ({ kind, epoch }, index) =>
          kind === 'granted' ? [{ scope: `epoch of ${(args[1] as readonly string[])[index]}`, value: epoch }] : [],
      );
    case 'mail.send':
      return (reply as readonly SendReply[]).flatMap((one, index) => {
        const { to = '' } = (first as { readonly ops: readonly { readonly to: string }[] }).ops[index] ?? {};
        return one.kind === 'stored' ? [{ scope: `entry of ${to}`, value: one.entry }] : [];
      });
    case 'events.append':
      return (reply as readonly string[]).map((value) => ({ scope: 'event', value }));
    case 'foreign.take':
      return (reply as Picked).ids.flatMap((value) =>
        value === undefined || value === 'quarantined' ? [] : [{ scope: 'id of a taken task', value }],
      );
    case 'control.enrol':
      return isRecord(reply) && reply['kind'] === 'enrolled'
        ? [{ scope: 'version of the roster', value: String(reply['version']) }]
        : [];
    default:
      return [];
  }
}

function isGreater(value: string | number, than: string | number): boolean {
  if (typeof value === 'number' || typeof than === 'number') return value > than;
  return value.includes('.') ? isAfter(value, than) : compareEntryIds(value, than) > 0;
}
