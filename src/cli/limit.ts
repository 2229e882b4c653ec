/**
 * `runtime limit <queue>`: shows the limits of a queue, or changes them for the whole fleet.
 *
 * One command for both, because whoever changes a limit wants to see what holds then.
 */
import { InvalidArgumentError } from 'commander';
import type { QueueLimits } from '../broker/control.ts';
import type { QueueLimitOptions } from '../client/limit-queue.ts';
import { type Duration, parseDuration } from '../core/duration.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { plain } from './render/text.ts';
import { limitsText } from './render/limits.ts';
import { exitCodes, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly concurrency?: number;
  readonly rate?: { readonly max: number; readonly per: Duration };
  readonly none?: true;
}

export function registerLimit({ program, context, act }: Registration): void {
  const command = program
    .command('limit')
    .description('show or change how many tasks of a queue run at a time, and start in a span of time')
    .argument('<queue>', 'a role, or id of one agent')
    .option('-c, --concurrency <count>', 'at most so many run at a time in the whole fleet', wholeNumber)
    .option('-r, --rate <max/per>', "at most so many start in any span of time, such as '100/1m'", rateText)
    .option('--none', 'take both limits away');
  withFleetOptions(command).action(
    act((queue: string, options: Options) => {
      const change = changeOf(options);
      return withFleet(context, options, async (fleet) => {
        const limits = change === undefined ? (await fleet.queue(queue)).limits : await fleet.limit(queue, change);
        context.output.out(`${plain(queue)}: ${textOf(limits)}`);
        return exitCodes.ok;
      });
    }),
  );
}

/** Undefined: nothing is to be changed. */
function changeOf({ concurrency, rate, none }: Options): QueueLimitOptions | undefined {
  if (none) {
    if (concurrency === undefined && rate === undefined) return { concurrency: null, rate: null };
    throw new UsageError('expected --none to stand alone, got: a limit beside it');
  }
  if (concurrency === undefined && rate === undefined) return undefined;
  return { ...(concurrency !== undefined && { concurrency }), ...(rate !== undefined && { rate }) };
}

function textOf(limits: QueueLimits | undefined): string {
  return limitsText(limits ?? {}) || 'no limits';
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number of 1 or more');
}

function rateText(text: string): { max: number; per: Duration } {
  const [max = '', per = '', ...rest] = text.split('/');
  const span = /^\d+$/.test(per) ? Number(per) : per;
  if (rest.length === 0 && /^[1-9]\d{0,8}$/.test(max) && (parseDuration(span) ?? 0) >= 1)
    return { max: Number(max), per: span as Duration };
  throw new InvalidArgumentError("expected a number and a span of time, such as '100/1m'");
}
