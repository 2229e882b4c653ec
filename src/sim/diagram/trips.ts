/**
 * A call there and back as rows of a picture: level where all went well, slanted where it was late, with an end where it was lost.
 *
 * Apart from the other rows, because what can befall a call is most of what a simulation does.
 */
import type { FaultKind } from '../faults.ts';
import type { Trip } from '../journal.ts';
import { type Cast, claimedOf } from './cast.ts';
import type { Focus } from './focus.ts';
import type { Arrow, Row } from './row.ts';
import { broughtWords, callWords, faultWords } from './words.ts';

/** A trip that takes no longer is drawn level. */
export const levelMs = 60;
export const heavy = 3;
export const bolt = (kind: FaultKind): string => `${kind}: ${faultWords[kind]}`;

export interface About {
  readonly focus: Focus;
  readonly cast: Cast;
  readonly weight: number;
}

/** A call is one row where nothing went wrong, with its answer behind an arrow; otherwise there and back have a row each. */
export function rowsOfTrip(trip: Trip, about: About): readonly Row[] {
  if (trip.struck.includes('crash-before-call')) return [unsent(trip, about)];
  if (claimedOf(trip.name, trip.reply).length > 0) return broughtRows(trip, about);
  const { focus, cast, weight } = about;
  const { said, answer } = callWords(trip, cast, focus.subjects);
  const [there, back] = sides(trip);
  const isAnswered = trip.heardAt !== undefined && trip.error === undefined && back.length === 0;
  const isQuick = (trip.heardAt ?? Infinity) - (trip.answeredAt ?? trip.at) <= levelMs;
  const words = isAnswered && isQuick && answer !== '' ? `${said} → ${answer}` : said;
  const call: Row = {
    kind: 'arrow',
    at: trip.at,
    from: trip.place,
    to: 'broker',
    line: 'call',
    words,
    weight,
    ...landing(trip.at, trip.arrivedAt, there.includes('lost-call') || trip.arrivedAt === undefined),
    ...(there.length > 0 && { fault: there.map(bolt).join(', ') }),
  };
  return isAnswered && isQuick ? [call] : [call, ...replyRows(trip, about, said, answer)];
}

function replyRows(trip: Trip, { weight }: About, said: string, answer: string): readonly Row[] {
  const [, back] = sides(trip);
  const { answeredAt } = trip;
  if (answeredAt === undefined)
    return trip.heardAt === undefined || trip.struck.includes('lost-call') ? [] : [told(trip, weight)];
  if (back.includes('crash-after-call')) {
    const words = `not heard: the reply to ${said}`;
    return [
      {
        kind: 'mark',
        at: answeredAt,
        places: [trip.place],
        tone: 'fault',
        words,
        weight,
        fault: bolt('crash-after-call'),
      },
    ];
  }
  const isLost = back.includes('lost-reply') || trip.heardAt === undefined;
  const reply: Row = {
    kind: 'arrow',
    at: answeredAt,
    from: 'broker',
    to: trip.place,
    line: 'reply',
    words: isLost || trip.error === undefined ? answer || `reply to: ${said}` : refusal(trip.error),
    weight,
    ...landing(answeredAt, trip.heardAt, isLost),
    ...(back.length > 0 && { fault: back.map(bolt).join(', ') }),
  };
  return isLost && trip.heardAt !== undefined && back.length === 0 ? [reply, told(trip, weight)] : [reply];
}

/** What the caller was told in the place of a reply. */
function told({ place, heardAt = 0, error = '' }: Trip, weight: number): Row {
  return { kind: 'mark', at: heardAt, places: [place], tone: 'life', words: refusal(error), weight };
}

function refusal(error: string): string {
  return error.replace(/^\w*Error: /, '').split('\n')[0] ?? '';
}

function unsent(trip: Trip, { focus, cast }: About): Row {
  const words = `not sent: ${callWords(trip, cast, focus.subjects).said}`;
  return {
    kind: 'mark',
    at: trip.at,
    places: [trip.place],
    tone: 'fault',
    words,
    weight: heavy,
    fault: bolt('crash-before-call'),
  };
}

function broughtRows(trip: Trip, { focus, cast, weight }: About): readonly Row[] {
  const back = sides(trip)[1];
  const items = broughtWords(trip, cast).filter(({ subject }) => trip.struck.length > 0 || focus.subjects.has(subject));
  const isLost = back.includes('lost-reply') || trip.heardAt === undefined;
  const from =
    isLost || (trip.heardAt ?? 0) - (trip.answeredAt ?? trip.at) > levelMs
      ? (trip.answeredAt ?? trip.at)
      : (trip.heardAt ?? 0);
  return items.map(({ said }) => ({
    kind: 'arrow',
    at: from,
    from: 'broker',
    to: trip.place,
    line: 'reply',
    words: said,
    weight,
    ...landing(from, trip.heardAt, isLost),
    ...(back.length > 0 && { fault: back.map(bolt).join(', ') }),
  }));
}

export function landing(at: number, lands: number | undefined, isLost: boolean): Pick<Arrow, 'lands'> {
  if (isLost || lands === undefined) return { lands: 'lost' };
  return lands - at > levelMs ? { lands } : {};
}

/** Faults on the way there, and on the way back. */
function sides({ struck }: Trip): readonly [readonly FaultKind[], readonly FaultKind[]] {
  const isBack = (kind: FaultKind): boolean => ['lost-reply', 'late-reply', 'crash-after-call'].includes(kind);
  return [struck.filter((kind) => !isBack(kind)), struck.filter(isBack)];
}
