/**
 * What somebody outside does with the dead letters of an agent: puts them back into its inbox, or forgets them.
 *
 * Both travel in frames like the messages they were, so that a lost answer never means twice.
 */
import { inboxFull } from './send.ts';
import type { VerbsDeps } from './verbs.ts';

type Deps = Pick<VerbsDeps, 'member' | 'settings'>;

/** Resolves to the letters that were there. Throws `DeliveryError('inbox-full')` when not all of them found room. */
export async function requeueMessages(
  { member, settings }: Deps,
  agentId: string,
  letters: readonly string[],
): Promise<readonly string[]> {
  const tag = member.deps.broker.mail.tagOf(agentId);
  const limit = settings.inboxLimit;
  const replies = await Promise.all(
    letters.map((letter) => member.lanes.send.submit(tag, { to: agentId, limit, letter })),
  );
  for (const reply of replies) if (reply.kind === 'inbox-full') throw inboxFull(agentId, limit, reply);
  return letters.filter((_, index) => replies[index]?.kind === 'stored');
}

/** Resolves to the letters that were there. */
export async function dropMessages(
  { member }: Deps,
  agentId: string,
  letters: readonly string[],
): Promise<readonly string[]> {
  const tag = member.deps.broker.mail.tagOf(agentId);
  const replies = await Promise.all(letters.map((letter) => member.lanes.acknowledge.submit(tag, { agentId, letter })));
  return letters.filter((_, index) => replies[index] === 'acknowledged');
}
