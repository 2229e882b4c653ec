/**
 * Who listens: the channels of the memory fleet, for notices and for the live copy of events.
 *
 * Every listener hears through the link of its own process, so that a cut loses exactly what that process would have lost.
 */
import type { EventListener, EventRecord } from '../broker/events.ts';
import { everyone, type Notice, type NoticeListener, type Subscription } from '../broker/notices.ts';
import { copy } from './copy.ts';
import type { Link } from './link.ts';

interface Ear<Listener> {
  readonly link: Link;
  readonly listener: Listener;
  open: boolean;
}

export class Exchange {
  /** Listeners by address. */
  readonly notices = new Map<string, Set<Ear<NoticeListener>>>();
  readonly events = new Set<Ear<EventListener>>();

  listenNotices(link: Link, address: string, listener: NoticeListener): Subscription {
    const ears = this.notices.get(address) ?? new Set();
    this.notices.set(address, ears);
    return listenOn(ears, link, listener, () => {
      if (ears.size === 0 && this.notices.get(address) === ears) this.notices.delete(address);
    });
  }

  listenEvents(link: Link, listener: EventListener): Subscription {
    return listenOn(this.events, link, listener, () => {});
  }

  postNotice(address: string, notice: Notice): void {
    const reached = address === everyone ? [...this.notices.values()] : [this.notices.get(address) ?? []];
    for (const ears of reached) for (const ear of ears) hear(ear, (listener) => listener.onNotice(copy(notice)));
  }

  postEvent(event: EventRecord): void {
    for (const ear of this.events) hear(ear, (listener) => listener.onEvent(copy(event)));
  }
}

function hear<Listener>(ear: Ear<Listener>, tell: (listener: Listener) => void): void {
  ear.link.deliver(() => {
    if (ear.open) tell(ear.listener);
  });
}

function listenOn<Listener extends { onReset(): void }>(
  ears: Set<Ear<Listener>>,
  link: Link,
  listener: Listener,
  onClose: () => void,
): Subscription {
  const ear = { link, listener, open: true };
  const close = (): void => {
    ear.open = false;
    ears.delete(ear);
    forgetReset();
    forgetLoss();
    onClose();
  };
  const forgetReset = link.onRestore(() => {
    if (ear.open) listener.onReset();
  });
  let forgetLoss = (): void => {};
  const closeWithLink = (): void => {
    forgetLoss = link.onLoss((error) => (error.code === 'closed' ? close() : closeWithLink()));
  };
  closeWithLink();
  ears.add(ear);
  return { close: () => Promise.resolve(close()) };
}
