/**
 * The small words of the mail tests: send messages, own agents, hear what arrives.
 */
import { expect } from 'vitest';
import type { AcknowledgeReply, EndOfMessage, InboxEntry, NewMessage, SendReply } from '../../src/broker/mail.ts';
import type { Notice } from '../../src/broker/notices.ts';
import { frame, type Member } from './harness.ts';

let made = 0;

export function message(to: string, envelope: string, options: Partial<NewMessage> = {}): NewMessage {
  const opId = `op${++made}`;
  return { to, opId, envelope, limit: 10_000, ...options };
}

/** Sends messages to one agent, in frames as large as they may be. */
export async function send(
  from: Member,
  to: string,
  envelopes: readonly string[],
  options: Partial<NewMessage> = {},
): Promise<SendReply[]> {
  const replies: SendReply[] = [];
  for (let start = 0; start < envelopes.length; start += 128) {
    const ops = envelopes.slice(start, start + 128).map((envelope) => message(to, envelope, options));
    replies.push(...(await from.mail.send(frame(from.mail.tagOf(to), ops, { sender: from.address }))));
  }
  return replies;
}

export function inbox(reader: Member, agentId: string, epoch: number, after = '', count = 1_000) {
  return reader.mail.read({ agentId, epoch, after, count });
}

export async function acknowledge(
  by: Member,
  agentId: string,
  epoch: number,
  entry: Pick<InboxEntry, 'entry' | 'opId'>,
  dead?: EndOfMessage['dead'],
): Promise<AcknowledgeReply | undefined> {
  const op = { agentId, epoch, entry: entry.entry, opId: entry.opId, ...(dead && { dead }) };
  return (await by.mail.acknowledge(frame(by.mail.tagOf(agentId), [op], { sender: by.address })))[0];
}

/** Makes `member` the owner of an agent; its epoch. */
export async function own(member: Member, agentId: string): Promise<number> {
  const [reply] = await member.presence.activate(member.address, [agentId]);
  return reply?.kind === 'granted' ? reply.epoch : expect.fail(`${agentId} is held`);
}

/** Gives an id back; whether it was the member's under that epoch. */
export async function giveBack({ presence, address }: Member, agentId: string, epoch: number): Promise<boolean> {
  const [isDone] = await presence.deactivate(address, [{ agentId, epoch }]);
  return isDone ?? expect.fail(`there was no answer for ${agentId}`);
}

/** Every notice that arrives at the address of `member`. */
export async function listen(member: Member): Promise<Notice[]> {
  const heard: Notice[] = [];
  await member.notices.listen(member.address, { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
  return heard;
}
