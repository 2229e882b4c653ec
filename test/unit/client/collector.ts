/**
 * The collector against a broker that answers as the test says.
 */
import type { Frame } from '../../../src/broker/frame.ts';
import { Frames } from '../../../src/client/frames.ts';
import { Outbox } from '../../../src/client/outbox.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

interface Call {
  readonly frame: Frame<number>;
  answer(replies?: readonly string[]): void;
  fail(error: unknown): void;
}

/** A collector, what it has sent, and the hand on each answer. */
export function open({
  clock = new VirtualClock(),
  bytesOf = (_op: number): number => 10,
  leased = true,
  isUnawaited = false,
  onDeliver = (): unknown => undefined,
} = {}) {
  const calls: Call[] = [];
  const ends: string[] = [];
  const losses: unknown[] = [];
  const frames = new Frames<number, string>({
    clock,
    random: new SeededRandom(1),
    sender: { address: 'me', leased },
    patienceMs: 10_000,
    bytesOf,
    isUnawaited,
    outbox: new Outbox({ clock }),
    again: (op, reply) => (op < 0 || reply === 'full' ? undefined : op + 1_000),
    mark: (op) => op + 2_000,
    onLost: (loss) => losses.push(loss),
    deliver: (frame) =>
      new Promise((resolve, reject) => {
        onDeliver();
        calls.push({ frame, answer: (replies = frame.ops.map((op) => `r${op}`)) => resolve(replies), fail: reject });
      }),
  });
  const submit = (op: number, tag = 't'): void => {
    frames.submit(tag, op).then(
      (reply) => ends.push(reply),
      (error: unknown) => ends.push(`${op} ${(error as { code?: string }).code}`),
    );
  };
  /** The answer to call number `at`, and what follows from it. */
  const answer = async (at: number, replies?: readonly string[]): Promise<void> => {
    calls[at]?.answer(replies);
    await clock.settle();
  };
  const fail = async (at: number, error: unknown): Promise<void> => {
    calls[at]?.fail(error);
    await clock.settle();
  };
  const sent = (): unknown[] => calls.map(({ frame }) => [frame.seq, frame.prev, [...frame.ops]]);
  return { clock, frames, calls, ends, losses, submit, answer, fail, sent };
}
