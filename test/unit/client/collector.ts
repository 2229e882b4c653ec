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
  answer(): void;
  fail(error: unknown): void;
}

/** A collector, what it has sent, and the hand on each answer. */
export function open(bytesOf: (op: number) => number = () => 10) {
  const clock = new VirtualClock();
  const calls: Call[] = [];
  const ends: string[] = [];
  const losses: unknown[] = [];
  const frames = new Frames<number, string>({
    clock,
    random: new SeededRandom(1),
    sender: { address: 'me', leased: true },
    patienceMs: 10_000,
    bytesOf,
    outbox: new Outbox({ clock }),
    again: (op) => (op < 0 ? undefined : op + 1_000),
    onLost: (loss) => losses.push(loss),
    deliver: (frame) =>
      new Promise((resolve, reject) => {
        calls.push({ frame, answer: () => resolve(frame.ops.map((op) => `r${op}`)), fail: reject });
      }),
  });
  const submit = (op: number, tag = 't'): void => {
    frames.submit(tag, op).then(
      (reply) => ends.push(reply),
      (error: unknown) => ends.push(`${op} ${(error as { code?: string }).code}`),
    );
  };
  /** The answer to call number `at`, and what follows from it. */
  const answer = async (at: number): Promise<void> => {
    calls[at]?.answer();
    await clock.settle();
  };
  const fail = async (at: number, error: unknown): Promise<void> => {
    calls[at]?.fail(error);
    await clock.settle();
  };
  const sent = (): unknown[] => calls.map(({ frame }) => [frame.seq, frame.prev, [...frame.ops]]);
  return { clock, frames, calls, ends, losses, submit, answer, fail, sent };
}
