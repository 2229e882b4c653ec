/**
 * The six lanes that carry frames, each as something that can be sent under a number, and counted.
 *
 * One operation per frame; the same sender and number always carry the same operation.
 */
import { expect } from 'vitest';
import type { AppendOp } from '../../src/broker/events.ts';
import type { Frame } from '../../src/broker/frame.ts';
import type { AcknowledgeOp, AskOp, SendOp } from '../../src/broker/mail.ts';
import type { EnqueueOp, SettleOp } from '../../src/broker/tasks.ts';
import { frame, type Member, type TestFleet } from './harness.ts';
import { complete, numbered, op, put, queue, take } from './work.ts';

export interface FrameNumber {
  readonly seq: number;
  readonly prev?: number;
  readonly known?: number;
  readonly leased?: boolean;
}

/** A lane of an empty fleet with the present nodes `a` and `b` as senders. */
export interface OpenLane {
  send(sender: 'a' | 'b', number: FrameNumber): Promise<readonly unknown[]>;
  /** A frame without operations. */
  ask(sender: 'a' | 'b', number: FrameNumber): Promise<readonly unknown[]>;
  /** How many operations have been applied. */
  effects(): Promise<number>;
  leave(node: string): Promise<void>;
}

interface Parts<Op> {
  readonly tag: string;
  /** A new operation of that sender. */
  next(sender: string): Op;
  carry(member: Member, frame: Frame<Op>): Promise<readonly unknown[]>;
  effects(watcher: Member): Promise<number>;
}

const spare = 60;

async function lane<Op>(
  fleet: TestFleet,
  prepare: (members: Readonly<Record<string, Member>>, watcher: Member) => Promise<Parts<Op>>,
): Promise<OpenLane> {
  const watcher = await fleet.connect('watcher');
  const members: Record<string, Member> = { a: await fleet.join('a'), b: await fleet.join('b') };
  const parts = await prepare(members, watcher);
  const made = new Map<string, Op>();
  return {
    send(sender, { seq, prev = 0, known = 0, leased = false }) {
      const key = `${sender}/${seq}`;
      const operation = made.get(key) ?? parts.next(sender);
      made.set(key, operation);
      const member = members[sender] ?? expect.fail(sender);
      return parts.carry(member, frame(parts.tag, [operation], { sender, seq, prev, known, leased }));
    },
    ask: (sender, number) =>
      parts.carry(members[sender] ?? expect.fail(sender), frame(parts.tag, [], { sender, ...number })),
    effects: () => parts.effects(watcher),
    leave: (node) => watcher.presence.leave(node),
  };
}

let operations = 0;

const enqueue = (fleet: TestFleet): Promise<OpenLane> =>
  lane<EnqueueOp>(fleet, () =>
    Promise.resolve({
      tag: queue,
      next: () => op(`e${++operations}`),
      carry: (member, sent) => member.tasks.enqueue(sent),
      effects: async (watcher) => (await watcher.queues.stats(queue)).waiting,
    }),
  );

const settle = (fleet: TestFleet): Promise<OpenLane> =>
  lane<SettleOp>(fleet, async (members) => {
    const held: Record<string, Awaited<ReturnType<typeof take>>[number][]> = {};
    for (const member of Object.values(members)) {
      await put(member, numbered(spare));
      held[member.address] = [...(await take(member, spare))];
    }
    return {
      tag: queue,
      next: (sender) => ({ receipt: (held[sender]?.pop() ?? expect.fail('none left')).receipt, outcome: complete }),
      carry: (member, sent) => member.tasks.settle(sent),
      effects: async (watcher) => 2 * spare - (await watcher.queues.stats(queue)).claimed,
    };
  });

const message = (to: string) => {
  const opId = `op${++operations}`;
  return { to, opId, envelope: `"${opId}"`, limit: 1_000 };
};

const send = (fleet: TestFleet): Promise<OpenLane> =>
  lane<SendOp>(fleet, (_, watcher) =>
    Promise.resolve({
      tag: watcher.mail.tagOf('docs'),
      next: () => message('docs'),
      carry: (member, sent) => member.mail.send(sent),
      effects: async () => (await watcher.mail.read({ agentId: 'docs', epoch: 0, after: '', count: 1_000 })).length,
    }),
  );

const ask = (fleet: TestFleet): Promise<OpenLane> =>
  lane<AskOp>(fleet, async (_, watcher) => {
    const owner = await fleet.join('owner');
    await owner.presence.activate('owner', ['docs']);
    let heard = 0;
    const marks = new Set<string>();
    const onNotice = (notice: { kind: string; envelope?: string }): void => {
      if (notice.kind !== 'ask') return;
      if (notice.envelope?.startsWith('"mark')) marks.add(notice.envelope);
      else heard++;
    };
    await owner.notices.listen('owner', { onNotice, onReset: () => {} });
    return {
      tag: watcher.mail.tagOf('docs'),
      next: () => ({ to: 'docs', envelope: `"ask${++operations}"` }),
      carry: (member, sent) => member.mail.ask(sent),
      async effects() {
        const mark = `"mark${++operations}"`;
        await watcher.mail.ask(frame(watcher.mail.tagOf('docs'), [{ to: 'docs', envelope: mark }]));
        await fleet.eventually(() => marks.has(mark), 'what was asked after the asks to be heard');
        return heard;
      },
    };
  });

const acknowledge = (fleet: TestFleet): Promise<OpenLane> =>
  lane<AcknowledgeOp>(fleet, async (_, watcher) => {
    const owner = await fleet.join('owner');
    const [granted] = await owner.presence.activate('owner', ['docs']);
    const epoch = granted?.epoch ?? 0;
    const tag = watcher.mail.tagOf('docs');
    await watcher.mail.send(
      frame(
        tag,
        Array.from({ length: spare }, () => message('docs')),
      ),
    );
    const inbox = { agentId: 'docs', epoch, after: '', count: 1_000 };
    const entries = [...(await watcher.mail.read(inbox))];
    return {
      tag,
      next: () => {
        const { entry, opId } = entries.pop() ?? expect.fail('none left');
        return { agentId: 'docs', epoch, entry, opId };
      },
      carry: (member, sent) => member.mail.acknowledge(sent),
      effects: async () => spare - (await watcher.mail.read(inbox)).length,
    };
  });

const append = (fleet: TestFleet): Promise<OpenLane> =>
  lane<AppendOp>(fleet, () =>
    Promise.resolve({
      tag: 'events',
      next: () => ({ opId: `op${++operations}`, topic: 'docs.saved', from: 'docs', data: '{}', sentAt: 1 }),
      carry: (member, sent) => member.events.append(sent),
      effects: async (watcher) => (await watcher.events.read({ after: '0', count: 1_000 })).events.length,
    }),
  );

export const lanes = [
  { name: 'enqueue', prepare: enqueue },
  { name: 'settle', prepare: settle },
  { name: 'send', prepare: send },
  { name: 'ask', prepare: ask },
  { name: 'acknowledge', prepare: acknowledge },
  { name: 'append', prepare: append },
];
