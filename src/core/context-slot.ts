/**
 * Values that travel with asynchronous code: whoever runs later in the course of `run` finds the value again.
 *
 * Any number of slots stand on one `AsyncLocalStorage`: each storage that was ever used is copied from promise to promise for as long as the
 * process lives, so that one for each node would make every promise dearer with every node that comes and goes.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** A slot and what it is to hold. */
export interface Held {
  readonly slot: ContextSlot<unknown>;
  readonly value: unknown;
}

/** The innermost value first; no slot is there twice. */
interface Link extends Held {
  readonly outer: Link | undefined;
}

const links = new AsyncLocalStorage<Link>();

export class ContextSlot<T> {
  /** Runs `body` with `value` in this slot, and with what is `also` held by another one: that is cheaper than to run one in the other. */
  run<R>(value: T, body: () => R, also?: Held): R {
    const around = links.getStore();
    const outer = also === undefined ? around : { ...also, outer: without(also.slot, around) };
    return links.run({ slot: this, value, outer: without(this, outer) }, body);
  }

  holding(value: T): Held {
    return { slot: this, value };
  }

  /** The value of the innermost `run` in whose course this is called. */
  get(): T | undefined {
    for (let link = links.getStore(); link !== undefined; link = link.outer)
      if (link.slot === this) return link.value as T;
    return undefined;
  }
}

function without(slot: ContextSlot<unknown>, link: Link | undefined): Link | undefined {
  if (link === undefined) return undefined;
  if (link.slot === slot) return link.outer;
  const outer = without(slot, link.outer);
  return outer === link.outer ? link : { ...link, outer };
}
