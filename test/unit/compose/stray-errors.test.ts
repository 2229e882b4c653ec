/**
 * Errors of a process that nobody handles: U19 to U21 of stray-errors.ts, and whose they are (U17, U18).
 */
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { catchStrayErrors } from '../../../src/compose/stray-errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { LazyAbort } from '../../../src/core/lazy-abort.ts';
import type { Cell } from '../../../src/runtime/cell.ts';
import { ContextSlot } from '../../../src/core/context-slot.ts';
import { Culprits } from '../../../src/runtime/culprits.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function listening(limit = 2) {
  const source = new EventEmitter();
  const clock = new VirtualClock();
  const observer = new Observer();
  const said: string[] = [];
  observer.on('log', ({ agent, message }) => void said.push(`${agent}: ${message.split('\n', 1)[0]}`));
  const tooMany: string[] = [];
  let owner: string | undefined = 'docs';
  const stop = catchStrayErrors({
    source,
    clock,
    observer,
    limit,
    blame: () => owner,
    onTooMany: (reason) => void tooMany.push(reason),
  });
  return { source, clock, said, tooMany, stop, own: (agent: string | undefined) => (owner = agent) };
}

describe('an error that nobody handles', () => {
  test('U19: is told of in the name of its agent, and of nobody else’s listeners', () => {
    const { source, said, tooMany } = listening();
    source.emit('unhandledRejection', new Error('one'));
    source.emit('uncaughtException', new Error('two'));
    expect(said).toEqual([
      'docs: a rejection that nobody handles: Error: one',
      'docs: an exception that nobody catches: Error: two',
    ]);
    expect(tooMany).toEqual([]);
  });

  test('U20: ends the fleet when there are too many within a minute, once, whosesoever they are', async () => {
    const { source, clock, tooMany, own } = listening();
    const emit = (): unknown => source.emit('unhandledRejection', new Error('again'));
    emit();
    await clock.advance(60_001);
    emit();
    own('audit@n1.1');
    emit();
    expect(tooMany).toEqual([]);
    emit();
    emit();
    expect(tooMany).toEqual([
      expect.stringContaining('at most 2 errors unhandled in a minute, got: one more, by agent "audit@n1.1": again'),
    ]);
  });

  test('U21: that is no agent’s is left to the process’s other listeners', () => {
    const { source, clock, said, own } = listening();
    own(undefined);
    const heard: unknown[] = [];
    source.on('unhandledRejection', (error) => void heard.push(error));
    source.emit('unhandledRejection', 'theirs');
    expect([heard, said, clock.pending]).toEqual([['theirs'], [], 0]);
  });

  test('U21: that is no agent’s and has no other listener is thrown when nobody listens any more', () => {
    const { source, clock, own } = listening();
    own(undefined);
    source.emit('uncaughtException', new Error('nobody’s'));
    expect([source.eventNames(), clock.pending]).toEqual([[], 1]);
  });

  test('is not listened for any more when the fleet has ended', () => {
    const { source, stop } = listening();
    stop();
    expect(source.eventNames()).toEqual([]);
  });
});

describe('whose an error is', () => {
  const failures: unknown[] = [];
  const cellOf = (id: string) => ({
    id,
    life: new LazyAbort(),
    fail: (error: unknown): void => void failures.push(error),
  });

  test('U17: is known where its agent’s code, or what that began, goes on; an earlier instance fails nobody', async () => {
    const culprits = new Culprits();
    const cell = cellOf('docs');
    let go = (): void => {};
    const later = culprits.run(cell as unknown as Cell, () =>
      new Promise<void>((resolve) => (go = resolve)).then(() => culprits.blame('late')),
    );
    expect([culprits.blame('outside'), failures]).toEqual([undefined, []]);
    expect(culprits.run(cell as unknown as Cell, () => culprits.blame('early'))).toBe('docs');
    cell.life = new LazyAbort(); // it was restarted
    go();
    expect([await later, failures]).toEqual(['docs', ['early']]);
  });

  test('U18: in a handler call it ends that call, too', () => {
    const culprits = new Culprits();
    const ended: unknown[] = [];
    const call = { fail: (error: unknown) => void ended.push(error) };
    const culprit = culprits.holding(cellOf('docs') as unknown as Cell, call);
    new ContextSlot<string>().run('scope', () => culprits.blame('broken'), culprit);
    expect(ended).toEqual(['broken']);
  });
});
